// What happened as a list of visits that folds: in the graph's place where nobody knows the definition.
// Knows: visits and what they are in. Must never know: definitions.

const AT_ONCE = 200;

function treeView(run, scope, app) {
  const numbers = scope ? run.childrenOf(scope.visit, scope.slot) : run.childrenOf(null);
  const list = visitList(run, numbers, app);
  const mark = () => {
    for (const each of list.querySelectorAll("button[data-visit]")) {
      if (Number(each.dataset.visit) === app.state.visit) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    }
  };
  app.on("select", mark);
  const why = "The definition is not known, so here is what happened, state by state.";
  return el("div", { class: "tree" }, scope ? null : el("p", { class: "muted" }, why),
    numbers.length ? list : nothing("No state was entered."));
}

function visitList(run, numbers, app) {
  const list = el("ul", {});
  let shown = 0;
  const more = () => {
    list.querySelector(":scope > .more")?.remove();
    for (const number of numbers.slice(shown, shown + AT_ONCE)) list.append(visitItem(run, number, app));
    shown = Math.min(numbers.length, shown + AT_ONCE);
    if (shown < numbers.length) list.append(el("li", { class: "more" }, button(`Show more of ${grouped(numbers.length)}`, more, { class: "link" })));
  };
  more();
  return list;
}

function visitItem(run, number, app) {
  const left = run.leftOf(number);
  const lasted = left === null ? "" : duration(left - run.enteredOf(number));
  const row = el("button", { type: "button", class: "visit", "data-visit": number, on: { click: () => app.select({ visit: number }) } },
    outcome(run.outcomeOf(number), { text: "" }), el("bdi", {}, run.stateOf(number)),
    el("span", { class: "muted" }, ` ${[run.stateTypeOf(number), run.outcomeOf(number), lasted].filter(Boolean).join(", ")}`));
  const inside = run.childrenOf(number);
  if (inside.length === 0) return el("li", {}, row);
  const slots = [...new Set(inside.map((each) => run.slotOf(each)))].sort((one, other) => one - other);
  const word = run.stateTypeOf(number) === "Map" ? "iteration" : "branch";
  const folded = el("details", {}, el("summary", {}, counted(slots.length, word, word === "branch" ? "branches" : "iterations")));
  folded.addEventListener("toggle", () => {
    if (!folded.open || folded.children.length > 1) return;
    const rest = slots.length - AT_ONCE;
    folded.append(el("ul", {}, ...slots.slice(0, AT_ONCE).map((slot) =>
      el("li", {}, el("span", { class: "muted" }, `${word} ${slot}`), visitList(run, run.childrenOf(number, slot), app))),
      rest > 0 && el("li", { class: "muted" }, `and ${grouped(rest)} more; the table of iterations has all`)));
  });
  return el("li", {}, row, folded);
}
