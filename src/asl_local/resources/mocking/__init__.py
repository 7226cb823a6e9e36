"""Mocks: made-up answers for Task states. Knows answers, files and histories; must never know machines or
drivers' clocks.
"""

from __future__ import annotations

from asl_local.plan import Plan
from asl_local.resources.mocking.config_file import MockConfig, read
from asl_local.resources.mocking.mocks import Mocks, MocksGiven
from asl_local.resources.mocking.session import MockedCall, Player, Session


def gathered(
    given: MocksGiven | None,
    *,
    machine: str,
    plan: Plan,
    config: MockConfig | None = None,
    test_case: str | None = None,
) -> Mocks | None:
    """The mocks that an execution of a machine is given, checked: Python's, and a test case of a MockConfigFile.

    A state that both name has Python's. None if there are none. Raises InvalidMockConfig before anything runs, and
    ValueError for a file without a test case or the other way round.
    """
    if (config is None) is not (test_case is None):
        raise ValueError("mock_config and test_case go together: a file, and the name of a test case in it")
    found: Mocks | None = None
    if config is not None and test_case is not None:
        found = read(config, machine=machine, test_case=test_case, states=[state.name for state in plan.tasks()])
        found.check(plan)
    if given is not None:
        mocks = Mocks.of(given)
        mocks.meet(machine, plan)
        mocks.check(plan)
        found = mocks if found is None else mocks.over_others(found)
    return found


__all__ = ["MockConfig", "MockedCall", "Mocks", "MocksGiven", "Player", "Session", "gathered"]
