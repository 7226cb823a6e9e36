// What is selected, and who is told.
// Knows: selections and scopes of one run. Must never know: how anything is shown.
//
// app.state    {visit, event, pointer, scope, filter}: numbers or null; pointer is the selected state's in the definition;
//              scope is {visit, slot, round} of one Map iteration or null
// app.select({visit}) or ({event}) or ({pointer}) or ({})   an event's visit, and a visit's pointer, are selected with it
// app.scope(scope, visit?) or (null)         one iteration of a Map, or all of the run; and a visit that is selected in it
// app.filter({state, visit, type}) or (null) what the events table shows; members that are left out do not filter
// app.open(run)                              another run (a child) in place of this one
// app.back()                                 one step out: selection, iteration, child
// app.say(text)                              spoken by screen readers
// app.on("select" | "scope" | "filter", listener)

function makeApp(run, { open: openRun, leave, say }) {
  const listeners = { select: [], scope: [], filter: [] };
  const state = { visit: null, event: null, pointer: null, scope: null, filter: null };
  const tell = (what) => { for (const listener of listeners[what]) listener(state); };

  /** Whether a visit happened in one iteration of a Map, at any depth. */
  function within(number, scope) {
    for (let at = number; at !== null; at = run.parentOf(at)) {
      if (run.parentOf(at) === scope.visit && sameScope(scopeOf(run, at), scope)) return true;
    }
    return false;
  }

  const app = {
    state,
    run,
    within,
    on(what, listener) { listeners[what].push(listener); },
    select({ visit = null, event = null, pointer = null } = {}) {
      if (event !== null && visit === null && run.visitOf(event) >= 0) visit = run.visitOf(event);
      if (visit !== null) pointer = run.pointerOf(visit) || null;
      if (visit === state.visit && event === state.event && pointer === state.pointer) return;
      Object.assign(state, { visit, event, pointer });
      if (state.scope && visit !== null && visit !== state.scope.visit && !within(visit, state.scope)) {
        state.scope = outerScopes(run, visit).find((each) => each.visit === state.scope.visit) ?? null;
        tell("scope");
      }
      tell("select");
    },
    scope(scope, visit = null) {
      Object.assign(state, { scope, visit, event: null, pointer: visit === null ? null : run.pointerOf(visit) || null });
      tell("scope");
      tell("select");
    },
    filter(filter) {
      state.filter = filter;
      tell("filter");
    },
    open: openRun,
    say,
    back() {
      if (state.scope) app.scope(outerScopes(run, state.scope.visit).at(-1) ?? null, state.scope.visit);
      else if (state.visit !== null || state.event !== null || state.pointer !== null) app.select({});
      else leave();
    },
  };
  return app;
}

/** The iteration that a visit right inside of a Map belongs to. */
function scopeOf(run, number) {
  return { visit: run.parentOf(number), slot: run.slotOf(number), round: run.roundOf(number) };
}

function sameScope(one, other) {
  return one.visit === other.visit && one.slot === other.slot && one.round === other.round;
}

/** The iterations that a visit happened in, outermost first. */
function outerScopes(run, number) {
  const scopes = [];
  for (let at = number; at !== null; at = run.parentOf(at)) {
    const parent = run.parentOf(at);
    if (parent !== null && run.stateTypeOf(parent) === "Map") scopes.unshift(scopeOf(run, at));
  }
  return scopes;
}
