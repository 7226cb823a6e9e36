// The events as GetExecutionHistory has them: a table that filters, each event unfolds to its details.
// Knows: events. Must never know: what a state's visit came to.

const PRINTED = 500;  // rows on paper
const SLICE = 14;  // milliseconds of searching at a time

/** Where a visit happened, outermost first: "Orders[3]", "Fan out[0]". */
function around(run, visit) {
  const names = [];
  for (let at = visit; at >= 0 && run.parentOf(at) !== null; at = run.parentOf(at)) {
    names.unshift(`${run.stateOf(run.parentOf(at))}[${run.slotOf(at)}]`);
  }
  return names.join(" / ");
}

/** Whether a type says that something went wrong. */
function isFailure(type) {
  return /Failed$|TimedOut$|Aborted$/.test(type);
}

/** What kind of outcome a type of failure shows as. */
function failureKind(type) {
  return type.endsWith("Failed") ? "failed" : type.endsWith("TimedOut") ? "timed-out" : "aborted";
}

function eventsView(root, run, app) {
  const start = run.count ? run.atOf(0) : null;
  const unfolded = new Set();
  let matches = allEvents(run.count);
  const body = el("div", { role: "rowgroup", class: "event-rows" });
  const head = el("div", { role: "rowgroup", class: "event-head" }, el("div", { role: "row", class: "event", "aria-rowindex": 1 },
    ...["ID", "Type", "State", "Timestamp (UTC)", "Seconds", "Previous"].map((title) => el("div", { role: "columnheader" }, title))));
  const table = el("div", { class: "event-table", role: "table", "aria-label": "Events", "aria-colcount": 6 }, head, body);
  const none = el("p", { class: "note", hidden: true }, "No event is like that.");
  const paper = el("p", { class: "paper-note note", hidden: true });
  const list = windowed(table, body, (at) => eventRow(at), {
    ArrowRight: (at) => fold(at, true),
    ArrowLeft: (at) => fold(at, false),
  });

  function eventRow(at) {
    const i = matches[at];
    const type = run.typeOf(i);
    const visit = run.visitOf(i);
    const open = unfolded.has(i);
    const bad = isFailure(type);
    const where = visit >= 0 ? around(run, visit) : "";
    const item = type.startsWith("MapIteration") ? iterationOf(run, i) : "";
    const time = run.atOf(i);
    const name = el("button", { type: "button", class: "fold", "aria-expanded": String(open), "aria-label": `${run.idOf(i)} ${type}` }, String(run.idOf(i)));
    const row = el("div", { role: "row", class: `event${bad ? ` bad ${failureKind(type)}` : ""}`, "aria-rowindex": at + 2 },
      el("div", { role: "cell", class: "number id" }, name),
      el("div", { role: "cell", class: "type" }, bad && icon(failureKind(type)), type),
      el("div", { role: "cell", class: "place" }, visit >= 0 && el("bdi", {}, `${run.stateOf(visit)}${item}`),
        where && el("span", { class: "muted" }, " in ", el("bdi", {}, where))),
      el("div", { role: "cell", class: "number time" }, moment(time)),
      el("div", { role: "cell", class: "number since" }, time === null || start === null ? "" : (time - start).toFixed(3)),
      el("div", { role: "cell", class: "number previous" }, String(run.previousOf(i))));
    if (open) row.append(el("div", { role: "cell", class: "details", "aria-colspan": 6 }, eventDetails(i)));
    mark(row, at);
    row.addEventListener("click", (event) => {
      if (event.target.closest(".details") || String(getSelection()).length > 0) return;
      fold(at, !unfolded.has(i));
    });
    return row;
  }

  function eventDetails(i) {
    const { member, details, previous, at, type } = run.event(i);
    const before = run.indexOf(previous);
    const to = before < 0 ? previous || "" : button(String(previous), () => goTo(before), { class: "link", "aria-label": `${previous}, the previous event` });
    return el("div", {},
      el("p", { class: "muted" }, `${type} at ${moment(at) || "an unknown time"}${at === null ? "" : " UTC"}`, to ? ", previous event " : "", to),
      Object.keys(details).length ? el("div", {}, member && el("code", { class: "member" }, member), jsonView(details, member ?? "Details"))
        : nothing("This event has no details."));
  }

  /** Unfolds an event, or folds it, and selects it. */
  function fold(at, open) {
    const i = matches[at];
    const changed = open !== unfolded.has(i);
    if (open) unfolded.add(i);
    else unfolded.delete(i);
    if (open) app.select({ event: i });
    if (changed) list.refresh();
    list.focus(at);
    if (open) list.revealAll(at);
  }

  function mark(row, at) {
    const i = matches[at];
    const { event, visit } = app.state;
    row.classList.toggle("of-selected", visit !== null && run.visitOf(i) === visit);
    if (i === event) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }

  /** Shows an event, whatever the filters say. */
  function goTo(i) {
    unfolded.add(i);
    if (!matches.includes(i)) filters.reset();
    app.select({ event: i });
    list.refresh();
    list.focus(matches.indexOf(i));
  }

  const filters = eventFilters(run, app, (found, { grown, over }) => {
    matches = found;
    none.hidden = found.length > 0 || !over;
    table.hidden = found.length === 0;
    table.setAttribute("aria-rowcount", found.length + 1);
    if (grown) list.grow(found.length);
    else list.show(found.length);
  });
  root.append(filters.root, table, none, paper);
  filters.apply();

  let shown = { event: null, visit: null };
  app.on("select", ({ event, visit }) => {
    const moved = event !== shown.event || visit !== shown.visit;
    shown = { event, visit };
    list.each(mark);
    if (!moved || table.contains(document.activeElement)) return;
    if (event !== null) {
      unfolded.add(event);
      if (!matches.includes(event)) filters.reset();
      list.refresh();
      list.reveal(matches.indexOf(event));
      list.revealAll(matches.indexOf(event));
    } else if (visit !== null) list.reveal(matches.findIndex((i) => run.visitOf(i) === visit));
  });
  whenPrinted((printed) => {
    if (!table.isConnected) return;
    list.flat(printed ? PRINTED : 0);
    paper.hidden = !printed || matches.length <= PRINTED;
    paper.textContent = `${grouped(matches.length - PRINTED)} more events are not printed: filter them, or open the page.`;
  });
}

function allEvents(count) {
  return Int32Array.from({ length: count }, (_, i) => i);
}

/** "[3]", the item that a MapIteration event is about. */
function iterationOf(run, i) {
  const found = run.detailsOf(i).find(([name]) => name === "index");
  return found ? `[${run.store.text(found[1])}]` : "";
}

/** Whether it is the Map's own event about that iteration. */
function isAbout(run, i, { visit, slot }) {
  return run.visitOf(i) === visit && run.typeOf(i).startsWith("MapIteration") && iterationOf(run, i) === `[${slot}]`;
}

/** The filters: {root, apply(), reset()}; `show(matches, {grown, over})` is called with what passes, event
 * numbers from 0: `grown` says that they are those of the last time and more, `over` that there will be no more. */
function eventFilters(run, app, show) {
  const wanted = { types: new Set(), state: null, failures: false, selected: false, text: "" };
  const columns = eventColumns(run);
  const count = el("p", { class: "muted count", role: "status" });
  const types = typeMenu(columns.types, wanted.types, () => apply());
  const states = el("select", { class: "field", "aria-label": "State", on: { change: () => {
    wanted.state = states.value === "" ? null : Number(states.value);
    apply();
  } } }, el("option", { value: "" }, "All states"), ...columns.states.map(([name, number, many]) =>
    el("option", { value: number }, `${name} (${grouped(many)})`)));
  const text = el("input", { class: "field", type: "search", placeholder: "Find in details", "aria-label": "Find in details", on: { input: () => {
    wanted.text = text.value.trim().toLowerCase();
    apply();
  } } });
  const toggle = (name, words) => {
    const made = button(words, () => {
      wanted[name] = !wanted[name];
      made.setAttribute("aria-pressed", String(wanted[name]));
      apply();
    }, { "aria-pressed": "false" });
    return made;
  };
  const failures = toggle("failures", "Failures only");
  const selected = toggle("selected", "Selected state only");
  const clear = button("Show all", () => reset(), { hidden: true });
  const root = el("div", { class: "filters" }, el("div", { class: "tools" }, types.root, states, text, failures, selected, clear), count);
  let turn = 0;

  function reset() {
    Object.assign(wanted, { state: null, failures: false, selected: false, text: "" });
    wanted.types.clear();
    types.update();
    [states.value, text.value] = ["", ""];
    for (const each of [failures, selected]) each.setAttribute("aria-pressed", "false");
    if (app.state.scope) app.scope(null, app.state.visit);
    apply();
  }

  /** All filters but the text, which is looked for in what these leave. */
  function passing() {
    const { scope, visit } = app.state;
    const only = wanted.selected ? visit : null;
    const inside = scope || only !== null ? visitsIn(run, scope, only) : null;
    const found = [];
    for (let i = 0; i < run.count; i += 1) {
      if (wanted.types.size && !wanted.types.has(columns.typeOf[i])) continue;
      if (wanted.state !== null && columns.stateOf[i] !== wanted.state) continue;
      if (wanted.failures && !columns.bad[columns.typeOf[i]]) continue;
      if (inside && !inside[run.visitOf(i)] && !(scope && only === null && isAbout(run, i, scope))) continue;
      found.push(i);
    }
    return found;
  }

  function tell(found) {
    clear.hidden = found === run.count && !wanted.text && !wanted.selected;
    const { scope } = app.state;
    const where = scope ? `, in ${run.stateOf(scope.visit)}[${scope.slot}]` : "";
    count.textContent = found === run.count ? counted(found, "event") : `${grouped(found)} of ${counted(run.count, "event")}${where}`;
  }

  /** Finds and shows what passes; a search takes turns with everything else on the page. */
  function apply() {
    const mine = (turn += 1);
    const candidates = passing();
    selected.disabled = app.state.visit === null && !wanted.selected;
    if (!wanted.text) {
      show(candidates, { grown: false, over: true });
      tell(candidates.length);
      return;
    }
    count.textContent = "Searching…";
    const holds = finder(run, wanted.text);
    const found = [];
    let next = 0;
    let grown = false;
    const search = () => {
      if (mine !== turn) return;
      const until = performance.now() + SLICE;
      while (next < candidates.length && performance.now() < until) {
        for (const end = Math.min(candidates.length, next + 50); next < end; next += 1) if (holds(candidates[next])) found.push(candidates[next]);
      }
      const over = next >= candidates.length;
      show(found, { grown, over });
      grown = true;
      if (over) tell(found.length);
      else setTimeout(search);
    };
    search();
  }

  app.on("scope", () => apply());
  app.on("select", () => {
    selected.disabled = app.state.visit === null && !wanted.selected;
    if (wanted.selected) apply();
  });
  app.on("filter", ({ filter }) => {
    if (filter === null) return reset();
    if (filter.visit !== undefined) {
      reset();
      app.select({ visit: filter.visit });
      wanted.selected = true;
      selected.setAttribute("aria-pressed", "true");
      return apply();
    }
    wanted.state = filter.state === undefined ? null : (columns.states.find(([name]) => name === filter.state)?.[1] ?? null);
    states.value = wanted.state ?? "";
    wanted.types.clear();
    if (filter.type !== undefined) wanted.types.add(columns.types.findIndex(([name]) => name === filter.type));
    types.update();
    wanted.selected = filter.visit !== undefined;
    selected.setAttribute("aria-pressed", String(wanted.selected));
    return apply();
  });
  return { root, apply, reset };
}

/** Each event's type and state as small numbers; the types and states with how many events they have. */
function eventColumns(run) {
  const typeNumbers = new Map();
  const stateNumbers = new Map();
  const many = (numbers, name) => {
    const found = numbers.get(name) ?? { number: numbers.size, count: 0 };
    numbers.set(name, found);
    found.count += 1;
    return found.number;
  };
  const typeOf = new Int32Array(run.count);
  const stateOf = new Int32Array(run.count);
  for (let i = 0; i < run.count; i += 1) {
    typeOf[i] = many(typeNumbers, run.typeOf(i));
    const visit = run.visitOf(i);
    stateOf[i] = visit < 0 ? -1 : many(stateNumbers, run.stateOf(visit));
  }
  const types = [...typeNumbers].map(([name, each]) => [name, each.count]);
  const states = [...stateNumbers].map(([name, each]) => [name, each.number, each.count]);
  return { typeOf, stateOf, types, states, bad: types.map(([name]) => isFailure(name)) };
}

/** For each visit, whether it is in the iteration, and the visit itself or inside of it; parents come before children. */
function visitsIn(run, scope, visit) {
  const inside = new Uint8Array(run.visits);
  for (let k = 0; k < run.visits; k += 1) {
    const parent = run.parentOf(k);
    const before = parent === null ? 0 : inside[parent];
    const scoped = !scope || before & 1 || (parent === scope.visit && sameScope(scopeOf(run, k), scope)) ? 1 : 0;
    inside[k] = scoped | (visit === null || k === visit || before & 2 ? 2 : 0);
  }
  return inside.map((each) => (each === 3 ? 1 : 0));
}

/** A test whether an event has the text, in its type, its state's name or its details; each value is searched once. */
function finder(run, text) {
  const escaped = JSON.stringify(text).slice(1, -1);
  const known = new Map();
  const names = new Map();
  const has = (word) => word.toLowerCase().includes(text);
  const named = (word) => {
    if (!names.has(word)) names.set(word, has(word));
    return names.get(word);
  };
  const valueHas = (number) => {
    if (!known.has(number)) {
      const all = run.store.text(number).toLowerCase();
      known.set(number, all.includes(text) || (escaped !== text && all.includes(escaped)));
    }
    return known.get(number);
  };
  return (i) => named(run.typeOf(i)) || (run.visitOf(i) >= 0 && named(run.stateOf(run.visitOf(i))))
    || run.detailsOf(i).some(([, number]) => valueHas(number));
}

/** A menu of types to tick: {root, update()}. `types` are [name, count], `chosen` the numbers of those that are ticked. */
function typeMenu(types, chosen, changed) {
  const summary = el("summary", { class: "button" });
  const boxes = types.map(([name, many], number) => {
    const box = el("input", { type: "checkbox", on: { change: () => {
      if (box.checked) chosen.add(number);
      else chosen.delete(number);
      update();
      changed();
    } } });
    return { name, number, box, label: el("label", {}, box, el("span", {}, name), " ", el("span", { class: "muted number" }, grouped(many))) };
  });
  const sorted = [...boxes].sort((one, other) => (one.name < other.name ? -1 : 1));
  const all = button("All types", () => {
    chosen.clear();
    update();
    changed();
  }, { class: "button small" });
  const root = el("details", { class: "menu" }, summary,
    el("div", { class: "menu-box", role: "group", "aria-label": "Types" }, all, ...sorted.map(({ label }) => label)));
  function update() {
    for (const { box, number } of boxes) box.checked = chosen.has(number);
    const [only] = chosen;
    summary.textContent = chosen.size === 0 ? "All types" : chosen.size === 1 ? types[only]?.[0] ?? "No type" : `${chosen.size} types`;
  }
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !root.open) return;
    root.open = false;
    summary.focus();
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (!root.contains(event.target)) root.open = false;
  });
  update();
  return { root, update };
}
