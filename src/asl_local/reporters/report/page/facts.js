// The head of the report: name, status, error, facts, input and output of the execution.
// Knows: a run's facts. Must never know: its visits. The page holds the same without a script (page.py).

function factsView(root, run, app) {
  const facts = run.facts;
  root.append(
    el("header", {}, el("h1", { id: "facts-title" }, el("bdi", {}, facts.name)), outcome(facts.status, { badge: true })),
    ...(facts.error ?? facts.cause) ? [executionError(run, app)] : [],
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
  const { error, cause } = run.facts;
  const at = failedVisit(run);
  const where = at === null ? null : el("p", {}, "In state ", el("a", {
    href: "#graph", on: { click: () => app.select({ visit: at }) },
  }, el("bdi", {}, run.visit(at).state)));
  return el("div", { class: "error" }, el("h2", {}, icon("failed"), error ?? "Error"), cause ? causeView(cause) : null, where);
}

/** The innermost visit that the execution failed by: the last failed one, and what failed inside of it. */
function failedVisit(run) {
  let found = null;
  for (let number = run.visits - 1; number >= 0; number -= 1) {
    const visit = run.visit(number);
    if (found === null ? visit.parent === null || visit.parent === undefined : visit.parent === found) {
      if (visit.outcome !== "failed" && visit.outcome !== "timed out") continue;
      found = number;
      number = run.visits;
    }
  }
  return found;
}
