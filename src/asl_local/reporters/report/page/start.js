// Puts the views into the page, for the run of the file or for one of its children.
// Knows: which view fills which section. Must never know: what a view shows.

const root = open(JSON.parse(document.getElementById("data").textContent));
const live = document.getElementById("live");
const trail = document.querySelector(".trail ol");
const original = document.title;

const HEADINGS = new Map([...document.querySelectorAll("main > section > header > h2")].map((heading) =>
  [heading.parentNode.parentNode.id, heading.textContent]));

/** Shows a run; `path` are the runs that lead to it, outermost first, each with what its link says. */
function show(run, path) {
  const app = makeApp(run, {
    open: (child, title) => show(child, [...path, { run, title, app }]),
    leave: () => { if (path.length) leaveTo(path.length - 1); },
    say: (text) => { live.textContent = text; },
  });
  const leaveTo = (at) => {
    const { run: outer, app: before } = path[at];
    show(outer, path.slice(0, at)).select({ visit: before.state.visit });
  };
  const views = [["facts", factsView], ["graph", graphView], ["state", panelView], ["iterations", iterationsView],
    ["timeline", timelineView], ["events", eventsView]];
  for (const [id, view] of views) {
    const section = document.getElementById(id);
    const fresh = section.cloneNode(false);  // the listeners of the run before stay behind
    if (HEADINGS.has(id)) fresh.append(el("header", {}, el("h2", { id: `${id}-title` }, HEADINGS.get(id))));
    fresh.hidden = false;
    section.replaceWith(fresh);
    view(fresh, run, app);
  }
  const crumbs = () => {
    const steps = path.map((each, at) => ({ title: at === 0 ? each.run.facts.name : path[at - 1].title, go: () => leaveTo(at) }));
    const { scope } = app.state;
    steps.push({ title: path.length ? path.at(-1).title : run.facts.name, go: () => app.scope(null, scope?.visit) });
    const scopes = scope ? [...outerScopes(run, scope.visit), scope] : [];
    for (const each of scopes) {
      steps.push({ title: `${run.stateOf(each.visit)}, iteration ${each.slot}`, go: () => app.scope(each) });
    }
    const last = steps.length - 1;
    trail.replaceChildren(...steps.map(({ title, go }, at) => el("li", { "aria-current": at === last ? "page" : null },
      at === last ? el("bdi", {}, title) : el("button", { type: "button", on: { click: go } }, title))));
  };
  app.on("scope", crumbs);
  crumbs();
  document.title = path.length ? `${path[path.length - 1].title}, ${original}` : original;
  current = app;
  return app;
}

let current = null;

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (event.target.matches("input, select, textarea")) event.target.blur();
  else current.back();
});

const scheme = document.getElementById("scheme");
scheme.hidden = false;
scheme.addEventListener("click", () => {
  const now = document.documentElement.dataset.scheme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.documentElement.dataset.scheme = now === "dark" ? "light" : "dark";
});

window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("#state .part")) part.dispatchEvent(new Event("unfold"));
  for (const box of document.querySelectorAll(".json-box")) cutForPaper(box);
});

document.documentElement.dataset.script = "on";
const app = show(root, []);
if (["FAILED", "TIMED_OUT", "ABORTED"].includes(root.facts.status)) app.select({ visit: failedVisit(root) });
