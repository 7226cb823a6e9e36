"""How a Map Run goes on: items become children, children end, and in the end so does the run.

Knows: the order of things in a Distributed Map. Must never know: how items are read or results written (calls do), what
a child does (it is an execution), or how a failure is caught.

    pages of items -> ItemSelector -> batches -> children -> results -> files -> manifest

No more items are held than the children that may run need: a page is asked for when what is there will not do, and no
child starts while more than a few files wait to be written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl_local.engine import failures, patterns, redrive
from asl_local.engine.history import Mark
from asl_local.engine.map_runs import results
from asl_local.engine.map_runs.batches import next_input, unstarted
from asl_local.engine.map_runs.run import (
    ABORTED,
    EXPRESS_SECONDS,
    FAILED,
    KEPT_UNSUCCESSFUL,
    MOST_CHILDREN,
    READER,
    RUNNING,
    SUCCEEDED,
    WRITER,
    Child,
    Errand,
    MapRun,
    Pending,
    seed_of,
    uuid_of,
)
from asl_local.engine.messages import (
    EXECUTION_TOKEN,
    Call,
    Cancel,
    Command,
    Failed,
    Inside,
    Redriven,
    Refused,
    Stimulus,
    Stopped,
    Succeeded,
)
from asl_local.errors import (
    EXCEED_TOLERATED_FAILURE_THRESHOLD,
    ITEM_READER_FAILED,
    RESULT_WRITER_FAILED,
    RUNTIME,
    EvaluationError,
)
from asl_local.plan import Plan, unusable
from asl_local.values import Json, exceeds

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand
    from asl_local.engine.messages import Identity
    from asl_local.plan.plan import Distributed, State

PAGE = 1_000
"""Items that a page has at most; fewer where they are large."""

_MOST_WRITES = 2  # files on their way at a time: no child starts while there are more


def start(x: Execution, strand: Strand, arguments: Json) -> None:
    """Begin a run.

    Raises EvaluationError for a field that cannot be evaluated; most are looked at after the state has started (recorded).
    """
    state, spec = strand.state, strand.state.distributed
    if spec is None or state.concurrency is None:
        raise TypeError(f"{state.pointer} is no Distributed Map")
    x.current = strand
    concurrency = state.concurrency.of(arguments, x) or 0
    found = None if spec.items is None else spec.items(arguments, x)
    strand.event = x.history.add("MapStateStarted", x.now, strand.event, len(found) if found else 0)
    run = _run(x, strand, spec)
    run.arguments = arguments
    run.limit = min(concurrency or MOST_CHILDREN, MOST_CHILDREN)
    if found is not None:
        run.source = list(found.values()) if type(found) is dict else found
        run.keys = list(found) if type(found) is dict else None
    _evaluate(x, run, spec, arguments)
    run.event = strand.event = x.history.add("MapRunStarted", x.now, strand.event, run.arn)
    strand.run = run
    x.map_runs.append(run)
    if x.marks is not None and run.source is not None:
        _mark_items(x.marks, run, len(run.source))
    if run.max_items is not None and run.max_items < 0:
        _close(x, run, ITEM_READER_FAILED, "field MaxItems must be positive")  # recorded
    pump(x, run)


def _run(x: Execution, strand: Strand, spec: Distributed) -> MapRun:
    """A run with its names. Without a Label, AWS makes one up for the state; ours is a function of the definition."""
    label = spec.label or uuid_of(x.plan.fingerprint, strand.state.pointer)
    uuid = uuid_of(x.identity.execution_arn, x.seed, strand.state.pointer, len(x.map_runs))
    stem, _, machine = x.identity.machine_arn.partition(":stateMachine:")
    run = MapRun(
        strand, strand.state, label, uuid, f"{stem}:mapRun:{machine or x.identity.machine_name}/{label}:{uuid}"
    )
    run.started_at = x.now
    return run


def _evaluate(x: Execution, run: MapRun, spec: Distributed, arguments: Json) -> None:
    def number(field: object) -> Json:
        return None if field is None else field.of(arguments, x)  # type: ignore[attr-defined]

    run.tolerated_count = number(spec.tolerated_count)
    run.tolerated_percentage = number(spec.tolerated_percentage)
    run.max_items = number(spec.max_items)
    run.batch_items, run.batch_bytes = number(spec.batch_items), number(spec.batch_bytes)
    if spec.batch_input is not None:
        run.batch_input = spec.batch_input(arguments, x)
    if spec.reader is not None:
        run.parameters = spec.reader(arguments, x)
    if spec.writer is not None:
        run.destination = _destination(spec.writer(arguments, x))


def _destination(given: Json) -> Json:
    """Where the results go; how AWS words what it cannot use there is not among the recordings."""
    if type(given) is not dict or not given.get("Bucket"):
        raise EvaluationError(RUNTIME, "The ResultWriter's parameters must have a Bucket.")
    for name in ("Bucket", "Prefix"):
        if not isinstance(given.get(name, ""), str):
            raise unusable(given, f"The value for the field '{name}' must be a STRING")
    return given


# -- going on ----------------------------------------------------------------------------------------------------------


def pump(x: Execution, run: MapRun) -> None:
    """Start as many children as may run, ask for items and for files to be written, and end the run when all is done."""
    while run.status == RUNNING and not run.closing and len(run.live) < run.limit and len(run.writes) <= _MOST_WRITES:
        if run.again:
            _redrive(x, run, run.kept.pop(run.again.pop(0)))
            continue
        try:
            given = next_input(x, run)
        except EvaluationError as error:
            _broken(x, run, error)
            return
        if given is None:
            break
        _launch(x, run, *given)
        _write(x, run)
    if run.status != RUNNING:
        return
    _read(x, run)
    over = run.done and run.taken == run.position and not run.again
    if not run.live and not run.reading and (run.closing or over):
        _finish(x, run)
    else:
        _write(x, run)


def _broken(x: Execution, run: MapRun, error: EvaluationError) -> None:
    """An item's ItemSelector cannot be evaluated, or the item is too large."""
    abort(x, run)
    run.status, run.error, run.cause = FAILED, error.error, error.cause
    if error.error != RUNTIME:  # which ends the execution without another word (floci#2868)
        run.strand.event = x.history.add("MapRunFailed", x.now, run.event, error.error, error.cause)
    failures.broken(x, run.strand, error)


def receive(x: Execution, errand: Errand, stimulus: Stimulus) -> None:
    """Something has happened to a child, to a page of items or to a file."""
    run = errand.run
    if errand.whose == READER:
        del x.errands[run.reading]
        run.reading = 0
        _page(x, run, stimulus)
    elif errand.whose == WRITER:
        token = stimulus.token  # type: ignore[union-attr]
        del x.errands[token]
        _written(x, run, run.writes.pop(token), stimulus)
    else:
        child = run.live[errand.whose]
        inner = errand.inner
        _step(x, run, child, stimulus._replace(token=inner))  # type: ignore[call-arg]
        if child.index in run.live and inner != EXECUTION_TOKEN and not child.execution.waits_for(inner):
            x.errands.pop(child.tokens.pop(inner, 0), None)
    pump(x, run)


def _launch(x: Execution, run: MapRun, given: Json, first: int, count: int) -> None:
    """Start a child with this input."""
    child = run.live[run.started] = Child(run.started, first, count, _execution(x, run, run.started, given))
    run.started += 1
    _step(x, run, child, None)


def _execution(x: Execution, run: MapRun, index: int, given: Json) -> Execution:
    plan = plan_of(x.plan, run.state)
    execution = type(x)(
        plan, given, identity=_identity(x, run, index, express=plan.timeout is not None),
        seed=seed_of(x.seed, run.uuid, index), shuffle=x.shuffle, limits=x.limits, activities=x.activities,
    )  # fmt: skip
    execution.finished = None if x.finished is None else []
    execution.marks = x.marks
    return execution


def _redrive(x: Execution, run: MapRun, child: Child) -> None:
    """A child that did not succeed goes on; one of type EXPRESS, or one that cannot, starts from the beginning."""
    run.live[child.index] = child
    child.tokens.clear()
    if child.execution.plan.timeout is None and redrive.why_not(child.execution, x.now) is None:
        _step(x, run, child, Redriven())
    else:
        child.execution = _execution(x, run, child.index, child.execution.input)
        _step(x, run, child, None)


def plan_of(plan: Plan, state: State) -> Plan:
    """The plan of a state's children."""
    spec = state.distributed
    if spec is None:
        raise TypeError(f"{state.pointer} is no Distributed Map")
    seconds = EXPRESS_SECONDS if spec.express else None
    return Plan(spec.child, f"{plan.fingerprint}{spec.child.pointer}", seconds, plan.states)


def _identity(x: Execution, run: MapRun, index: int, *, express: bool) -> Identity:
    """The names of a child: a UUID for a name, its machine named after the state (Developer Guide)."""
    parent = x.identity
    stem = parent.machine_arn.partition(":stateMachine:")[0]
    machine, name = f"{parent.machine_name}/{run.label}", uuid_of(run.uuid, index)
    kind = "express" if express else "execution"
    serial = f":{uuid_of(run.uuid, index, 'express')}" if express else ""
    return type(parent)(
        execution_arn=f"{stem}:{kind}:{machine}:{name}{serial}",
        execution_name=name,
        machine_arn=f"{stem}:stateMachine:{machine}",
        machine_name=machine,
        role_arn=parent.role_arn,
        region=parent.region,
    )


def _step(x: Execution, run: MapRun, child: Child, stimulus: Stimulus | None) -> None:
    """Step a child, and take what it wants, and its end if it has come."""
    execution = child.execution
    _forward(x, run, child, execution.step(stimulus, x.now))
    if x.finished is not None and execution.finished:
        x.finished += execution.finished
        execution.finished = []
    if execution.outcome is not None:
        _ended(x, run, child)


def _forward(x: Execution, run: MapRun, child: Child, commands: list[Command]) -> None:
    """A child's commands go out under tokens of the parent's."""
    cancelled: set[int] = set()
    for command in commands:
        outer = child.tokens.get(command.token)
        if type(command) is Cancel:
            if outer is not None:
                cancelled.add(outer)
                x.errands.pop(child.tokens.pop(command.token), None)
            continue
        if outer is None:
            x.tokens += 1
            outer = child.tokens[command.token] = x.tokens
            x.errands[outer] = Errand(run, child.index, command.token)
        x.commands.append(outward(run, child, command, outer))
    x.withdraw(cancelled)


def outward(run: MapRun, child: Child, command: Command, outer: int) -> Command:
    """A child's command as its parent gives it on."""
    if type(command) is not Call:
        return command._replace(token=outer)
    here = (*patterns.within(run.strand), Inside("Map", run.state.name, child.index))
    return command._replace(
        token=outer,
        execution_arn=command.execution_arn or child.execution.identity.execution_arn,
        within=here + command.within,
    )


def _release(x: Execution, child: Child) -> None:
    for outer in child.tokens.values():
        x.errands.pop(outer, None)
    child.tokens.clear()


def _ended(x: Execution, run: MapRun, child: Child) -> None:
    """A child has ended: count it, keep what it leaves, and see whether the run can still succeed."""
    outcome = child.execution.outcome
    if outcome is None:
        raise TypeError(f"{child.execution.identity.execution_arn} has not ended")
    del run.live[child.index]
    _release(x, child)
    run.count(child)
    results.add(x, run, child)
    succeeded = outcome.status == "SUCCEEDED"
    kept = run.executions["succeeded"] if succeeded else run.unsuccessful_kept()
    if kept <= (x.limits.kept_children if succeeded else KEPT_UNSUCCESSFUL):
        run.kept[child.index] = child
    if x.finished is not None:
        x.finished.append((run, child))
    if not succeeded and not run.closing and _exceeded(run):
        run.culprit = f"item {child.index} > {outcome.place}" if outcome.place else f"item {child.index}"
        cause = "The specified tolerated failure threshold was exceeded"  # recorded
        _close(x, run, EXCEED_TOLERATED_FAILURE_THRESHOLD, cause, told=child.execution.told)


def _exceeded(run: MapRun) -> bool:
    """Whether more items have failed than are tolerated: none, where the state does not say.

    A percentage is one of all items, so it is looked at when all are known.
    """
    failed, count, percentage = run.unsuccessful, run.tolerated_count, run.tolerated_percentage
    if count is None and percentage is None:
        return failed > 0
    if count is not None and failed > count:
        return True
    total = len(run.source) if run.source is not None else run.position if run.done else 0
    return percentage is not None and total > 0 and failed * 100 > percentage * total


# -- items and files ---------------------------------------------------------------------------------------------------


def _read(x: Execution, run: MapRun) -> None:
    """Ask for a page of items if there is room for one."""
    spec = run.state.distributed
    if run.source is not None:
        run.done = run.position == len(run.source)
        return
    if spec is None or run.done or run.reading or run.closing or len(run.pending) > PAGE // 2:
        return
    left = PAGE if not run.max_items else run.max_items - run.position
    if left <= 0:
        run.done = True
        return
    run.asked = min(PAGE, left)
    run.reading = _call(x, run, "ItemReader", page_wanted(run), READER)


def page_wanted(run: MapRun) -> Json:
    """The arguments of the call that reads the next page."""
    spec = run.state.distributed
    return {
        "Parameters": run.parameters,
        "ReaderConfig": {} if spec is None else dict(spec.reader_config),
        "Run": run.uuid,
        "Position": run.position,
        "Count": run.asked,
    }


def _mark_items(marks: set[Mark], run: MapRun, count: int) -> None:
    marks.add((run.state.pointer, "items", min(count, 2)))


def _call(x: Execution, run: MapRun, field: str, arguments: Json, whose: int) -> int:
    x.tokens += 1
    x.errands[x.tokens] = Errand(run, whose, 0)
    x.commands.append(call_of(run, x.tokens, field, arguments))
    return x.tokens


def call_of(run: MapRun, token: int, field: str, arguments: Json) -> Call:
    """A call of the run's own; its resource is the field's place in the definition."""
    return Call(token, f"{run.state.pointer}/{field}", arguments, run.state.name, 0, None)


def _page(x: Execution, run: MapRun, stimulus: Stimulus) -> None:
    if isinstance(stimulus, Succeeded):
        page = stimulus.result
        keys = page["Keys"] or [None] * len(page["Items"])
        sources = [source for count, source in page["Sources"] for _ in range(count)]
        for value, key, source in zip(page["Items"], keys, sources, strict=True):
            run.pending.append(Pending(value, key, source))
        run.position += len(page["Items"])
        run.done = page["Done"] or run.position == run.max_items
        if x.marks is not None and (run.done or run.position > 1):
            _mark_items(x.marks, run, run.position)
        if run.done and not run.closing and _exceeded(run):
            _close(x, run, EXCEED_TOLERATED_FAILURE_THRESHOLD, "The specified tolerated failure threshold was exceeded")
    elif isinstance(stimulus, (Failed, Refused)):
        _close(x, run, ITEM_READER_FAILED, stimulus.cause, told=True)


def _write(x: Execution, run: MapRun, *, last: bool = False) -> None:
    """Let full files go out; with `last`, all that there is."""
    if run.destination is None or run.error == RESULT_WRITER_FAILED:
        return
    while (file := results.take_file(run, last=last)) is not None:
        run.writes[_call(x, run, "ResultWriter", file, WRITER)] = file


def _written(x: Execution, run: MapRun, file: Json, stimulus: Stimulus) -> None:
    if isinstance(stimulus, Succeeded):
        if results.is_manifest(file):
            run.manifest = True
        else:
            results.note_file(run, file, stimulus.result)
        return
    cause = stimulus.cause if isinstance(stimulus, (Failed, Refused)) else None
    run.buffers.clear()
    _close(x, run, RESULT_WRITER_FAILED, cause, told=True)


# -- the end -----------------------------------------------------------------------------------------------------------


def _close(x: Execution, run: MapRun, error: str, cause: str | None, *, told: bool = False) -> None:
    """The run will fail: no more children start, those that run are aborted."""
    if run.error is None or error == RESULT_WRITER_FAILED:
        run.error, run.cause, run.told = error, cause, told
    run.close()
    _stop_children(x, run)
    if run.reading:
        x.withdraw({run.reading})
        del x.errands[run.reading]
        run.reading = 0


def _stop_children(x: Execution, run: MapRun) -> None:
    for child in list(run.live.values()):
        if child.index in run.live:
            _step(x, run, child, Stopped())


def _finish(x: Execution, run: MapRun) -> None:
    """All children have ended: write what is left, then say how the run ended."""
    if run.destination is not None and run.error != RESULT_WRITER_FAILED:
        if run.error is not None and not run.exported:
            run.exported = True
            for given in unstarted(x, run):
                results.buffer(run, "PENDING", results.pending_record(given))
        _write(x, run, last=True)
        if not run.writes and not run.manifest:
            manifest = results.manifest_file(run)
            run.writes[_call(x, run, "ResultWriter", manifest, WRITER)] = manifest
    if run.writes:
        return
    strand = run.strand
    run.stopped_at = x.now
    if run.error is not None:
        run.status = FAILED
        strand.event = x.history.add("MapRunFailed", x.now, run.event, run.error, run.cause)
        failures.fail(x, strand, failures.Failure(run.error, run.cause, told=run.told))
        return
    run.status = SUCCEEDED
    if x.marks is not None and run.unsuccessful:
        x.marks.add((run.state.pointer, "tolerated", 0))
    ended = x.history.add("MapRunSucceeded", x.now, run.event)
    result = _result(run)
    if run.overflow or (run.destination is None and exceeds(result, x.limits.payload_bytes)):
        strand.event = ended
        failures.broken(x, strand, failures.too_large(strand.state.name))
        return
    x.history.add("MapStateSucceeded", x.now, ended)
    # MapStateExited follows MapRunSucceeded in the recordings until September 2024, as it follows the event before
    # MapStateSucceeded in an inline Map; in the fewer ones since November 2024 it follows MapRunStarted.
    strand.event = ended
    strand.run = None
    run.results.clear()
    x.leave(strand, result)


def _result(run: MapRun) -> Json:
    if run.destination is None:
        return results.collected(run)
    details = {"Bucket": run.destination["Bucket"], "Key": f"{results.folder(run)}manifest.json"}
    return {"MapRunArn": run.arn, "ResultWriterDetails": details}


def abort(x: Execution, run: MapRun) -> None:
    """Nobody wants the run any more: its children are aborted, and nothing is read or written."""
    if run.status != RUNNING:
        return
    run.close()
    _stop_children(x, run)
    own = {run.reading, *run.writes} - {0}
    for token in own:
        x.errands.pop(token, None)
    x.withdraw(own)
    run.reading = 0
    run.writes.clear()
    run.status, run.stopped_at = ABORTED, x.now
