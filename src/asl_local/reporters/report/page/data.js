// The document as a run that is decoded when somebody looks.
// Knows: the columns that document.py writes. Must never know: elements, or what a view shows.
//
// open(document) -> run
//   run.facts            name, status, machine, arn, machineArn, type, place, error, cause (texts or null), started, stopped
//                        (seconds), virtual, definition (null where nobody knows it), mapRuns {visit: counts}, notes [text],
//                        input, output
//   run.count            events; run.event(i) -> {id, type, at, previous, visit, member, details}, i from 0; details by name
//   run.typeOf(i) idOf(i) visitOf(i) atOf(i) previousOf(i)    the cheap columns; visitOf is -1 for the execution's own events
//   run.indexOf(id)      the place of the event with this id, -1 where there is none
//   run.detailsText(i)   the details as one JSON text, as GetExecutionHistory has them; "" where there are none
//   run.visits           visits; run.visit(k) -> Visit's members in camelCase; assigned: {name: value}; attempts; iterations
//   run.stateOf(k) stateTypeOf(k) pointerOf(k) edgeOf(k) outcomeOf(k) errorOf(k) inputOf(k) parentOf(k) slotOf(k) roundOf(k) enteredOf(k) leftOf(k)
//   run.childrenOf(k, slot?) -> visit numbers right inside of visit k (k null or -1: at the top)
//   run.iterations(k)    [{index, round, started, ended, outcome}] by round and index
//   run.runs             its sub-runs: each a run of the same kind with ofVisit (the visit that started it), index (the
//                        item's, or null) and round (the visit's attempt, from 0); run.runsOf(k) those of one visit; run.parent the run that it belongs to
//   run.cut              null, or {values, bytes}: how many values of the file were cut to so many bytes
// Inputs, outputs and details are parsed when they are read; undefined where the history does not have them. A number that
// JavaScript would write differently (big, 1.0, 1e3) is an Exact: String(number) is its text. What was cut is a text that says so.
// Times are epoch seconds, null where the history has none.

const CUT_MARK = "\u2026 cut here, ";

/** A column as an array of numbers and nulls. */
function unpack(column) {
  if (column.list) return column.list;
  const stepped = column.steps !== undefined || column.stepRuns !== undefined;
  const packed = column.runs ?? column.stepRuns;
  let numbers = column.steps;
  if (packed) {
    numbers = [];
    for (let i = 0; i < packed.length; i += 2) for (let n = packed[i + 1]; n > 0; n -= 1) numbers.push(packed[i]);
  }
  if (!stepped) return numbers;
  let last = 0;
  return numbers.map((step) => (step === null ? null : (last += step)));
}

/** Where each one's share of what is counted begins; one more for the end of the last. */
function offsets(counts) {
  const places = new Float64Array(counts.length + 1);
  for (let i = 0; i < counts.length; i += 1) places[i + 1] = places[i] + counts[i];
  return places;
}

/** An object whose members are worked out when they are first read. */
function lazily(made, members) {
  for (const [name, work] of Object.entries(members)) {
    Object.defineProperty(made, name, {
      enumerable: true,
      configurable: true,
      get() {
        const value = work();
        Object.defineProperty(made, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return made;
}

/** The tables and columns that all runs of a document share. */
class Store {
  constructor(doc) {
    this.doc = doc;
    this.decoded = {};
    this.columns = new Map();
    this.strings = new Map();
    this.definitions = new Map();
  }

  /** A column of a group, decoded once. */
  column(group, name) {
    const decoded = (this.decoded[group] ??= {});  // asked for in every loop: no key is put together
    return (decoded[name] ??= unpack(this.doc[group][name]));
  }

  /** The offsets of what a column counts. */
  starts(group, name) {
    const key = `${group}.${name} starts`;
    if (!this.columns.has(key)) this.columns.set(key, offsets(this.column(group, name)));
    return this.columns.get(key);
  }

  /** Where the details of each event begin. */
  get detailStarts() {
    const key = "details starts";
    if (!this.columns.has(key)) {
      const widths = this.doc.shapes.map((shape) => shape[2].length);
      this.columns.set(key, offsets(this.column("events", "shape").map((shape) => widths[shape])));
    }
    return this.columns.get(key);
  }

  text(number) {
    const entry = this.doc.values[number];
    if (typeof entry === "string") return entry;
    if (entry.cut !== undefined) return JSON.stringify(`${entry.cut}${CUT_MARK}${grouped(entry.bytes)} bytes in all`);
    return entry.map((piece) => (typeof piece === "number" ? this.text(piece) : piece)).join("");
  }

  /** A string of the table, parsed; one that was cut with its mark. null stays null. */
  string(number) {
    if (number === null) return null;
    if (!this.strings.has(number)) this.strings.set(number, this.readString(number));
    return this.strings.get(number);
  }

  readString(number) {
    const entry = this.doc.values[number];
    if (entry.cut === undefined) return String(JSON.parse(this.text(number)));
    const begun = entry.cut.replace(/\\(u[0-9a-fA-F]{0,3})?$/, "");
    const mark = `${CUT_MARK}${grouped(entry.bytes)} bytes in all`;
    try {
      return `${JSON.parse(`${begun}"`)}${mark}`;
    } catch {
      return `${entry.cut}${mark}`;
    }
  }

  value(number) {
    return number === null ? undefined : parse(this.text(number));
  }

  seconds(micros) {
    return micros === null || this.doc.timeless ? null : this.doc.zero + micros / 1e6;
  }

  definition(number) {
    if (number === null) return null;
    if (!this.definitions.has(number)) this.definitions.set(number, JSON.parse(this.doc.definitions[number]));
    return this.definitions.get(number);
  }
}

/** One execution: a window on the columns. */
class RunView {
  constructor(store, number, parent) {
    this.store = store;
    this.number = number;
    this.parent = parent;
    const of = (name) => store.column("runs", name)[number];
    this.ofVisit = of("visit");
    this.index = of("index");
    this.round = of("round");
    this.count = of("events");
    this.visits = of("visits");
    this.event0 = store.starts("runs", "events")[number];
    this.visit0 = store.starts("runs", "visits")[number];
    this.cut = store.doc.cut;
  }

  get facts() {
    const store = this.store;
    const of = (name) => store.column("runs", name)[this.number];
    const texts = ["name", "status", "machine", "arn", "machineArn", "type", "place", "error", "cause"];
    const mapRuns = store.doc.mapRuns.filter(([run]) => run === this.number).map(([, visit, counts]) => [visit, counts]);
    const facts = {
      ...Object.fromEntries(texts.map((name) => [name, store.string(of(name))])),
      started: store.seconds(of("started")),
      stopped: store.seconds(of("stopped")),
      virtual: of("virtual") === 1,
      definition: store.definition(of("definition")),
      mapRuns: Object.fromEntries(mapRuns),
      notes: [...store.doc.notes.filter(([run]) => run === this.number).map(([, note]) => note), ...this.number === 0 && this.cut ? [cutNote(this.cut)] : []],
    };
    lazily(facts, { input: () => store.value(of("input")), output: () => store.value(of("output")) });
    Object.defineProperty(this, "facts", { value: facts });
    return facts;
  }

  shapeOf(i) {
    return this.store.doc.shapes[this.store.column("events", "shape")[this.event0 + i]];
  }

  typeOf(i) {
    return this.shapeOf(i)[0];
  }

  visitOf(i) {
    return this.store.column("events", "visit")[this.event0 + i];
  }

  atOf(i) {
    return this.store.seconds(this.store.column("events", "at")[this.event0 + i]);
  }

  /** The event's id: its place, and one more for each event before it that a history that is cut does not have. */
  idOf(i) {
    return i + 1 + this.store.column("events", "skipped")[this.event0 + i];
  }

  previousOf(i) {
    return this.idOf(i) - this.store.column("events", "back")[this.event0 + i];
  }

  /** The place of the event with this id; -1 where the history does not have it. */
  indexOf(id) {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.idOf(middle) < id) low = middle + 1;
      else high = middle;
    }
    return this.count > 0 && this.idOf(low) === id ? low : -1;
  }

  /** The details' names and their numbers in the table of values. */
  detailsOf(i) {
    const names = this.shapeOf(i)[2];
    const start = this.store.detailStarts[this.event0 + i];
    const numbers = this.store.column("details", "value");
    return names.map((name, n) => [name, numbers[start + n]]);
  }

  detailsText(i) {
    const members = this.detailsOf(i).map(([name, number]) => `${JSON.stringify(name)}:${this.store.text(number)}`);
    return members.length ? `{${members.join(",")}}` : "";
  }

  event(i) {
    const [type, member] = this.shapeOf(i);
    const details = Object.fromEntries(this.detailsOf(i).map(([name, number]) => [name, () => this.store.value(number)]));
    const event = { id: this.idOf(i), type, at: this.atOf(i), previous: this.previousOf(i), visit: this.visitOf(i), member };
    return Object.assign(event, { details: lazily({}, details) });
  }

  visitColumn(name, k) {
    return this.store.column("visits", name)[this.visit0 + k];
  }

  stateOf(k) {
    return this.store.doc.places[this.visitColumn("place", k)][0];
  }

  stateTypeOf(k) {
    return this.store.doc.places[this.visitColumn("place", k)][1];
  }

  pointerOf(k) {
    return this.store.doc.places[this.visitColumn("place", k)][2];
  }

  edgeOf(k) {
    return this.store.doc.places[this.visitColumn("place", k)][3];
  }

  outcomeOf(k) {
    return this.store.string(this.visitColumn("outcome", k));
  }

  parentOf(k) {
    return this.visitColumn("parent", k);
  }

  slotOf(k) {
    return this.visitColumn("slot", k);
  }

  roundOf(k) {
    return this.visitColumn("round", k);
  }

  enteredOf(k) {
    return this.store.seconds(this.microsOf("entered", "first", k));
  }

  leftOf(k) {
    return this.store.seconds(this.microsOf("left", "last", k));
  }

  microsOf(name, id, k) {
    const since = this.visitColumn(name, k);
    return since === null ? null : this.eventMicros(this.visitColumn(id, k)) + since;
  }

  eventMicros(id) {
    return id > 0 && id <= this.count ? (this.store.column("events", "at")[this.event0 + id - 1] ?? 0) : 0;
  }

  visit(k) {
    const store = this.store;
    const of = (name) => this.visitColumn(name, k);
    const visit = {
      number: k,
      state: this.stateOf(k),
      type: this.stateTypeOf(k),
      pointer: this.pointerOf(k),
      edge: this.edgeOf(k),
      first: of("first"),
      last: of("last"),
      parent: of("parent"),
      slot: of("slot"),
      round: of("round"),
      entered: this.enteredOf(k),
      left: this.leftOf(k),
      outcome: this.outcomeOf(k),
      error: store.string(of("error")),
      cause: store.string(of("cause")),
    };
    return lazily(visit, {
      input: () => store.value(of("input")),
      output: () => store.value(of("output")),
      assigned: () => Object.fromEntries(this.share("assigned", k, (n) => [
        store.string(store.column("assigned", "name")[n]),
        store.value(store.column("assigned", "value")[n]),
      ])),
      attempts: () => this.attempts(k),
      iterations: () => this.iterations(k),
    });
  }

  /** What a visit has of something that is counted, each made by `make` from its place in the columns. */
  share(name, k, make) {
    const starts = this.store.starts("visits", name);
    const made = [];
    for (let n = starts[this.visit0 + k]; n < starts[this.visit0 + k + 1]; n += 1) made.push(make(n));
    return made;
  }

  errorOf(k) {
    return this.store.string(this.visitColumn("error", k));
  }

  inputOf(k) {
    return this.store.value(this.visitColumn("input", k));
  }

  attemptsCount(k) {
    return this.visitColumn("attempts", k);
  }

  attempts(k) {
    const store = this.store;
    return this.share("attempts", k, (n) => {
      const of = (name) => store.column("attempts", name)[n];
      const since = (name, micros) => (of(name) === null ? null : store.seconds(micros + of(name)));
      const begun = this.eventMicros(of("first"));
      const scheduled = begun + (of("scheduled") ?? 0);
      const attempt = {
        number: of("number"),
        first: of("first"),
        last: of("last"),
        scheduled: since("scheduled", begun),
        started: since("started", scheduled),
        ended: since("ended", this.eventMicros(of("last"))),
        retryAt: since("retryAt", scheduled),
        outcome: store.string(of("outcome")),
        error: store.string(of("error")),
        cause: store.string(of("cause")),
        resource: store.string(of("resource")),
      };
      return lazily(attempt, { input: () => store.value(of("input")), output: () => store.value(of("output")) });
    });
  }

  iterations(k) {
    const store = this.store;
    const entered = this.microsOf("entered", "first", k) ?? 0;
    const all = this.share("iterations", k, (n) => {
      const of = (name) => store.column("iterations", name)[n];
      const started = of("started") === null ? null : entered + of("started");
      const ended = of("ended") === null ? null : (started ?? 0) + of("ended");
      return {
        index: of("index"),
        round: of("round"),
        started: store.seconds(started),
        ended: store.seconds(ended),
        outcome: store.string(of("outcome")),
      };
    });
    return all.sort((one, other) => one.round - other.round || one.index - other.index);
  }

  /** The visits by what they are in: parent -> their numbers, and parent -> slot -> their numbers; made once. */
  get inside() {
    const all = new Map();
    const bySlot = new Map();
    for (let k = 0; k < this.visits; k += 1) {
      const parent = this.parentOf(k) ?? -1;
      if (!all.has(parent)) {
        all.set(parent, []);
        bySlot.set(parent, new Map());
      }
      all.get(parent).push(k);
      const slots = bySlot.get(parent);
      const slot = this.slotOf(k);
      if (slots.has(slot)) slots.get(slot).push(k);
      else slots.set(slot, [k]);
    }
    const inside = { all, bySlot };
    Object.defineProperty(this, "inside", { value: inside });
    return inside;
  }

  childrenOf(k, slot) {
    const parent = k ?? -1;
    if (slot === undefined) return this.inside.all.get(parent) ?? [];
    return this.inside.bySlot.get(parent)?.get(slot) ?? [];
  }

  get runs() {
    const parents = this.store.column("runs", "parent");
    const runs = [];
    for (let n = this.number + 1; n < parents.length; n += 1) {
      if (parents[n] === this.number) runs.push(new RunView(this.store, n, this));
    }
    Object.defineProperty(this, "runs", { value: runs });
    return runs;
  }

  runsOf(k) {
    return this.runs.filter((run) => run.ofVisit === k);
  }
}

/** What the page says at its head where values were cut. */
function cutNote({ values, bytes }) {
  return `To keep this file small, ${grouped(values)} long values are cut after ${grouped(bytes)} bytes. Each says so where it is cut.`;
}

/** The run that a document holds. */
function open(doc) {
  if (doc.format !== 1) throw new Error(`a document of format ${doc.format}; this page reads format 1`);
  return new RunView(new Store(doc), 0, null);
}
