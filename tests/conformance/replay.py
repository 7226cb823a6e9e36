"""What AWS's services, workers and token holders answered in a recorded case, as handlers.

Knows: the corpus's `calls` and `activities`. Must never know: a case.
A call is matched by resource and request; task tokens differ, so a recorded one stands for ours from then on, and
`any-...` is how the corpus writes a value that it does not know.
"""

from __future__ import annotations

from typing import Any

import asl_local
from asl_local.values import text_of

_FOREVER = 1e9  # seconds: longer than any timeout of the corpus


class Replay:
    """The recorded calls of one case, each answered once."""

    def __init__(self, calls: list[dict[str, Any]]) -> None:
        self._calls = list(calls)
        self._tokens: dict[str, str] = {}  # recorded -> ours

    def handler(self, arn: str, name: str | None = None) -> Handler:
        """Whoever answered this resource; `name` is an activity worker's."""
        return Handler(self, arn, name)

    def answer(self, arn: str, event: Any, context: Any) -> Any:
        """What the call of this resource came to."""
        token = context.task_token
        found = next((c for c in self._calls if c["resource"] == arn and self._same(c["request"], event, token)), None)
        if found is None:
            raise asl_local.StateError("Conformance.NoRecordedAnswer", f"{arn} was not called with {text_of(event)}")
        self._calls.remove(found)
        first, last = found["outcome"][0], found["outcome"][-1]
        if first["event"] != "Submitted":
            return self._end(last, context)
        submitted = self._ours(first["output"])
        if last["event"] == "TimedOut" or last is first:
            return asl_local.Job(submitted, seconds=_FOREVER) if ".sync" in arn else submitted
        if ".sync" in arn:
            return asl_local.Job(
                submitted, self._ours(last.get("output")),
                last.get("error"), last.get("cause"),
            )  # fmt: skip
        if last["event"] == "Succeeded":
            context.send_task_success(self._ours(last["output"]))
        else:
            context.send_task_failure(last.get("error"), last.get("cause"))
        return submitted

    def _end(self, last: dict[str, Any], context: Any) -> Any:
        if last["event"] == "TimedOut":
            context.sleep(_FOREVER)
            return None
        if last["event"] == "Succeeded":
            return self._ours(last["output"])
        raise asl_local.StateError(last.get("error"), last.get("cause"))  # type: ignore[arg-type]

    def _same(self, recorded: Any, given: Any, token: str) -> bool:
        if isinstance(recorded, str) and recorded.startswith("any-"):
            return True
        if isinstance(recorded, str) and isinstance(given, str) and recorded != given:
            if token and given == token:
                self._tokens[recorded] = token
            return self._tokens.get(recorded) == given
        if isinstance(recorded, dict) and isinstance(given, dict):
            return recorded.keys() == given.keys() and all(self._same(recorded[k], given[k], token) for k in recorded)
        if isinstance(recorded, list) and isinstance(given, list):
            pairs = zip(recorded, given, strict=False)
            return len(recorded) == len(given) and all(self._same(a, b, token) for a, b in pairs)
        return bool(recorded == given)

    def _ours(self, recorded: Any) -> Any:
        if isinstance(recorded, str):
            return self._tokens.get(recorded, recorded)
        if isinstance(recorded, dict):
            return {key: self._ours(value) for key, value in recorded.items()}
        if isinstance(recorded, list):
            return [self._ours(value) for value in recorded]
        return recorded


class Handler:
    """One resource's answers; named if a worker is."""

    def __init__(self, replay: Replay, arn: str, name: str | None) -> None:
        self._replay, self._arn = replay, arn
        if name is not None:
            self.__name__ = name

    def __call__(self, event: Any, context: Any) -> Any:
        return self._replay.answer(self._arn, event, context)
