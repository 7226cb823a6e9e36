// How a part of a run paints a graph: visits -> a kind, a note and words per state and edge.
// Knows: which outcome of several counts, and how counts read (painting.py does the same for all of a run).
// Must never know: how one selects.

const WORST_FIRST = ["failed", "timed out", "running", "caught", "aborted", "succeeded"];
const KINDS = [...WORST_FIRST.map(kindOf), "unreached", "taken"];

/** JSON pointer -> numbers of visits, in order; of all visits, or of those in one scope. */
function visitsByState(run, scope) {
  const found = new Map();
  const put = (number) => {
    const pointer = run.pointerOf(number);
    if (found.has(pointer)) found.get(pointer).push(number);
    else found.set(pointer, [number]);
  };
  if (scope === null) for (let number = 0; number < run.visits; number += 1) put(number);
  else visitsInside(run, scope).forEach(put);
  return found;
}

/** The visits of one iteration, at every depth, in order. */
function visitsInside(run, { visit, slot, round }) {
  const all = [];
  const waiting = run.childrenOf(visit, slot).filter((each) => run.roundOf(each) === round);
  while (waiting.length) {
    const number = waiting.pop();
    all.push(number);
    waiting.push(...run.childrenOf(number));
  }
  return all.sort((one, other) => one - other);
}

/** What several visits of one state came to: {kind, note, words}. */
function paintOf(run, numbers) {
  if (!numbers || numbers.length === 0) return { kind: "unreached", note: "", words: "not reached" };
  const outcomes = new Map();
  let retries = 0;
  for (const number of numbers) {
    const came = run.outcomeOf(number);
    outcomes.set(came, (outcomes.get(came) ?? 0) + 1);
    retries += Math.max(0, run.attemptsCount(number) - 1);
  }
  const worst = WORST_FIRST.find((each) => outcomes.has(each)) ?? "succeeded";
  const count = numbers.length;
  const visits = count === 1 ? "" : outcomes.get(worst) === count ? `×${count}` : `${outcomes.get(worst)}/${count}`;
  const each = WORST_FIRST.toReversed().filter((one) => outcomes.has(one)).map((one) => `${outcomes.get(one)} ${one}`).join(", ");
  const words = count === 1 ? worst : `${count} visits: ${each}`;
  return {
    kind: kindOf(worst),
    note: [visits, retries ? `↻${retries}` : ""].filter(Boolean).join(" "),
    words: words + (retries ? `; retried ${retries} ${retries === 1 ? "time" : "times"}` : ""),
  };
}

/** The variables that a visit could read when it began: what was assigned before, there and further out. */
function variablesAt(run, number) {
  const known = new Map();
  const chain = [];
  for (let at = number; at !== null; at = run.parentOf(at)) chain.unshift(at);
  for (const at of chain) {
    const round = run.roundOf(at);
    for (const before of run.childrenOf(run.parentOf(at), run.slotOf(at))) {
      if (before >= at) break;
      if (run.roundOf(before) === round && run.visitColumn("assigned", before)) {
        for (const [name, value] of Object.entries(run.visit(before).assigned)) known.set(name, value);
      }
    }
  }
  return known;
}

/** Paints an SVG that is on the page by the visits of its states, and makes its states buttons. */
function paintGraph(svg, run, states) {
  const taken = new Map();
  const entered = new Set();
  for (const [pointer, numbers] of states) {
    entered.add(`${blockOf(pointer)}/StartAt`);
    for (const number of numbers) {
      const edge = run.edgeOf(number);
      if (edge) taken.set(edge, (taken.get(edge) ?? 0) + 1);
    }
  }
  svg.setAttribute("aria-label", "States: arrow keys move, Enter selects");
  for (const state of svg.querySelectorAll(".state")) {
    const paint = paintOf(run, states.get(pointerAt(state)));
    setKind(state, paint.kind);
    const name = nameOf(pointerAt(state));
    state.setAttribute("tabindex", "-1");
    state.setAttribute("aria-label", `${name}: ${paint.words}`);
    state.querySelector(":scope > title").textContent = `${name}\n${paint.words}`;
    state.querySelector(":scope > .badge")?.remove();
    if (paint.kind !== "unreached") addBadge(state, paint);
  }
  for (const edge of svg.querySelectorAll(".edge")) {
    const pointers = edge.dataset.pointer.split(" ").map(asWritten);
    const count = pointers.reduce((sum, each) => sum + (taken.get(each) ?? 0), 0);
    const goes = count > 0 || pointers.some((each) => entered.has(each));
    setKind(edge, goes ? "taken" : "unreached");
  }
  svg.querySelector(".state")?.setAttribute("tabindex", "0");
}

function setKind(element, kind) {
  element.classList.remove(...KINDS);
  element.classList.add(kind);
}

/** Adds the badge of a state, at its right upper corner, as svg.py draws it. */
function addBadge(state, { kind, note }) {
  const { x, y, width } = [...state.querySelectorAll(":scope > .shape")].at(-1).getBBox();
  const make = (tag, attributes) => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const sign = document.querySelector(`#mark-${kind} path`)?.getAttribute("d") ?? "";
  const ground = make("rect", { height: 16, rx: 8 });
  const badge = make("g", { class: "badge" });
  badge.append(ground, make("path", { d: sign }));
  state.append(badge);
  let wide = 16;
  if (note) {
    const text = make("text", { x: 16, y: 12 });
    text.textContent = note;
    badge.append(text);
    wide += (text.getComputedTextLength() || note.length * 7) + 6;
  }
  ground.setAttribute("width", wide);
  badge.setAttribute("transform", `translate(${x + width - wide + 6} ${y - 8})`);
}
