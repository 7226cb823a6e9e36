"""Random machines for the laws: the library's own `definitions` in both languages, with plans for what tasks do.

What a task does depends only on its event and on how often it was retried, never on who was called before: whatever
order the branches run in, it does the same. Numbers in AWS's causes (event ids) do depend on that order, so `normal`
takes those causes out of a value before anything is compared or decided.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

import asl_local
from asl_local.drivers import Simulation
from asl_local.engine import Execution
from asl_local.engine.messages import Stimulus
from asl_local.strategies import definition_inputs, definitions
from asl_local.strategies.definitions.vocabulary import LAMBDA, VALUES
from asl_local.values import text_of

LOCATED = "An error occurred while executing the state"


def normal(value: Any) -> Any:
    """The value with every cause that names an event id replaced by a fixed text."""
    if isinstance(value, str):
        return "<located>" if value.startswith(LOCATED) else value
    if isinstance(value, dict):
        return {key: normal(member) for key, member in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return value


class Answer(NamedTuple):
    """What a task does once: after `sleep` seconds it fails with `error`, or returns `value` ("echo": its event)."""

    sleep: float
    error: str
    value: Any


class Case(NamedTuple):
    """A machine, its input, and by function name the plans of which an event chooses one, attempt by attempt."""

    definition: dict[str, Any]
    input: Any
    plans: dict[str, list[list[Answer]]]

    def answer(self, function: str, event: Any, attempt: int) -> Answer:
        """What the function does with this event in this attempt (0 for the first)."""
        plans = self.plans[function]
        plan = plans[zlib.crc32(text_of(normal(event)).encode()) % len(plans)]
        return plan[min(attempt, len(plan) - 1)]

    def handlers(self, sleep: Callable[[Any, float], None], *, spoil: bool = False) -> dict[str, Callable[..., Any]]:
        """Handlers that do as planned; `spoil` makes them edit what they were given and what they return."""

        def handler(name: str) -> Callable[[Any, Any], Any]:
            def work(event: Any, context: Any) -> Any:
                answer = self.answer(name, event, context.attempt)
                if answer.sleep:
                    sleep(context, answer.sleep)
                if answer.error:
                    raise asl_local.StateError(answer.error, "planned")
                result = asl_local.values.copy(event if answer.value == "echo" else answer.value)
                if spoil:
                    _spoil(event)
                return result

            return work

        return {name: handler(name) for name in self.plans}

    def simulate(self, seed: int = 0, **options: Any) -> asl_local.Result:
        """Simulate the machine with its plans."""
        return asl_local.load(self.definition).simulate(self.input, self.handlers(virtually), seed=seed, **options)


def virtually(context: Any, seconds: float) -> None:
    """Let virtual time pass."""
    context.sleep(seconds)


def really(_context: Any, seconds: float) -> None:
    """Let a thousandth of the time pass."""
    time.sleep(seconds / 1_000)


def _spoil(value: Any) -> None:
    if isinstance(value, dict):
        for member in value.values():
            _spoil(member)
        value["spoiled"] = True
    elif isinstance(value, list):
        for item in value:
            _spoil(item)
        value.append("spoiled")


ERRORS = st.sampled_from(["E", "F"])
# What the reference interpreter has of its own.
FUNCTIONS = frozenset(
    {"States.Array", "States.MathAdd", "$boolean", "$count", "$exists", "$merge", "$not", "$string", "$type"}
)


def tasks_of(block: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every Task of a definition, at any depth, with its name."""
    found = []
    for name, state in block["States"].items():
        found += [(name, state)] if state["Type"] == "Task" else []
        inner = [*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]
        found += [task for each in inner for task in tasks_of(each)]
    return found


@st.composite
def cases(
    draw: Callable[[st.SearchStrategy[Any]], Any], *, timed: bool = True, errors: st.SearchStrategy[str] = ERRORS,
    variables: bool = False, language: Any = "JSONPath", distributed: bool = False,
) -> Case:  # fmt: skip
    """A random machine with an input and plans; blocks nest three levels deep. `language` as in `definitions`."""
    definition = draw(
        definitions(language, timed=timed, variables=variables, distributed=distributed, functions=FUNCTIONS)
    )
    sleeps = st.sampled_from([0, 0, 1, 4, 7]) if timed else st.just(0)
    answers = st.builds(Answer, sleeps, st.one_of(st.just(""), st.just(""), errors), st.one_of(st.just("echo"), VALUES))
    plans = st.lists(st.lists(answers, min_size=1, max_size=3), min_size=1, max_size=2)
    functions = [task["Resource"].removeprefix(LAMBDA) for _, task in tasks_of(definition)]
    return Case(definition, draw(definition_inputs()), {function: draw(plans) for function in functions})


def go_on(case: Case, machine: asl_local.Machine, execution: Execution, stimulus: Stimulus | None, steps: int) -> int:
    """Drive until the end, or for so many steps; how many it took."""
    work = asl_local.Resources(case.handlers(virtually)).bind(machine.plan, execution.identity)
    driver, taken = Simulation(work, start=max(execution.now, 1_704_067_200.0)), 0
    driver.raised = {}
    now = driver.now()
    while taken < steps:
        taken += 1
        for command in execution.step(stimulus, now):
            driver.perform(command)
        if execution.outcome is not None:
            break
        stimulus, now = driver.next()
    driver.close()
    return taken
