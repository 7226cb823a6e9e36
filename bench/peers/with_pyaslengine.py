"""pyaslengine: a state machine is made of a dict, and functions are registered by their Resource."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from protocol import function_of, resources_of, serve
from pyaslengine.data import WorkflowInput
from pyaslengine.workflows import StateMachine


def load(definition: str) -> Callable[[Any], Any]:
    tree = json.loads(definition)
    machine = StateMachine.schema().load(tree)

    def handler(resource: str) -> Callable[[Any, Any], Any]:
        function = function_of(resource)
        return lambda event, _context: function(event)

    handlers = {resource: handler(resource) for resource in resources_of(tree)}
    return lambda given: machine.run(WorkflowInput(data=given), registered_resources=handlers).data


if __name__ == "__main__":
    serve(load)
