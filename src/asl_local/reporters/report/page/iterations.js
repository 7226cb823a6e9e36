// The iterations of a Map, or the children of its Map Run: a table that filters, and each can be opened.
// Knows: what one item came to, in a line. Must never know: the graph.

/** Opens one iteration: its own graph, and the visit in it that failed, or its first. */
function openIteration(run, app, scope, scroll = true) {
  const inside = visitsInside(run, scope);
  const bad = inside.filter((each) => run.outcomeOf(each) === "failed" || run.outcomeOf(each) === "timed out");
  app.scope(scope, bad.at(-1) ?? inside[0] ?? null);
  app.say(`Iteration ${scope.slot} is shown`);
  document.querySelector('#graph svg .state[tabindex="0"]')?.focus({ preventScroll: true });
  if (scroll) document.getElementById("graph").scrollIntoView();
}

const STATUS_OUTCOMES = { RUNNING: "running", SUCCEEDED: "succeeded", FAILED: "failed", TIMED_OUT: "timed out", ABORTED: "aborted" };

/** One line per item: {index, outcome, started, ended, error, input, go}; error and input are read when asked. */
function itemsOf(run, app, visit) {
  const children = run.runsOf(visit).filter((each) => each.index !== null);
  if (children.length) {
    return children.map((child) => ({
      index: child.index,
      round: child.round,
      outcome: STATUS_OUTCOMES[child.facts.status] ?? child.facts.status,
      started: child.facts.started,
      ended: child.facts.stopped,
      get error() { return child.facts.error ?? ""; },
      get input() { return textIn(child.facts.input); },
      get picture() { return smallThumbnail(child.facts.input); },
      go: () => {
        app.open(child, `${run.stateOf(visit)}, child ${child.index}`);
        document.getElementById("facts").scrollIntoView();
      },
    }));
  }
  return run.iterations(visit).map(({ index, round, outcome: came, started, ended }) => ({
    index,
    round,
    outcome: came,
    started,
    ended,
    get error() {
      const errors = visitsInside(run, { visit, slot: index, round }).map((each) => run.errorOf(each)).filter((each) => each !== null);
      return errors[0] === undefined ? "" : came === "succeeded" ? `${errors[0]} (caught)` : errors.at(-1);
    },
    get input() { return textIn(itemInput(run, visit, index, round)); },
    get picture() { return smallThumbnail(itemInput(run, visit, index, round)); },
    go: () => openIteration(run, app, { visit, slot: index, round }),
  }));
}

/** What an iteration was given: the input of its first state. */
function itemInput(run, visit, index, round) {
  const first = run.childrenOf(visit, index).find((each) => run.roundOf(each) === round);
  return first === undefined ? undefined : run.inputOf(first);
}

/** The beginning of a value's text. */
function textIn(value) {
  return value === undefined || value === null ? "" : short(value, 300);
}

const FAILED_FIRST = "Failed first";

function badness({ outcome: came }) {
  const at = ["failed", "timed out"].indexOf(came);
  return at < 0 ? 2 : at;
}

/** How rows can be ordered; what has not ended counts as longest. */
const ORDERS = new Map([
  ["By item", null],
  [FAILED_FIRST, (one, other) => badness(one) - badness(other) || one.round - other.round || one.index - other.index],
  ["Longest first", (one, other) => lasting(other) - lasting(one) || one.index - other.index],
  ["Latest first", (one, other) => other.started - one.started || other.index - one.index],
]);

function lasting({ started, ended }) {
  return ended === null ? Number.MAX_VALUE : ended - started;
}

const CAUGHT_INSIDE = "with an error caught";
const RETRIED_INSIDE = "with retries";

/** What happened inside of the iterations of a Map besides their outcomes, by round and index. */
function marksInside(run, visit) {
  const found = new Map();
  const put = (at, mark) => {
    for (let here = at; here !== null; here = run.parentOf(here)) {
      if (run.parentOf(here) !== visit) continue;
      const key = `${run.roundOf(here)} ${run.slotOf(here)}`;
      if (!found.has(key)) found.set(key, new Set());
      found.get(key).add(mark);
      return;
    }
  };
  for (let at = visit + 1; at < run.visits; at += 1) {
    if (run.parentOf(at) === null) continue;
    if (run.outcomeOf(at) === "caught") put(at, CAUGHT_INSIDE);
    if (run.attemptsCount(at) > 1) put(at, RETRIED_INSIDE);
  }
  return found;
}

/** The Map whose items are shown for what is selected: the state itself, or the nearest around it. */
function mapShown(run, { visit, scope }) {
  for (let at = visit ?? scope?.visit ?? null; at !== null; at = run.parentOf(at)) {
    if (run.stateTypeOf(at) !== "Map") continue;
    if (run.visitColumn("iterations", at) || run.runsOf(at).some((each) => each.index !== null)) return at;
  }
  return null;
}

function iterationsView(root, run, app) {
  const title = root.querySelector("h2");
  let shown = null;
  let items = [];
  let table = null;
  let apply = () => {};

  const build = (visit) => {
    items = itemsOf(run, app, visit);
    const start = items.reduce((least, { started }) => (started !== null && started < least ? started : least), Infinity);
    title.replaceChildren("Iterations of ", el("bdi", {}, run.stateOf(visit)));
    table = rowsTable({
      label: "Iterations",
      open: (item) => item.go(),
      key: (item) => `${item.round} ${item.index}`,
      columns: [
        { title: "Item", kind: "item", cell: (item) => el("button", { type: "button", class: "link" }, String(item.index)) },
        ...items.some((item) => item.round) ? [{ title: "Attempt", kind: "number time", cell: (item) => String(item.round + 1) }] : [],
        { title: "Outcome", kind: "came", cell: (item) => outcome(item.outcome) },
        { title: "Started", kind: "number time", cell: (item) => (item.started === null ? "" : offset(item.started, start)) },
        { title: "Duration", kind: "number time", cell: (item) => (item.ended === null ? "" : duration(item.ended - item.started)) },
        { title: "Error", kind: "error-name", cell: (item) => item.error },
        { title: "Input", kind: "code wide", cell: (item) => el("span", {}, item.picture, item.input) },
      ],
    });
    const counts = new Map();
    const tally = (what) => counts.set(what, (counts.get(what) ?? 0) + 1);
    const marks = marksInside(run, visit);
    for (const item of items) {
      item.marks = [item.outcome, ...marks.get(`${item.round} ${item.index}`) ?? []];
      item.marks.forEach(tally);
    }
    const choices = [...WORST_FIRST, CAUGHT_INSIDE, RETRIED_INSIDE].filter((each) => counts.has(each));
    const which = el("select", { class: "field", "aria-label": "Outcome" },
      el("option", { value: "" }, `All outcomes (${grouped(items.length)})`),
      ...choices.map((each) => el("option", { value: each }, `${each} (${grouped(counts.get(each))})`)));
    const find = "Find in input or error";
    const words = el("input", { class: "field", type: "search", placeholder: find, "aria-label": find });
    const order = el("select", { class: "field", "aria-label": "Order" }, ...[...ORDERS.keys()].map((each) => el("option", {}, each)));
    if (items.some((item) => badness(item) < 2)) order.value = FAILED_FIRST;
    const count = el("span", { class: "muted", role: "status" });
    apply = () => {
      const wanted = words.value.trim().toLowerCase();
      const rows = items.filter((item) => (!which.value || item.marks.includes(which.value)) && (!wanted || textOf(item).includes(wanted)));
      if (ORDERS.get(order.value)) rows.sort(ORDERS.get(order.value));
      const all = counted(items.length, "item");
      count.textContent = rows.length === items.length ? all : `${grouped(rows.length)} of ${all}`;
      table.show(rows);
    };
    which.addEventListener("change", apply);
    order.addEventListener("change", apply);
    words.addEventListener("input", apply);
    for (const old of root.querySelectorAll(".tools, .rows-box")) old.remove();
    root.querySelector("header").append(el("div", { class: "tools" }, count, which, words, order));
    root.append(table.root);
    apply();
  };

  const render = () => {
    const visit = mapShown(run, app.state);
    root.hidden = visit === null;
    if (visit === null) return;
    if (visit !== shown) build(visit);
    shown = visit;
    const { scope } = app.state;
    table.mark(scope && scope.visit === visit ? `${scope.round} ${scope.slot}` : null);
  };
  app.on("select", render);
  render();
}

/** What an item is found by; made once per item, when somebody first looks for text. */
function textOf(item) {
  item.text ??= `${item.index} ${item.error} ${item.input}`.toLowerCase();
  return item.text;
}
