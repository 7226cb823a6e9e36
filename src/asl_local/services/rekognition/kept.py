"""Properties that are worked out once.

Knows: descriptors. Must never know: what is worked out.
Like functools.cached_property, which up to Python 3.11 holds one lock for all objects of a class while it works: threads
with pictures of their own would wait for each other. Here nobody waits; an object that several threads share may have
the work done more than once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

_T = TypeVar("_T")


class kept(Generic[_T]):  # noqa: N801 - written like property
    """`@kept` makes a method a property whose first value stays the object's attribute."""

    def __init__(self, work: Callable[[Any], _T]) -> None:
        self._work = work
        self._name = work.__name__
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> kept[_T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> _T: ...

    def __get__(self, instance: object | None, owner: type) -> kept[_T] | _T:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._work(instance)
        return value
