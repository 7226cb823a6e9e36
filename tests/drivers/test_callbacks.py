"""Task tokens that are out, and the queues of activities."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import asl_local
from asl_local.drivers.callbacks import Desk
from asl_local.engine.messages import Call, Heartbeat, Stimulus, Taken, TaskFailed, TaskSucceeded

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:weigh"


def call(token: int, waits: str = "token", arguments: Any = None) -> Call:
    return Call(token, ACTIVITY if waits == "activity" else "arn", arguments, "A", 0, None, waits, f"token {token}")


@pytest.fixture
def desk() -> tuple[Desk, list[tuple[Stimulus, float]]]:
    told: list[tuple[Stimulus, float]] = []
    return Desk(None, lambda stimulus, after: told.append((stimulus, after))), told


def test_what_is_sent_reaches_the_driver(desk: Any) -> None:
    here, told = desk
    for token in (1, 2):
        here.open(call(token))
    here.callbacks.send_task_heartbeat("token 1")
    here.callbacks.send_task_success("token 1", {"a": (1,)})
    here.callbacks.send_task_failure("token 2", "E", "c", after=3)
    assert told == [(Heartbeat(1), 0.0), (TaskSucceeded(1, {"a": [1]}), 0.0), (TaskFailed(2, "E", "c"), 3)]


def test_a_token_can_be_answered_once(desk: Any) -> None:
    here, told = desk
    here.open(call(1))
    here.callbacks.send_task_success("token 1")
    for send in (
        here.callbacks.send_task_success,
        here.callbacks.send_task_failure,
        here.callbacks.send_task_heartbeat,
    ):
        with pytest.raises(asl_local.TaskTimedOut, match="has ended"):
            send("token 1")
    assert len(told) == 1


def test_an_answer_for_later_leaves_the_token_open_until_then(desk: Any) -> None:
    here, told = desk
    here.open(call(1))
    here.callbacks.send_task_success("token 1", after=60)
    here.callbacks.send_task_heartbeat("token 1")
    here.close(1)
    with pytest.raises(asl_local.TaskTimedOut):
        here.callbacks.send_task_heartbeat("token 1")
    assert [after for _, after in told] == [60, 0.0]


def test_a_token_that_nobody_gave_out(desk: Any) -> None:
    with pytest.raises(asl_local.InvalidToken, match="'nonsense' is no task token"):
        desk[0].callbacks.send_task_success("nonsense")


def test_what_is_no_json_is_not_sent(desk: Any) -> None:
    here, told = desk
    here.open(call(1))
    with pytest.raises(asl_local.NotJson):
        here.callbacks.send_task_success("token 1", {1, 2})
    assert told == []


def test_activity_tasks_are_taken_in_the_order_in_which_they_were_offered(desk: Any) -> None:
    here, told = desk
    for token in (1, 2, 3):
        here.open(call(token, "activity", {"n": token}))
        here.callbacks.offer(call(token, "activity", {"n": token}))
    here.close(2)
    take = here.callbacks.get_activity_task
    assert take(ACTIVITY, "w") == ("token 1", {"n": 1})
    assert take("another") is None
    assert take(ACTIVITY).input == {"n": 3}
    assert take(ACTIVITY) is None
    assert [stimulus for stimulus, _ in told] == [Taken(1, "w"), Taken(3, None)]


def test_a_worker_waits_for_a_task(desk: Any) -> None:
    here, _ = desk
    found = []
    worker = threading.Thread(
        target=lambda: found.append(here.callbacks.get_activity_task(ACTIVITY, timeout=30))
    )  # fmt: skip
    worker.start()
    here.open(call(1, "activity"))
    here.callbacks.offer(call(1, "activity"))
    worker.join(30)
    assert found == [("token 1", None)]


def test_a_task_that_has_ended_is_not_offered(desk: Any) -> None:
    here, _ = desk
    here.callbacks.offer(call(1, "activity"))
    assert here.callbacks.get_activity_task(ACTIVITY) is None


def test_all_that_is_out(desk: Any) -> None:
    here, _ = desk
    for token in (1, 2):
        here.open(call(token))
    assert here.unanswered().token == 1
    assert [each.token for each in here.callbacks.waiting()] == [1, 2]
    here.close_all()
    assert here.unanswered() is None
    assert here.callbacks.waiting() == []


def test_old_tokens_are_forgotten(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    here, _ = desk
    monkeypatch.setattr("asl_local.drivers.callbacks._REMEMBERED", 2)
    for token in (1, 2, 3):
        here.open(call(token))
        here.close(token)
    for token, error in ((1, asl_local.InvalidToken), (2, asl_local.TaskTimedOut), (3, asl_local.TaskTimedOut)):
        with pytest.raises(error):
            here.callbacks.require(f"token {token}")


def test_of_many_who_answer_at_once_one_is_heard(desk: Any) -> None:
    here, told = desk
    here.open(call(1))
    together, refused = threading.Barrier(8, timeout=30), []

    def answer() -> None:
        together.wait()
        try:
            here.callbacks.send_task_success("token 1")
        except asl_local.TaskTimedOut as error:
            refused.append(error)

    threads = [threading.Thread(target=answer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(told), len(refused)) == (1, 7)
