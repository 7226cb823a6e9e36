// The state that is selected: what it got and gave, its attempts, its error, its definition; visit by visit.
// Knows: one visit at a time. Must never know: how it was selected.

function panelView(root, run, app) {
  const title = root.querySelector("h2");
  const head = root.querySelector("header");
  const body = el("div", { class: "body", tabindex: 0, role: "group", "aria-label": "The state that is selected" });
  root.append(body);
  let tab = "Input";
  let index = null;  // visits by state, of what the graph shows
  app.on("scope", () => { index = null; });

  const render = () => {
    const { visit: number, pointer } = app.state;
    for (const old of head.querySelectorAll(".outcome, .badge")) old.remove();
    if (number === null && !pointer) {
      title.textContent = "State";
      body.replaceChildren(nothing("Select a state to see its input, output, attempts and definition."));
      return;
    }
    const definition = pointer && run.facts.definition ? resolve(run, pointer) : undefined;
    if (number === null) {
      title.replaceChildren(el("bdi", {}, nameOf(pointer)));
      head.append(outcome("unreached", { badge: true, text: "not reached" }));
      body.replaceChildren(el("p", { class: "muted" }, definition?.Type ?? ""),
        definition === undefined ? "" : jsonView(definition, "Definition"));
      return;
    }
    const visit = run.visit(number);
    title.replaceChildren(el("bdi", {}, visit.state));
    head.append(outcome(visit.outcome, { badge: true }));
    index ??= visitsByState(run, app.state.scope);
    const all = visit.pointer ? index.get(visit.pointer) ?? [number] : [number];
    body.replaceChildren(
      all.length > 1 ? visitChooser(run, app, all, number) : "",
      visitError(visit) ?? "",
      visitFacts(run, app, visit),
      tabs(visit.state, visitParts(run, visit, definition), tab, (chosen) => { tab = chosen; }),
    );
    body.scrollTop = 0;
    const which = all.length > 1 ? `, visit ${all.indexOf(number) + 1} of ${all.length}` : "";
    app.say(`${visit.state}, ${visit.type}, ${visit.outcome}${which}`);
  };
  app.on("select", render);
  render();
}

function nameOf(pointer) {
  return pointer.slice(pointer.lastIndexOf("/") + 1).replaceAll("~1", "/").replaceAll("~0", "~");
}

/** To the other visits of the same state. */
function visitChooser(run, app, all, number) {
  const at = all.indexOf(number);
  const go = (to) => { if (all[to] !== undefined) app.select({ visit: all[to] }); };
  const bad = all.filter((each) => ["failed", "timed out", "caught"].includes(run.outcomeOf(each)));
  const field = el("input", { class: "field", type: "number", min: 1, max: all.length, value: at + 1, "aria-label": "Visit", on: {
    change: (event) => go(Math.min(all.length, Math.max(1, Number(event.target.value) || 1)) - 1),
  } });
  const previous = button("‹", () => go(at - 1), { class: "button small", disabled: at <= 0, "aria-label": "Previous visit" });
  const next = button("›", () => go(at + 1), { class: "button small", disabled: at >= all.length - 1, "aria-label": "Next visit" });
  const nextBad = bad.length > 0 && bad.length < all.length && button("Next that failed", () =>
    app.select({ visit: bad.find((each) => each > number) ?? bad[0] }), { class: "button small" });
  return el("div", { class: "tools visits" }, previous, el("span", {}, "Visit ", field, ` of ${grouped(all.length)}`), next, nextBad);
}

function visitError({ outcome: came, error, cause }) {
  if (error === null && cause === null) return null;
  return el("div", { class: `error ${kindOf(came)}` }, el("h3", {}, icon(kindOf(came)), seen(error ?? "Error")), cause ? causeView(cause) : null);
}

function visitFacts(run, app, visit) {
  const start = run.facts.started;
  const { number, parent } = visit;
  const counts = run.facts.mapRuns[number];
  const way = wayOn(run, visit);
  const rows = [
    ["Type", visit.type],
    ["Entered", `${moment(visit.entered)} (${offset(visit.entered, start)})`],
    ["Duration", visit.left === null ? "not over" : duration(visit.left - visit.entered)],
    ["Retried", visit.attempts.length > 1 ? counted(visit.attempts.length - 1, "time") : ""],
    ["In", parent === null ? "" : insideOf(run, app, visit)],
    ["Went on to", way ? el("bdi", {}, way) : ""],
    ["Ended", visit.type === "Fail" && visit.left !== null ? endedBy(run, visit) : ""],
    ["Map Run", Object.entries(counts ?? {}).filter(([, count]) => count).map(([name, count]) => `${grouped(count)} ${name}`).join(", ")],
    ["Started", startedRuns(run, app, number)],
  ].filter(([, value]) => value);
  const goTo = (section) => document.getElementById(section).scrollIntoView();
  const events = button("Events of this visit", () => {
    app.filter({ visit: number });
    goTo("events");
  }, { class: "button small" });
  const iterations = visit.type === "Map" && button("Iterations", () => goTo("iterations"), { class: "button small" });
  return el("div", {},
    el("dl", { class: "visit-facts" }, ...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    el("div", { class: "tools" }, events, iterations));
}

/** What a visit happened in: a branch, or an iteration that can be opened. */
function insideOf(run, app, visit) {
  const { parent, slot } = visit;
  const name = run.stateOf(parent);
  const scope = app.state.scope;
  if (run.stateTypeOf(parent) !== "Map") return el("span", {}, el("bdi", {}, name), slot === null ? "" : `, branch ${slot}`);
  if (scope && sameScope(scope, scopeOf(run, visit.number))) return el("span", {}, el("bdi", {}, name), `, iteration ${slot}`);
  return button(`${name}, iteration ${slot}`, () => openIteration(run, app, scopeOf(run, visit.number), false), { class: "link" });
}

/** Executions of other machines that a visit started. */
function startedRuns(run, app, number) {
  const others = run.runsOf(number).filter((each) => each.index === null);
  if (others.length === 0) return null;
  return el("span", {}, ...others.map((each) => button(each.facts.name, () => app.open(each, each.facts.name), { class: "link" })));
}

/** What a Fail state has ended. */
function endedBy(run, { parent, error }) {
  const what = parent === null ? "execution" : run.stateTypeOf(parent) === "Map" ? "iteration" : "branch";
  return el("span", {}, `the ${what}, with `, error === null ? "an error" : el("span", {}, "its error ", el("bdi", {}, seen(error))));
}

function wayOn(run, { edge, type }) {
  if (!edge || !run.facts.definition || type === "Fail") return "";
  if (edge.endsWith("/End")) return "the end";
  const found = resolve(run, edge);
  const by = edge.match(/\/(Choices|Catch)\/(\d+)$/);
  const name = typeof found === "string" ? found : found?.Next ?? "";
  const why = by && (by[1] === "Catch" ? `Catch of ${[found?.ErrorEquals].flat().join(", ")}` : `rule ${by[2]}`);
  return by ? `${name} (${why})` : edge.endsWith("/Default") ? `${name} (default)` : name;
}

/** The parts of a visit that stand behind tabs: [name, () => element]. */
function visitParts(run, visit, definition) {
  const before = variablesAt(run, visit.number);
  const parts = [
    ["Input", () => (visit.input !== undefined ? jsonView(visit.input, "Input") : nothing("The history does not tell it."))],
    ["Output", () => (visit.output !== undefined ? jsonView(visit.output, "Output") : nothing(noOutput(visit)))],
  ];
  const assigned = Object.entries(visit.assigned);
  if (before.size || assigned.length) {
    parts.push(["Variables", () => el("div", {}, variables("Assigned by this state", assigned), variables("When it began", [...before]))]);
  }
  const many = visit.attempts.length;
  if (many) parts.push([many > 1 ? `Attempts (${many})` : "Attempt", () => attemptsList(run, visit)]);
  if (definition !== undefined) parts.push(["Definition", () => jsonView(definition, "Definition")]);
  return parts;
}

function noOutput({ outcome: came, left }) {
  if (left === null) return "None: the state is not over.";
  return { failed: "None: the state failed.", "timed out": "None: the state timed out.", aborted: "None: the state was aborted." }[came] ?? "The history does not tell it.";
}

function variables(heading, pairs) {
  if (pairs.length === 0) return "";
  return el("div", { class: "variables" }, el("h3", {}, heading), ...pairs.map(([name, value]) =>
    el("div", {}, el("code", {}, `$${name}`), jsonView(value, `$${name}`))));
}

function attemptsList(run, { attempts }) {
  return el("ol", { class: "attempts" }, ...attempts.map((each, at) => {
    const ended = each.ended;
    const next = attempts[at + 1];
    const again = each.retryAt ?? next?.scheduled ?? null;
    return el("li", {},
      el("div", { class: "attempt" }, el("strong", {}, `Attempt ${at + 1}`), outcome(each.outcome),
        el("span", { class: "muted" }, offset(each.scheduled, run.facts.started) + (ended === null ? "" : `, took ${duration(ended - each.scheduled)}`))),
      attemptError(each),
      each.input !== undefined ? el("details", {}, el("summary", {}, "Called with"), jsonView(each.input, "Called with")) : "",
      each.output !== undefined ? el("details", {}, el("summary", {}, "Answered"), jsonView(each.output, "Answered")) : "",
      ended !== null && again !== null ? el("p", { class: "muted" }, `waited ${duration(again - ended)}, then tried again`) : "");
  }));
}

/** The error of an attempt; a cause that is long or JSON folds. */
function attemptError({ error, cause }) {
  if (error === null && cause === null) return "";
  const plain = cause !== null && cause.length <= SHORT_CAUSE && !holdsJson(cause);
  return el("div", { class: "wrap" }, el("strong", {}, seen(error ?? "Error")), plain && cause !== "" && el("bdi", {}, `: ${seen(cause)}`),
    !plain && cause !== null && el("details", {}, el("summary", {}, "Cause"), causeView(cause)));
}

const SHORT_CAUSE = 300;  // characters

let tabGroups = 0;

/** Tabs over parts; each part is made when it is first shown. */
function tabs(name, parts, chosen, remember) {
  const group = (tabGroups += 1);
  const list = el("div", { class: "tabs", role: "tablist", "aria-label": name });
  const panels = [];
  const fill = (at) => { if (panels[at].childElementCount === 0) panels[at].append(parts[at][1]()); };
  const show = (at, focus = false) => {
    [...list.children].forEach((each, n) => {
      each.setAttribute("aria-selected", String(n === at));
      each.setAttribute("tabindex", n === at ? "0" : "-1");
      panels[n].hidden = n !== at;
    });
    fill(at);
    if (focus) list.children[at].focus();
    remember(parts[at][0].split(" ")[0]);
  };
  parts.forEach(([title], at) => {
    const [tab, part] = [`tab-${group}-${at}`, `part-${group}-${at}`];
    list.append(el("button", { type: "button", role: "tab", id: tab, "aria-controls": part, on: { click: () => show(at) } }, title));
    panels.push(el("div", {
      class: "part", role: "tabpanel", id: part, "aria-labelledby": tab, "data-title": title, on: { unfold: () => fill(at) },
    }));
  });
  list.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const at = [...list.children].indexOf(event.target);
    event.preventDefault();
    show((at + by + parts.length) % parts.length, true);
  });
  const first = parts.findIndex(([title]) => title.split(" ")[0] === chosen);
  show(Math.max(0, first));
  return el("div", { class: "tabbed" }, list, ...panels);
}
