"""behave-asl: made for one state at a time in Gherkin scenarios; here its execution is stepped until it ends."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from behaveasl.models.execution import Execution
from behaveasl.parser import create_state_machine
from protocol import function_of, serve


class Answers:
    """Stands where the scenario's mocks would: a task is answered by its function, and expectations are none."""

    def execute(self, resource_name: str = "", resource_input: Any = None, **_: Any) -> Any:
        return function_of(resource_name)(resource_input) if resource_name else None


class Expecting(Execution):  # type: ignore[misc]
    """An execution that expects nothing of its tasks' inputs."""

    resource_expectations = property(lambda _: Unasked())


class Unasked:
    """Expectations that hold."""

    def execute(self, **_: Any) -> None:
        return None


def load(definition: str) -> Callable[[Any], Any]:
    machine = create_state_machine(json.loads(definition))

    def run(given: Any) -> Any:
        execution = Expecting(state_machine=machine)
        execution._resource_response_mocks = Answers()  # noqa: SLF001 - there is no public way to answer with a function
        execution.set_execution_input_data(given)
        while True:
            execution.execute()
            step = execution.last_step_result
            if step.failed:
                raise RuntimeError(f"{step.error}: {step.cause}")
            if step.end_execution or step.next_state is None:
                return step.result_data

    return run


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    serve(load)
