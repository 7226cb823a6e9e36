"""What the tests of expressions share: a scope that counts what it is asked."""

import pytest


class FixedScope:
    """A Scope with a given Context Object, variables, a fixed sequence of draws, and a fixed time."""

    def __init__(self, draws=(0.5,), variables=None, moment=1_700_000_000.123, **context):
        self._context, self._draws = context, list(draws)
        self._variables, self._moment = variables or {}, moment
        self.asked = 0

    def context(self):
        self.asked += 1
        return self._context

    def draw(self):
        return self._draws.pop(0) if len(self._draws) > 1 else self._draws[0]

    def map_item(self):
        return self._context["Map"]["Item"]

    def variable(self, name):
        return self._variables[name]

    def has_variable(self, name):
        return name in self._variables

    def moment(self):
        return self._moment


@pytest.fixture
def scope():
    """Makes a scope: scope(State={...}, draws=[...], variables={...}, moment=seconds)."""
    return FixedScope


@pytest.fixture(params=["jlens", "jsonata2py"])
def engine(request):
    """The name of each JSONata engine in turn."""
    pytest.importorskip(request.param)
    return request.param
