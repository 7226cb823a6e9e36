"""The methods of lazy dataclasses that most classes are never asked for, as the standard library makes them.

Knows: fields. Must never know: which classes there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from asl_local import lazy


def _members(whose: str, names: Iterable[str]) -> str:
    return "(" + "".join(f"{whose}.{name}, " for name in names) + ")"


def _function(cls: Any, name: str, parameters: list[str], *lines: str) -> Any:
    return lazy.function(cls, name, parameters, lines, {})  # type: ignore[attr-defined]


def _eq(cls: Any) -> Any:
    names = [name for name, each in cls.__lazy_fields__.items() if each.compare]
    return _function(
        cls, "__eq__", ["self", "other"],
        "if other.__class__ is self.__class__:",
        f" return {_members('self', names)} == {_members('other', names)}",
        "return NotImplemented",
    )  # fmt: skip


def _hash(cls: Any) -> Any:
    fields = cls.__lazy_fields__.items()
    names = [name for name, each in fields if (each.compare if each.hash is None else each.hash)]
    return _function(cls, "__hash__", ["self"], f"return hash({_members('self', names)})")


def _repr(cls: Any) -> Any:
    shown = ", ".join(f"{name}={{self.{name}!r}}" for name, each in cls.__lazy_fields__.items() if each.repr)
    return _function(cls, "__repr__", ["self"], f"return f'{{self.__class__.__qualname__}}({shown})'")


def _refuses(what: str) -> Callable[[Any], Any]:
    def refusing(_cls: Any) -> Any:
        from dataclasses import FrozenInstanceError  # noqa: PLC0415 - it imports inspect

        def refuse(_self: Any, name: str, _value: Any = None) -> None:
            raise FrozenInstanceError(f"cannot {what} field {name!r}")

        return refuse

    return refusing


def _getstate(cls: Any) -> Any:
    names = tuple(cls.__lazy_fields__)
    return lambda self: [getattr(self, name) for name in names]


def _setstate(cls: Any) -> Any:
    def restore(self: Any, state: list[Any]) -> None:
        for name, value in zip(cls.__lazy_fields__, state, strict=True):
            object.__setattr__(self, name, value)

    return restore


def _twin(cls: Any) -> Any:
    """The class as the standard library would have made it."""
    import dataclasses  # noqa: PLC0415 - it imports inspect

    namespace: dict[str, Any] = {
        "__annotations__": {name: each.annotation for name, each in cls.__lazy_fields__.items()}
    }
    for name, each in cls.__lazy_fields__.items():
        told = {slot: getattr(each, slot) for slot in ("init", "repr", "hash", "compare", "kw_only")}
        for slot in ("default", "default_factory"):
            if getattr(each, slot) is not lazy.MISSING:  # type: ignore[attr-defined]
                told[slot] = getattr(each, slot)
        namespace[name] = dataclasses.field(**told)
    return dataclasses.dataclass(**cls.__lazy_options__)(type(cls.__name__, (), namespace))


def _fields(cls: Any) -> Any:
    dict(cls.__annotations__)  # whoever wants the fields may evaluate their types: lazy.hinted
    return _twin(cls).__dataclass_fields__


METHODS: Final[dict[str, Callable[[Any], Any]]] = {
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _refuses("assign to"),
    "__delattr__": _refuses("delete"),
    "__getstate__": _getstate,
    "__setstate__": _setstate,
    "__replace__": lambda _cls: lazy.replace,
    "__dataclass_fields__": _fields,
    "__dataclass_params__": lambda cls: _twin(cls).__dataclass_params__,
}
