// The run in time: one row for each state that was entered, with its attempts and waits; Maps unfold to iterations.
// Knows: what lies in what, and when. Must never know: inputs and outputs.

const FEW = 10;  // so many iterations of a Map are unfolded from the start
const PAPER_ROWS = 120;
const CLOSEST = 1e-9;  // of the whole, what is seen at the most zoom
const LETTER = 7;  // pixels that a letter of the axis takes at most
const PAPER = 480;  // pixels of the axis on paper
const LEVEL = 14;  // pixels that a level is set in by

function timelineView(root, run, app) {
  const { start, moments } = momentsOf(run);
  if (start === null || run.visits === 0) {
    root.append(el("p", { class: "note" }, run.visits ? "This history has no times." : "No state was entered."));
    return;
  }
  const view = { compressed: mostlyQuiet(moments), scale: null, from: 0, to: 1 };
  const unfolded = new Set();
  const tree = rowTree(run, start, unfolded, start + moments.at(-1));
  let rows = [];

  const axis = el("div", { role: "columnheader", class: "track axis" });
  const body = el("div", { role: "rowgroup", class: "time-rows" });
  const table = el("div", { class: "time-table", role: "treegrid", "aria-label": "Timeline" },
    el("div", { role: "rowgroup", class: "time-head" }, el("div", { role: "row", class: "time-row" },
      el("div", { role: "columnheader", class: "label" }, "State"), axis)), body);
  const readout = el("p", { class: "readout muted", tabindex: 0, role: "group", "aria-label": "What the row says" });
  const kindOfTime = `${run.facts.virtual ? "Virtual" : "Real"} time since the start`;
  const tell = (row) => { readout.replaceChildren(row ? describe(run, row) : kindOfTime, row ? "" : el("span", { class: "keyboard" }, KEYBOARD)); };

  const list = windowed(table, body, makeRow, {
    ArrowRight: (at) => fold(at, true),
    ArrowLeft: (at) => (rows[at].folds && unfolded.has(rows[at].key) ? fold(at, false) : goUp(at)),
    "+": () => zoom.by(0.5), "=": () => zoom.by(0.5), "-": () => zoom.by(2), 0: () => zoom.show(0, 1),
  });

  function makeRow(at) {
    const row = rows[at];
    const open = unfolded.has(row.key);
    const kind = kindOf(row.outcome);
    const name = el("button", { type: "button", class: "name", "data-focus": true, title: row.title }, icon(kind),
      el("span", {}, row.prefix && el("span", { class: "muted" }, `${row.prefix} `), el("bdi", {}, row.name)),
      row.note && el("span", { class: "muted note-of", "aria-hidden": row.said ? "true" : null }, row.note),
      el("span", { class: "unseen" }, `${row.said ? `, ${row.said}` : ""}, ${row.outcome}`));
    const toggle = row.folds && el("button", { type: "button", class: "toggle", tabindex: -1, "aria-label": `${open ? "Fold" : "Unfold"} ${row.title}` });
    const label = el("div", { role: "gridcell", class: "label" }, toggle || el("span", { class: "toggle" }), name);
    label.style.paddingLeft = `${6 + Math.min(row.level - 1, 8) * LEVEL}px`;
    const made = el("div", { role: "row", class: `time-row ${kind}`, "aria-rowindex": at + 2, "aria-level": row.level, "aria-expanded": row.folds ? String(open) : null },
      label, el("div", { role: "gridcell", class: "track" }));
    made.addEventListener("click", (event) => {
      if (dragged()) return;
      if (event.target === toggle) fold(at, !unfolded.has(row.key));
      else choose(row);
    });
    made.addEventListener("dblclick", (event) => { if (event.target !== toggle) zoomTo(row); });
    made.addEventListener("pointerenter", () => tell(row));
    made.addEventListener("focusin", () => tell(row));
    mark(made, at);
    paint(made, at);
    return made;
  }

  function mark(element, at) {
    const { visit, scope } = app.state;
    const row = rows[at];
    const here = row.visit !== undefined ? row.visit === visit : Boolean(scope && row.scope && sameScope(row.scope, scope) && (visit === null || !unfolded.has(row.key)));
    if (here) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
  }

  function paint(element, at) {
    const row = rows[at];
    const track = element.lastElementChild;
    const cell = el("div", { class: "bars", role: "img", "aria-label": when(row) });
    if (shown(row.to) < 0) cell.append(el("span", { class: "beyond before" }, "◂"));
    if (shown(row.from) > 1) cell.append(el("span", { class: "beyond" }, "▸"));
    for (const bar of row.bars()) {
      const left = shown(bar.from);
      const right = shown(bar.to);
      if (right < 0 || left > 1) continue;
      const made = el("div", { class: `bar-of ${bar.kind}` });
      made.style.left = `${Math.max(-0.01, left) * 100}%`;
      made.style.width = `${(Math.min(1.01, right) - Math.max(-0.01, left)) * 100}%`;
      cell.append(made);
    }
    if (row.density) cell.append(density(row.density(), shown));
    track.replaceChildren(...view.scale.gaps.map(gapBand), cell);
  }

  /** Where seconds since the start are, from 0 (left) to 1 (right) of what is seen. */
  function shown(seconds) {
    return (view.scale.place(seconds) - view.from) / (view.to - view.from);
  }

  function gapBand(gap) {
    const band = el("div", { class: "gap" });
    const left = (gap.from - view.from) / (view.to - view.from);
    band.style.left = `${left * 100}%`;
    band.style.width = `${((gap.to - gap.from) / (view.to - view.from)) * 100}%`;
    return band;
  }

  function drawAxis(width = axis.clientWidth || 800) {
    const room = 1 - 66 / width;
    let free = -Infinity;  // where the text before ends: two must not touch
    const marks = axisMarks(view.scale, view.from, view.to, Math.max(2, Math.floor(width / (width < 400 ? 62 : 92)))).map(({ place, text }) => {
      const at = (place - view.from) / (view.to - view.from);
      const fits = at <= room && at * width >= free;
      if (fits) free = at * width + text.length * LETTER + 12;
      const made = el("span", { class: "tick" }, fits ? text : "");
      made.style.left = `${at * 100}%`;
      return made;
    });
    const cuts = view.scale.gaps.map((gap) => {
      const made = gapBand(gap);
      if (width * (gap.to - gap.from) > 48 * (view.to - view.from)) made.append(el("span", {}, duration(gap.seconds)));
      return made;
    });
    axis.replaceChildren(el("span", { class: "unseen" }, kindOfTime), ...cuts, ...marks);
    map.update();
  }

  function redraw() {
    drawAxis();
    list.each(paint);
  }

  function rebuild(keep) {
    rows = tree();
    table.setAttribute("aria-rowcount", rows.length + 1);
    const at = keep === undefined ? 0 : Math.max(0, rows.findIndex((row) => row.key === keep));
    const { scrollTop } = table;
    list.show(rows.length, at);
    table.scrollTop = scrollTop;
    return at;
  }

  function fold(at, open) {
    const row = rows[at];
    if (!row.folds) return;
    if (open === unfolded.has(row.key)) {
      if (open) list.focus(at + 1);
      return;
    }
    if (open) unfolded.add(row.key);
    else unfolded.delete(row.key);
    list.focus(rebuild(row.key));
  }

  function goUp(at) {
    for (let above = at - 1; above >= 0; above -= 1) if (rows[above].level < rows[at].level) return list.focus(above);
    return undefined;
  }

  function choose(row) {
    if (row.run) app.open(row.run, row.title);
    else if (row.scope) openIteration(run, app, row.scope, false);
    else app.select({ visit: row.visit });
  }

  const zoom = zooming(view, () => redraw());

  function zoomTo({ from, to }) {
    const left = view.scale.place(from);
    const right = view.scale.place(to);
    const margin = Math.max((right - left) * 0.1, CLOSEST);
    zoom.show(left - margin, right + margin);
  }

  table.addEventListener("keydown", (event) => {
    const by = event.shiftKey && { ArrowLeft: -0.2, ArrowRight: 0.2 }[event.key];
    if (!by) return;
    zoom.move(by);
    event.preventDefault();
    event.stopPropagation();
  }, { capture: true });

  const map = overview(run, view, zoom, start);
  const dragged = dragging(table, axis, zoom);
  const compress = button("Compress quiet time", () => {
    const [from, to] = [view.scale.time(view.from), view.scale.time(view.to)];
    setScale(!view.compressed);
    if (view.from > 0 || view.to < 1) zoom.show(view.scale.place(from), view.scale.place(to));
    else redraw();
  });
  function setScale(compressed) {
    view.compressed = compressed;
    view.scale = timeScale(moments, compressed);
    compress.setAttribute("aria-pressed", String(compressed));
  }
  root.querySelector("header")?.append(el("div", { class: "tools" },
    button("−", () => zoom.by(2), { "aria-label": "Zoom out" }), button("+", () => zoom.by(0.5), { "aria-label": "Zoom in" }),
    button("Fit", () => zoom.show(0, 1)), compress));
  root.append(map.root, readout, table, el("ul", { class: "keys", "aria-label": "What the bars are" }, ...keysOf(run).map(([kind, words]) =>
    el("li", {}, el("span", { class: `sample bar-of ${kind}` }), words))));

  unfoldFew(run, unfolded);
  setScale(view.compressed);
  tell(null);
  rebuild();
  drawAxis();
  table.addEventListener("pointerleave", () => tell(null));

  app.on("select", ({ visit }) => {
    if (visit !== null && !table.contains(document.activeElement)) {
      const added = unfoldTo(run, visit, unfolded);
      if (added) rebuild();
      list.reveal(rows.findIndex((row) => row.visit === visit));
    }
    list.each(mark);
  });
  let before = 0;
  new ResizeObserver(() => {
    if (axis.clientWidth === before || matchMedia("print").matches) return;
    before = axis.clientWidth;
    drawAxis();
  }).observe(axis);
  whenPrinted((printed) => {
    if (!table.isConnected) return;
    list.flat(printed ? PAPER_ROWS : 0);
    drawAxis(printed ? PAPER : undefined);
  });
}

const KEYBOARD = ". Arrow keys go through the rows and unfold them; + and − zoom, 0 shows all, Shift with an arrow moves in time.";
const KEYS = [
  ["state succeeded", "a state's time"], ["state succeeded waits", "a Wait"], ["attempt succeeded", "an attempt"], ["attempt failed", "one that failed"],
  ["backoff", "waiting for the next attempt"],
];

/** What of the bars' marks there can be, in words. */
function keysOf(run) {
  const many = Array.from({ length: run.visits }, (_, visit) => visit).some((visit) => run.visitColumn("iterations", visit) > 0) || run.runs.length > 1;
  return many ? [...KEYS, ["at-once", "how many items run at once, red where some failed"]] : KEYS;
}

/** The part of the whole that is seen, and how it changes: {show(from, to), by(factor, around), move(part)}. */
function zooming(view, redraw) {
  let waiting = false;
  const show = (from, to) => {
    const size = Math.min(1, Math.max(CLOSEST, to - from));
    view.from = Math.max(0, Math.min(1 - size, from));
    view.to = view.from + size;
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      redraw();
    });
  };
  return {
    view,
    show,
    by(factor, around = 0.5) {
      const at = view.from + around * (view.to - view.from);
      const size = Math.min(1, (view.to - view.from) * factor);
      show(at - around * size, at + (1 - around) * size);
    },
    move(part) {
      const by = part * (view.to - view.from);
      show(view.from + by, view.to + by);
    },
  };
}

/** Ctrl with the wheel, two fingers, and drags zoom and move; returns whether a click was the end of a drag. */
function dragging(table, axis, zoom) {
  const pointers = new Map();
  let moved = false;
  const width = () => axis.clientWidth || 1;
  const part = (x) => (x - axis.getBoundingClientRect().left) / width();
  table.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) zoom.by(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 120), Math.max(0, Math.min(1, part(event.clientX))));
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) && zoom.view.to - zoom.view.from < 1) zoom.move(event.deltaX / width());
    else return;
    event.preventDefault();
  }, { passive: false });
  table.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".track")) return;
    pointers.set(event.pointerId, event.clientX);
    if (pointers.size === 1) moved = false;
  });
  table.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) return;
    if (Math.abs(event.clientX - before) < 3 && !moved) return;
    if (!moved) table.setPointerCapture(event.pointerId);
    moved = true;
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
    if (others.length) {
      const factor = Math.abs(before - others[0]) / Math.max(8, Math.abs(event.clientX - others[0]));
      zoom.by(factor, part((event.clientX + others[0]) / 2));
    } else zoom.move((before - event.clientX) / width());
    pointers.set(event.pointerId, event.clientX);
  });
  for (const type of ["pointerup", "pointercancel"]) table.addEventListener(type, (event) => pointers.delete(event.pointerId));
  return () => {
    const was = moved;
    moved = false;
    return was;
  };
}
