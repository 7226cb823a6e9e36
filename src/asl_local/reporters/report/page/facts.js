// The head of the report: name, status, error, facts, input and output of the execution.
// Knows: a run's facts. Must never know: its visits. The page holds the same without a script (page.py).

function factsView(root, run, app) {
  const facts = run.facts;
  root.append(
    el("header", {}, ...headOf(run), outcome(facts.status, { badge: true })),
    ...(facts.error ?? facts.cause ?? ENDS[facts.status]) ? [executionError(run, app)] : [],
    ...facts.notes.map((note) => el("p", { class: "notice" }, note)),
    el("dl", { class: "facts" }, ...knownFacts(run).map(([name, value, copied]) =>
      el("div", { class: copied ? "wide" : null }, el("dt", {}, name),
      el("dd", {}, value, copied && copyButton(value, name))))),
    el("div", { class: "pair" },
      el("div", { class: "card" }, el("header", {}, el("h2", {}, "Execution input")), el("div", { class: "body" }, told(facts.input, "Execution input"))),
      el("div", { class: "card" }, el("header", {}, el("h2", {}, "Execution output")), el("div", { class: "body" },
        facts.status === "SUCCEEDED" ? told(facts.output, "Execution output") : nothing(`None: ${facts.status}`)))),
  );
  root.querySelector(".badge").classList.add("big");
}

/** The machine's name with the execution's beside it; an item of a Map Run has only its own. */
function headOf({ facts, index }) {
  const machine = index === null ? facts.machine : "";
  return [el("h1", { id: "facts-title" }, el("bdi", {}, machine || facts.name)),
    machine && facts.name ? el("p", { class: "muted execution" }, el("bdi", {}, facts.name)) : ""];
}

/** What is said of an execution without an error of its own; page.py has the same. */
const ENDS = {
  TIMED_OUT: ["Timed out", "The execution ran out of time."],
  ABORTED: ["Aborted", "The execution was aborted; nobody gave an error or a cause."],
};

function knownFacts({ facts, count, index }) {
  const lasted = typeof facts.started === "number" && typeof facts.stopped === "number" ? facts.stopped - facts.started : null;
  return [
    ["State machine", facts.machine],
    ["Execution ARN", facts.arn, true],
    ["State machine ARN", facts.machineArn, true],
    ["Item", index === null ? "" : String(index)],
    ["Type", facts.type],
    ["Started (UTC)", moment(facts.started)],
    ["Stopped (UTC)", moment(facts.stopped)],
    ["Duration", lasted === null ? "" : `${duration(lasted)}${facts.virtual ? " of virtual time" : ""}`],
    ["Events", grouped(count)],
  ].filter(([, value]) => value);
}

function copyButton(text, name) {
  const made = button("Copy", () => copyText(text, made), { class: "button small tools", "aria-label": `Copy ${name}` });
  return made;
}

function executionError(run, app) {
  const { error, cause, status } = run.facts;
  const [heading, sentence] = ENDS[status] ?? ["Error", ""];
  const at = failedVisit(run);
  const where = at === null ? null : el("p", {}, "In state ", el("a", {
    href: "#graph", on: { click: () => app.select({ visit: at }) },
  }, el("bdi", {}, run.visit(at).state)));
  const why = cause ? causeView(cause) : error === null && sentence ? el("p", {}, sentence) : null;
  return el("div", { class: `error ${kindOf(status)}` }, el("h2", {}, icon(kindOf(status)), seen(error ?? heading)), why, where);
}

/** The innermost visit that the execution ended by, badly: the last such one, and in it; if it was cut short, one that was too. */
function failedVisit(run) {
  const sought = { TIMED_OUT: ["timed out"], ABORTED: ["aborted"] }[run.facts.status] ?? ["failed", "timed out"];
  let found = null;
  for (let number = run.visits - 1; number >= 0; number -= 1) {
    if (run.parentOf(number) === found) {
      if (!sought.includes(run.outcomeOf(number))) continue;
      found = number;
      number = run.visits;
    }
  }
  return found;
}
