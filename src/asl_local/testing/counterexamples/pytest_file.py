"""A counterexample as a pytest file that stands on its own: definition, input, answers, schedule, and what must hold.

Knows: what such a test looks like. Must never know: how a run is gone through again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from asl_local.drivers import START
from asl_local.engine.messages import Call, Failed, Succeeded, TaskFailed, TaskSucceeded
from asl_local.errors import AslError, StateError
from asl_local.lazy import dataclass, hinted, replace
from asl_local.resources import Resources
from asl_local.testing.counterexamples.imports import Imports, literal
from asl_local.testing.counterexamples.story import Step
from asl_local.testing.exploring import HANGS, Run, Setting, follow, run_of
from asl_local.values import Json, text_of

_TEST: Final = """\
def {name}() -> None:
    machine = asl_local.load(DEFINITION, {load})
{world}    try:
        result = machine.simulate(INPUT, {resources}, schedule=SCHEDULE{options})
    except asl_local.ImpossibleSchedule as error:
        pytest.skip(f"the machine cannot go this way any more: {{error}}")
{check}"""

_HEADING: Final = '''\
"""{message}

Found by exploring {name}. The test goes through that run again:

{story}

It fails as long as this happens, passes when it does not, and is skipped when the machine cannot go this way any more.
"""
'''

_ANSWER: Final = """\
# What the handlers gave: place, attempt, arguments, seconds that it took, answer.
ANSWERS = [{rows}]


def answer(event, context):
    for place, attempt, arguments, seconds, given in ANSWERS:
        if (place, attempt, arguments) == (context.call.place, context.attempt, event):
            context.sleep(seconds)
            if isinstance(given, Exception):
                raise given
            return given
    raise LookupError(f"{context.call.place} was not called with {event!r} when the fault was found")

"""

_HOLDS: Final = """\
    run = SimpleNamespace(
        status="HANGS" if result.status == "RUNNING" else result.status, output=result.output, error=result.error,
        cause=result.cause, input=INPUT, schedule=SCHEDULE, world={world}, result=result,
    )
    assert {invariant}(run) is not False
"""


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a test; `notes` say what in it is not as it was when the fault was found."""

    text: str
    notes: tuple[str, ...] = ()


class Found(Protocol):
    """A counterexample; `Counterexample` is one."""

    @property
    def message(self) -> str:
        """What does not hold."""

    @property
    def run(self) -> Run:
        """The run."""

    @property
    def asked(self) -> Any:
        """What was explored."""

    def steps(self) -> list[Step]:
        """The steps of the run."""


def pytest_file(
    found: Found, path: Path, *, name: str, definition: str | os.PathLike[str] | None, sources: Mapping[str, str]
) -> Written:
    """The text of a test that is to stand at `path`; see Counterexample.write_test."""
    if not name.isidentifier() or not name.startswith("test"):
        raise ValueError(f"name: {name!r} is not the name of a test function")
    imports, notes = Imports(path.resolve().parent), []
    setting, run, steps = found.asked.setting, found.run, found.steps()
    machine, judges = setting.machine, found.asked.options
    if definition is None:
        constants = [f"DEFINITION = {literal(machine.definition)}"]
    else:
        relative = Path(os.path.relpath(Path(definition).resolve(), imports.folder)).as_posix()
        imports.standard.add("from pathlib import Path")
        constants = [f"DEFINITION = Path(__file__).resolve().parent / {literal(relative)}"]
    constants += [f"INPUT = {literal(run.input)}", f"SCHEDULE = {literal(run.schedule)}"]
    world = imports.expression(setting.world, sources.get("world")) if setting.worldly else None
    resources = _resources(setting.resources, sources.get("resources"), imports)
    mocked = _mocked(setting, sources, imports)
    alone: Run | None = None
    if resources is None or mocked is None or (setting.worldly and world is None):
        answers = _answers(steps)
        alone = _alone(found, answers)
        constants.append(
            _ANSWER.replace("{rows}", "".join(f"\n    {_row(row)}," for row in answers) + "\n" * bool(answers))
        )
        resources, world, mocked = 'asl_local.Resources({"*": answer}, workers={"*": answer})', None, ""
        notes.append("the handlers cannot be imported: the test has the answers that they gave")
    judge = judges.get("invariant") or judges.get("always")
    if alone is None:
        whole = run_of(setting, follow(setting, run.schedule), run.schedule)
        if not _is_violated(judge, whole):
            raise ValueError("what is violated on the way holds again at the end, and a test looks at the end only")
    invariant = (
        imports.expression(judge, sources.get("invariant")) if alone is None or _is_violated(judge, alone) else None
    )
    if invariant is None:
        notes.append("the invariant cannot be asked there: the test says that the execution must not end as it did")
        check = _not_so(run)
    else:
        imports.standard.add("from types import SimpleNamespace")
        check = _HOLDS.format(invariant=invariant, world="world" if world is not None else None)
    test = _TEST.format(
        name=name, load=_load(machine), world=f"    world = {world}\n" if world is not None else "",
        resources=resources, options=_options(setting, mocked, world), check=check,
    )  # fmt: skip
    text = "\n".join([_heading(found, machine, steps), *imports.lines(), "", *constants, "", "", test])
    return Written(text, tuple(notes))


def _heading(found: Found, machine: Any, steps: Sequence[Step]) -> str:
    story = [f"{number}. {step}" for number, step in enumerate(steps, 1)]
    texts = {"message": found.message, "name": machine.name, "story": "\n".join([*story, found.run.outcome])}
    return _HEADING.format(**{name: _in_docstring(text) for name, text in texts.items()})


def _in_docstring(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _load(machine: Any) -> str:
    return f"name={literal(machine.name)}" + ("" if machine.type == "STANDARD" else f", type={literal(machine.type)}")


def _options(setting: Setting, mocked: str, world: str | None) -> str:
    text = f", seed={setting.seed}" if setting.seed else ""
    text += f", start={setting.start!r}" if setting.start != START else ""
    text += f", limits=asl_local.{setting.limits!r}" if setting.limits is not None else ""
    return text + mocked + (", world=world" if world is not None else "")


def _mocked(setting: Setting, sources: Mapping[str, str], imports: Imports) -> str | None:
    """The keywords for the mocks, which can be said only of a file's test case."""
    if setting.mocks is None:
        return ""
    if "mock_config" not in sources:
        return None
    path = Path(os.path.relpath(Path(sources["mock_config"]).resolve(), imports.folder)).as_posix()
    imports.standard.add("from pathlib import Path")
    return f", mock_config=Path(__file__).resolve().parent / {literal(path)}, test_case={literal(sources['test_case'])}"


def _resources(value: Any, source: str | None, imports: Imports) -> str | None:
    if value is None and source is None:
        return "None"
    return None if isinstance(value, Resources) and source is None else imports.expression(value, source)


def _not_so(run: Run) -> str:
    if run.status == "SUCCEEDED":
        return f"    assert (result.status, result.output) != ({literal('SUCCEEDED')}, {literal(run.output, 4)})\n"
    status = "RUNNING" if run.status == "HANGS" else run.status
    return f"    assert (result.status, result.error) != ({literal(status)}, {literal(run.error)})\n"


# -- answers -----------------------------------------------------------------------------------------------------------

_Row = tuple[str, int, Json, float, Any]


def _answers(steps: Sequence[Step]) -> list[_Row]:
    """What the handlers gave, once for each call that is different.

    Raises ValueError where the same call was answered differently.
    """
    rows: dict[tuple[str, int, str], _Row] = {}
    for step in steps:
        if step.call is None or not step.performed or step.answer is None:
            continue
        call, given = step.call, _given(step)
        row = (call.place, call.attempt, call.arguments, step.took, given)
        key = (call.place, call.attempt, text_of(call.arguments))
        before = rows.setdefault(key, row)
        if repr(before) != repr(row) and not call.waits:
            raise ValueError(
                f"{call.place} was answered differently when it was called again, by handlers that cannot be imported: "
                "say in `sources` where resources and world come from"
            )
        rows[key] = row  # of a task that waits for more than its call: what it came to
    return list(rows.values())


def _given(step: Step) -> Any:
    answer = step.answer
    if isinstance(answer, Succeeded):
        return answer.result
    if isinstance(answer, TaskSucceeded):
        return answer.output
    if isinstance(answer, (Failed, TaskFailed)):
        return StateError(answer.error or "", answer.cause or "")
    return None


def _row(row: _Row) -> str:
    *start, given = row
    text = (
        f"asl_local.StateError({given.error!r}, {given.cause!r})"
        if isinstance(given, StateError)
        else literal(given, 8)
    )
    return f"({', '.join(literal(each, 8) for each in start)}, {text})"


def _is_violated(judge: Any, run: Run) -> bool:
    try:
        return judge(run) is False
    except AssertionError:
        return True
    except Exception:  # it looks at a world, and there is none
        return False


def _alone(found: Found, answers: Sequence[_Row]) -> Run:
    """The run with the answers alone. Raises ValueError if it does not come to the same end."""
    run, setting = found.run, found.asked.setting

    def answer(event: Json, context: Any) -> Json:
        call: Call = context.call
        for place, attempt, arguments, seconds, given in answers:
            if (place, attempt, arguments) == (call.place, call.attempt, event):
                context.sleep(seconds)
                if isinstance(given, Exception):
                    raise given
                return given
        raise LookupError(call.place)

    why = "it ends otherwise"
    try:
        answers_alone = replace(
            setting, resources=Resources({"*": answer}, workers={"*": answer}), world=None, mocks=None
        )
        again = run_of(answers_alone, follow(answers_alone, run.schedule), run.schedule)
        if (again.status, again.error) == (run.status, run.error) or again.status == HANGS:
            return again
    except AslError as error:
        why = str(error).partition("; these can")[0]
    raise ValueError(
        "the handlers cannot be imported, and with the answers that they gave the run cannot be gone through again: "
        f"say in `sources` where resources and world come from ({why})"
    )


hinted(globals())
