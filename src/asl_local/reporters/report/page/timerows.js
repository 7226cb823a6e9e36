// The rows of the timeline: visits in Parallels and in iterations of Maps, made of what is unfolded; and what they say.
// Knows: what lies in what, and when it was. Must never know: how much of the time is seen.

const BUCKETS = 320;

/** Keys of what unfolds. */
const visitKey = (visit) => `v${visit}`;
const iterationKey = ({ visit, round, slot }) => `i${visit} ${round} ${slot}`;

/**
 * A function that gives the rows, in order: {key, level, name, prefix, note, title, outcome, folds, from, to, bars(),
 * density?()} and one of {visit}, {scope}, {run}. Times are seconds since `start`; what is not over goes on to `end`.
 */
function rowTree(run, start, unfolded, end) {
  const kept = new Map();  // rows by key: their bars are worked out once
  const started = new Map();  // runs by the visit that started them
  for (const each of run.runs) {
    if (!started.has(each.ofVisit)) started.set(each.ofVisit, []);
    started.get(each.ofVisit).push(each);
  }
  const since = (at) => (at ?? end) - start;
  const keep = (key, make) => {
    if (!kept.has(key)) kept.set(key, { key, ...make() });
    return kept.get(key);
  };

  function visitRow(visit, level) {
    return keep(visitKey(visit), () => {
      const type = run.stateTypeOf(visit);
      const items = type === "Map" ? run.visitColumn("iterations", visit) : 0;
      const children = started.get(visit) ?? [];
      const outcome = run.outcomeOf(visit);
      const parent = run.parentOf(visit);
      const inBranch = parent !== null && run.stateTypeOf(parent) === "Parallel";
      const again = inBranch && run.roundOf(visit) > 0 ? `, attempt ${run.roundOf(visit) + 1}` : "";
      const retries = Math.max(0, run.attemptsCount(visit) - 1);
      const row = {
        level, visit, outcome, name: run.stateOf(visit), prefix: inBranch ? `[${run.slotOf(visit)}${again}]` : "",
        title: run.stateOf(visit), folds: items > 0 || children.length > 0 || run.childrenOf(visit).length > 0,
        note: items ? counted(items, "iteration") : children.length ? counted(children.length, "execution") : retries ? `↻${retries}` : "",
        said: retries ? counted(retries + 1, "attempt") : "",
        from: since(run.enteredOf(visit)), to: since(run.leftOf(visit)),
      };
      row.bars = once(() => barsOf(visit, type, row, since));
      if (items) row.density = once(() => run.iterations(visit).map((each) => span(each.started, each.ended, each.outcome)));
      else if (children.length > 1) row.density = once(() => children.map(({ facts }) => span(facts.started, facts.stopped, statusOutcome(facts.status))));
      return row;
    });
  }

  function span(from, to, outcome) {
    return { from: since(from), to: since(to), bad: outcome === "failed" || outcome === "timed out" };
  }

  function barsOf(visit, type, row) {
    const kind = kindOf(row.outcome);
    const bars = [{ kind: `state ${kind}${type === "Wait" ? " waits" : ""}`, from: row.from, to: row.to }];
    if (type !== "Task" && run.attemptsCount(visit) < 2) return bars;
    for (const each of run.attempts(visit)) {
      bars.push({ kind: `attempt ${kindOf(each.outcome)}`, from: since(each.started ?? each.scheduled), to: since(each.ended) });
      if (each.retryAt !== null && each.ended !== null) bars.push({ kind: "backoff", from: since(each.ended), to: since(each.retryAt) });
    }
    return bars;
  }

  function iterationRow(visit, each, level) {
    const scope = { visit, slot: each.index, round: each.round };
    return keep(iterationKey(scope), () => {
      const [from, to] = [since(each.started), since(each.ended)];
      return {
        level, scope, outcome: each.outcome, name: `${run.stateOf(visit)}[${each.index}]`, prefix: "", note: each.round ? `attempt ${each.round + 1}` : "",
        title: `${run.stateOf(visit)}, iteration ${each.index}`, folds: run.childrenOf(visit, each.index).length > 0, from, to,
        bars: once(() => [{ kind: `state ${kindOf(each.outcome)}`, from, to }]),
      };
    });
  }

  function runRow(child, level) {
    return keep(`r${child.number}`, () => {
      const { facts, index } = child;
      const [from, to] = [since(facts.started), since(facts.stopped)];
      const name = index === null ? facts.name : `${run.stateOf(child.ofVisit)}, child ${index}`;
      return {
        level, run: child, outcome: statusOutcome(facts.status), name, prefix: "", note: "execution", title: name, folds: false, from, to,
        bars: once(() => [{ kind: `state ${kindOf(facts.status)}`, from, to }]),
      };
    });
  }

  return () => {
    const rows = [];
    const addVisits = (visits, level) => { for (const visit of visits) addVisit(visit, level); };
    const addVisit = (visit, level) => {
      rows.push(visitRow(visit, level));
      if (!unfolded.has(visitKey(visit))) return;
      for (const child of started.get(visit) ?? []) rows.push(runRow(child, level + 1));
      const iterations = run.stateTypeOf(visit) === "Map" ? run.iterations(visit) : [];
      for (const each of iterations) {
        const row = iterationRow(visit, each, level + 1);
        rows.push(row);
        if (unfolded.has(row.key)) addVisits(run.childrenOf(visit, each.index).filter((inner) => run.roundOf(inner) === each.round), level + 2);
      }
      if (iterations.length === 0) addVisits([...run.childrenOf(visit)].sort((one, other) => run.roundOf(one) - run.roundOf(other) || run.slotOf(one) - run.slotOf(other) || one - other), level + 1);
    };
    addVisits(run.childrenOf(null), 1);
    return rows;
  };
}

function once(work) {
  let value;
  return () => (value ??= work());
}

/** A visit's word for a status of AWS. */
function statusOutcome(status) {
  return status.toLowerCase().replace("_", " ");
}

/** Unfolds from the start: Parallels, and Maps of few iterations. */
function unfoldFew(run, unfolded) {
  for (let visit = 0; visit < Math.min(run.visits, 200); visit += 1) {
    const parent = run.parentOf(visit);
    if (parent !== null && !unfolded.has(visitKey(parent))) continue;
    const type = run.stateTypeOf(visit);
    const items = run.visitColumn("iterations", visit);
    if (type === "Parallel" || (type === "Map" && items > 0 && items <= FEW)) unfolded.add(visitKey(visit));
  }
}

/** Unfolds what a visit lies in; whether there was anything to unfold. */
function unfoldTo(run, visit, unfolded) {
  const before = unfolded.size;
  for (let at = visit; run.parentOf(at) !== null; at = run.parentOf(at)) {
    unfolded.add(visitKey(run.parentOf(at)));
    if (run.stateTypeOf(run.parentOf(at)) === "Map") unfolded.add(iterationKey(scopeOf(run, at)));
  }
  return unfolded.size > before;
}

/** When it was, in words. */
function when(row) {
  return `${row.outcome}, from +${duration(row.from)}, for ${duration(row.to - row.from)}`;
}

/** All that a row says, in words. */
function describe(run, row) {
  const where = row.visit === undefined ? "" : around(run, row.visit);
  const said = [`${row.title}${where ? ` in ${where}` : ""}: ${when(row)}`];
  if (row.density) said.push(tally(row.density(), row.note));
  const attempts = row.visit === undefined ? [] : run.attempts(row.visit);
  if (attempts.length > 1) {
    for (const [n, each] of attempts.slice(0, 4).entries()) {
      const lasted = each.ended === null ? "" : ` after ${duration(each.ended - each.scheduled)}`;
      const waited = each.retryAt !== null && each.ended !== null ? `, waited ${duration(each.retryAt - each.ended)}` : "";
      said.push(`attempt ${n + 1} ${each.outcome}${each.error ? ` (${each.error})` : ""}${lasted}${waited}`);
    }
    if (attempts.length > 4) said.push(`${attempts.length - 4} more attempts`);
  } else if (row.visit !== undefined && run.visit(row.visit).error) said.push(run.visit(row.visit).error);
  return said.join("; ");
}

function tally(spans, note) {
  const bad = spans.filter((each) => each.bad).length;
  return bad ? `${note}, ${grouped(bad)} of them failed` : note;
}

/** How many of the spans are under way at each place, and where some failed, as a picture of the width that it gets. */
function density(spans, shown) {
  const steps = new Float64Array(BUCKETS + 1);
  const bad = new Uint8Array(BUCKETS + 1);
  for (const each of spans) {
    const from = Math.floor(shown(each.from) * BUCKETS);
    const to = Math.max(from, Math.min(BUCKETS - 1, Math.ceil(shown(each.to) * BUCKETS) - 1));
    if (to < 0 || from >= BUCKETS) continue;
    steps[Math.max(0, from)] += 1;
    steps[to + 1] -= 1;
    if (each.bad && shown(each.to) <= 1 + 1e-9) bad[to] = 1;
  }
  let most = 0;
  let now = 0;
  const heights = [];
  for (let i = 0; i < BUCKETS; i += 1) {
    now += steps[i];
    heights.push(now);
    most = Math.max(most, now);
  }
  let path = "M0 1";
  heights.forEach((height, i) => { path += `V${most ? (1 - height / most).toFixed(3) : 1}H${i + 1}`; });
  const shape = (kind, d) => {
    const made = document.createElementNS(SVG, "path");
    made.setAttribute("class", kind);
    made.setAttribute("d", d);
    return made;
  };
  const picture = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ class: "density", viewBox: `0 0 ${BUCKETS} 1`, preserveAspectRatio: "none", "aria-hidden": "true" })) picture.setAttribute(name, value);
  picture.append(shape("many", `${path}V1Z`));
  const marks = [...bad].map((each, i) => (each ? `M${i} 0h1v1h-1z` : "")).join("");
  if (marks) picture.append(shape("some-failed", marks));
  return picture;
}

/** All of the time in a strip, with the part that is seen: dragged, or moved with the keys. */
function overview(run, view, zoom, start) {
  const frame = el("div", { class: "frame" });
  const root = el("div", { class: "overview", tabindex: 0, role: "slider", "aria-label": "The part of the time that is seen", "aria-valuemin": 0, "aria-valuemax": 100 }, frame);
  const spans = [];
  for (let visit = 0; visit < run.visits; visit += 1) {
    const type = run.stateTypeOf(visit);
    if (type === "Map" && run.visitColumn("iterations", visit) > 0 || type === "Parallel") continue;
    const outcome = run.outcomeOf(visit);
    const from = run.enteredOf(visit) - start;
    spans.push({ from, to: Math.max(from, (run.leftOf(visit) ?? Infinity) - start), bad: outcome === "failed" || outcome === "timed out" });
  }
  let drawn = null;
  const update = () => {
    if (drawn !== view.scale) {
      drawn = view.scale;
      root.querySelector("svg")?.remove();
      root.prepend(density(spans, (seconds) => drawn.place(Math.min(seconds, drawn.length))));
    }
    frame.style.left = `${view.from * 100}%`;
    frame.style.width = `${(view.to - view.from) * 100}%`;
    const [from, to] = [view.scale.time(view.from), view.scale.time(view.to)];
    root.setAttribute("aria-valuenow", Math.round((view.from + view.to) * 50));
    root.setAttribute("aria-valuetext", `from ${duration(from)} to ${duration(to)}`);
  };
  const keys = {
    ArrowLeft: () => zoom.move(-0.2), ArrowRight: () => zoom.move(0.2), "+": () => zoom.by(0.5), "=": () => zoom.by(0.5), "-": () => zoom.by(2),
    0: () => zoom.show(0, 1), Home: () => zoom.show(0, view.to - view.from), End: () => zoom.show(1 - view.to + view.from, 1),
  };
  root.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    keys[event.key]();
    event.preventDefault();
  });
  let grip = null;
  const placeAt = (event) => (event.clientX - root.getBoundingClientRect().left) / root.clientWidth;
  root.addEventListener("pointerdown", (event) => {
    const at = placeAt(event);
    const size = view.to - view.from;
    grip = size > 0.999 ? { brush: at } : { by: at >= view.from && at <= view.to ? at - view.from : size / 2, size };
    root.setPointerCapture(event.pointerId);
    if (!grip.brush && grip.size) zoom.show(at - grip.by, at - grip.by + grip.size);
  });
  root.addEventListener("pointermove", (event) => {
    if (grip === null) return;
    const at = placeAt(event);
    if (grip.size) zoom.show(at - grip.by, at - grip.by + grip.size);
    else if (Math.abs(at - grip.brush) * root.clientWidth > 4) zoom.show(Math.min(at, grip.brush), Math.max(at, grip.brush));
  });
  for (const type of ["pointerup", "pointercancel"]) root.addEventListener(type, () => { grip = null; });
  return { root, update };
}
