"""What the tests of expressions share: a scope that counts what it is asked."""

import pytest


class FixedScope:
    """A Scope with a given Context Object and a fixed sequence of draws."""

    def __init__(self, draws=(0.5,), **context):
        self._context, self._draws = context, list(draws)
        self.asked = 0

    def context(self):
        self.asked += 1
        return self._context

    def draw(self):
        return self._draws.pop(0) if len(self._draws) > 1 else self._draws[0]


@pytest.fixture
def scope():
    """Makes a scope: scope(State={...}, draws=[...])."""
    return FixedScope
