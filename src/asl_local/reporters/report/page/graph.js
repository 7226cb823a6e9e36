// The graph: painted by what happened, states that can be selected, zoom.
// Knows: the SVGs that the page holds, one per machine and per what a Map runs. Must never know: how they are laid out.

const PAINTED = document.querySelector("#graph svg.graph");  // of the whole run, painted without a script

/** The value at a JSON pointer of the run's definition; undefined where there is none. */
function resolve(run, pointer) {
  let at = run.facts.definition;
  for (const step of pointer.split("/").slice(1)) at = at?.[step.replaceAll("~1", "/").replaceAll("~0", "~")];
  return at;
}

/** A pointer out of an attribute of svg.py's, where some characters stand as % and four hex digits. */
function asWritten(pointer) {
  return pointer.replace(/%([0-9a-f]{4})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The JSON pointer of a state's element. */
function pointerAt(state) {
  return asWritten(state.dataset.pointer);
}

/** The pointer of the block that a state stands in: "" is the machine itself. */
function blockOf(pointer) {
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf("/States/")));
}

/** The pointer of the block that a scope, or all of the run, is drawn as. */
function blockShown(run, scope) {
  if (scope !== null) {
    const inside = run.childrenOf(scope.visit, scope.slot);
    if (inside.length) return blockOf(run.pointerOf(inside[0]));
    const at = run.pointerOf(scope.visit);
    return `${at}/${resolve(run, at)?.ItemProcessor ? "ItemProcessor" : "Iterator"}`;
  }
  return "";
}

/** A fresh SVG for a scope, without paint; null where the definition is not known. */
function blankGraph(run, scope) {
  const number = run.store.column("runs", "definition")[run.number];
  if (number === null) return null;
  const block = blockShown(run, scope);
  if (number === 0 && block === "" && PAINTED) return PAINTED.cloneNode(true);
  for (const template of document.querySelectorAll("template.graph")) {
    if (Number(template.dataset.definition) === number && template.dataset.block === block) {
      return template.content.querySelector("svg").cloneNode(true);
    }
  }
  return null;
}

function graphView(root, run, app) {
  const header = root.querySelector("header");
  const box = el("div", { class: "graph-box" });
  const legend = el("ul", { class: "legend", "aria-label": "Legend" });
  let zoom = OPENING;
  const zoomTo = (factor) => {
    zoom = factor <= 0 ? factor : Math.min(4, Math.max(0.1, factor));
    const svg = box.querySelector("svg");
    if (!svg) return;
    const { width, height } = svg.viewBox.baseVal;
    const shown = zoom > 0 ? zoom : fitting(width, height, box, zoom === OPENING);
    svg.setAttribute("width", width * shown);
    svg.setAttribute("height", height * shown);
    svg.dataset.zoom = shown;
  };
  const step = (by) => zoomTo(Number(box.querySelector("svg")?.dataset.zoom ?? 1) * by);
  const tools = el("div", { class: "tools" },
    button("−", () => step(1 / 1.25), { "aria-label": "Zoom out" }), button("+", () => step(1.25), { "aria-label": "Zoom in" }),
    button("100 %", () => zoomTo(1)), button("Fit", () => zoomTo(WHOLE)));
  let states = new Map();

  const draw = () => {
    const { scope } = app.state;
    states = visitsByState(run, scope);
    const svg = blankGraph(run, scope);
    const focused = box.contains(document.activeElement);
    const what = svg === null ? "What happened" : "Graph";
    root.querySelector("h2").textContent = scope ? `${what} in iteration ${scope.slot}` : what;
    for (const old of root.querySelectorAll(".steps")) old.remove();
    if (scope) header.querySelector("h2").after(stepsBetween(run, scope, app));
    if (svg === null) {
      box.replaceChildren(treeView(run, scope, app));
      tools.hidden = legend.hidden = true;
      return;
    }
    paintGraph(svg, run, states);
    svg.addEventListener("click", (event) => {
      const state = event.target.closest("[data-pointer].state");
      if (state) choose(state);
    });
    svg.addEventListener("keydown", (event) => moveInGraph(event, svg, choose));
    box.replaceChildren(svg);
    paintGraph(svg, run, states);
    fillLegend(legend, svg);
    zoomTo(zoom);
    mark();
    if (focused) box.querySelector('svg .state[tabindex="0"]')?.focus({ preventScroll: true });
  };

  const choose = (state) => {
    const pointer = pointerAt(state);
    app.select({ pointer, visit: bestVisit(run, states.get(pointer), app.state.visit) });
    if (matchMedia("(max-width: 1000px)").matches) document.getElementById("state").scrollIntoView({ block: "start" });
  };

  const mark = () => {
    for (const state of box.querySelectorAll("svg .state")) {
      const chosen = pointerAt(state) === app.state.pointer;
      state.classList.toggle("selected", chosen);
      state.setAttribute("aria-pressed", String(chosen));
      if (chosen) {
        roveTo(box, state);
        bringInto(box, state);
      }
    }
  };

  header.append(tools);
  root.append(box, legend);
  draw();
  app.on("scope", draw);
  app.on("select", mark);
  const fitted = new ResizeObserver(() => { if (zoom <= 0) zoomTo(zoom); });
  fitted.observe(root);
}

/** Zooms that follow the box: as the graph opens, with letters that can be read; and all of it, however small. */
const OPENING = 0;
const WHOLE = -1;

/** The scale at which all of a graph is in sight; if it shall be `legible`, its height only where that leaves letters to read. */
function fitting(width, height, box, legible) {
  const wide = (box.clientWidth - 24) / width;
  const tall = (window.innerHeight * 0.76 - 24) / height;
  return Math.min(1, legible ? Math.max(Math.min(wide, Math.max(tall, 0.75)), 0.45) : Math.max(0.02, Math.min(wide, tall)));
}

/** Of several visits of a state: one beside the visit that is selected, else the first that ended badly, else the first. */
function bestVisit(run, numbers, selected) {
  if (!numbers || numbers.length === 0) return null;
  for (let at = selected; at !== null && at >= 0; at = run.parentOf(at)) {
    const beside = numbers.filter((each) => run.parentOf(each) === run.parentOf(at) && run.slotOf(each) === run.slotOf(at));
    if (beside.length && beside.length < numbers.length) return beside[0];
  }
  for (const worst of WORST_FIRST.slice(0, 4)) {
    const found = numbers.find((each) => run.outcomeOf(each) === worst);
    if (found !== undefined) return found;
  }
  return numbers[0];
}

/** One state is reached by Tab, the others from there by arrow keys. */
function roveTo(box, state) {
  for (const other of box.querySelectorAll('svg .state[tabindex="0"]')) other.setAttribute("tabindex", "-1");
  state.setAttribute("tabindex", "0");
}

/** Scrolls the graph's box, not the page, until the name of a state is in sight. */
function bringInto(box, state) {
  const inside = box.getBoundingClientRect();
  const shown = (state.querySelector(".name") ?? state).getBoundingClientRect();
  const off = (from, to, least, most) => (from < least + 24 ? from - least - 24 : to > most - 48 ? to - most + 48 : 0);
  box.scrollBy(off(shown.left, shown.right, inside.left, inside.right), off(shown.top, shown.bottom, inside.top, inside.bottom));
}

/** Arrow keys go to the nearest state in their direction, Home and End to the first and last, Enter and blank select. */
function moveInGraph(event, svg, choose) {
  const state = event.target.closest(".state");
  if (!state) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    choose(state);
    return;
  }
  const all = [...svg.querySelectorAll(".state")];
  const next = event.key === "Home" ? all[0] : event.key === "End" ? all.at(-1) : nearest(state, all, event.key);
  if (!next) return;
  event.preventDefault();
  roveTo(svg.parentNode, next);
  next.focus({ preventScroll: true });
  bringInto(svg.parentNode, next);
  svg.parentNode.scrollIntoView({ block: "nearest" });
}

const DIRECTIONS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

function nearest(state, all, key) {
  if (!DIRECTIONS[key]) return null;
  const [x, y] = DIRECTIONS[key];
  const middle = (each) => {
    const { left, top, width } = each.getBoundingClientRect();
    return [left + width / 2, top];  // the top: a box with others in it is where its name is
  };
  const [fromX, fromY] = middle(state);
  let best = null;
  let least = Infinity;
  for (const other of all) {
    if (other === state) continue;
    const [toX, toY] = middle(other);
    const along = (toX - fromX) * x + (toY - fromY) * y;
    const across = Math.abs((toX - fromX) * y) + Math.abs((toY - fromY) * x);
    if (along > 4 && along + 2 * across < least) {
      least = along + 2 * across;
      best = other;
    }
  }
  return best;
}

/** What badges say besides outcomes; page.py has the same. */
const SIGNS = [[/×/, "×2 visited twice"], [/\//, "1/4 one of four visits"], [/↻/, "↻2 retried twice"]];

function fillLegend(legend, svg) {
  const shown = KINDS.filter((kind) => kind !== "taken" && svg.querySelector(`.state.${kind}`));
  const word = (kind) => (kind === "unreached" ? "not reached" : kind.replace("-", " "));
  const badges = [...svg.querySelectorAll(".badge text")].map((each) => each.textContent).join(" ");
  legend.replaceChildren(...shown.map((kind) => el("li", {}, outcome(kind, { text: word(kind) }))),
    ...SIGNS.filter(([sign]) => sign.test(badges)).map(([, words]) => el("li", { class: "muted" }, words)));
}

/** To the iterations before and after this one. */
function stepsBetween(run, scope, app) {
  const all = run.iterations(scope.visit);
  const at = all.findIndex((each) => each.index === scope.slot && each.round === scope.round);
  const go = (to) => () => openIteration(run, app, { visit: scope.visit, slot: all[to].index, round: all[to].round });
  return el("div", { class: "tools steps" },
    button("Previous", go(at - 1), { class: "button small", disabled: at <= 0, "aria-label": "Previous iteration" }),
    button("Next", go(at + 1), { class: "button small", disabled: at < 0 || at === all.length - 1, "aria-label": "Next iteration" }),
    button("All iterations", () => app.back(), { class: "button small" }));
}
