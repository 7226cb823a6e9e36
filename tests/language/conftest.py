"""What the tests of expressions share: a scope that counts what it is asked."""

import pytest


class FixedScope:
    """A Scope with a given Context Object and a fixed sequence of draws."""

    def __init__(self, draws=(0.5,), variables=None, **context):
        self._context, self._draws, self._variables = context, list(draws), variables or {}
        self.asked = 0

    def context(self):
        self.asked += 1
        return self._context

    def draw(self):
        return self._draws.pop(0) if len(self._draws) > 1 else self._draws[0]

    def variable(self, name):
        return self._variables[name]

    def moment(self):
        return 1_704_067_200.0


@pytest.fixture
def scope():
    """Makes a scope: scope(State={...}, draws=[...], variables={...})."""
    return FixedScope
