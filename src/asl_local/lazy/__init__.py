"""What is made only when somebody uses it: modules, names of packages, patterns, and the methods of dataclasses.

Knows: Python's modules and classes. Must never know: anything of this library.
Importing the library must cost little, and what is not cached as byte code (containers) is compiled at every start, so
what a plain run does not need is not imported for it. For mypy everything here is an ordinary import:

    if TYPE_CHECKING:
        from asl_local.engine import redrive
    else:
        later(globals(), "asl_local.engine.redrive")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["dataclass", "field", "later", "names", "pattern", "replace"]


class _Module:
    """Stands where a module will: whoever asks it for something has the module imported and put in its place."""

    __slots__ = ("_alias", "_name", "_namespace")

    def __init__(self, namespace: dict[str, Any], alias: str, name: str) -> None:
        self._namespace, self._alias, self._name = namespace, alias, name

    def __getattr__(self, name: str) -> Any:
        module = self._namespace[self._alias] = __import__(self._name, fromlist=("*",))
        return getattr(module, name)


def later(namespace: dict[str, Any], *modules: str, **aliases: str) -> None:
    """Have modules in a namespace that are imported with their first use: under the last part of their name, or another."""
    for name in modules:
        aliases[name.rpartition(".")[2]] = name
    for alias, name in aliases.items():
        namespace[alias] = _Module(namespace, alias, name)


def names(package: str, namespace: dict[str, Any], table: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package: names by the module below it that has them (or is it), several in one text."""
    homes = {name: module for module, listed in table.items() for name in listed.split()}

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = __import__(f"{package}.{homes[name]}", fromlist=("*",))
        found = namespace[name] = module if homes[name] == name else getattr(module, name)
        return found

    return find


if TYPE_CHECKING:
    from re import compile as pattern
else:

    class _Pattern:
        """A regular expression that is compiled when somebody first uses it."""

        def __init__(self, text, flags):
            self._made = text, flags

        def __getattr__(self, name):
            import re  # noqa: PLC0415 - at home with the rest

            found = self.__dict__[name] = getattr(re.compile(*self._made), name)
            return found

    def pattern(text, flags=0):
        """As re.compile, which takes as long as hundreds of lines of a module."""
        return _Pattern(text, flags)


# -- dataclasses -------------------------------------------------------------------------------------------------------
# The standard library's `dataclass` imports `inspect`, and compiles every class's methods whether anybody calls them or
# not. This one makes a method when it is first called; methods.py has all but `__init__`, and what
# `dataclasses.fields` and its like want.

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    MISSING = object()

    class Field:
        """What `field` was told of a field, and its annotation."""

        __slots__ = ("annotation", "compare", "default", "default_factory", "hash", "init", "kw_only", "repr")

        def __init__(self, **told):
            for name, value in told.items():
                setattr(self, name, value)

    def field(
        *, default=MISSING, default_factory=MISSING, init=True, repr=True, hash=None, compare=True, kw_only=False
    ):
        """As dataclasses.field."""
        return Field(
            default=default, default_factory=default_factory, init=init, repr=repr, hash=hash, compare=compare,
            kw_only=kw_only,
        )  # fmt: skip

    def dataclass(cls=None, /, *, eq=True, frozen=False, slots=False, kw_only=False):
        """As dataclasses.dataclass, with fewer options; annotations are texts (`from __future__`)."""
        options = {"eq": eq, "frozen": frozen, "kw_only": kw_only}
        return (lambda cls: _made(cls, options, slots)) if cls is None else _made(cls, options, slots)

    def replace(value, /, **changes):
        """As dataclasses.replace, of the dataclasses made here."""
        for name, each in value.__lazy_fields__.items():
            if not each.init:
                if name in changes:
                    raise TypeError(f"the field {name} is no parameter")
            elif name not in changes:
                changes[name] = getattr(value, name)
        return value.__class__(**changes)

    def _made(cls, options, slots):
        """The class anew, as it has to be for slots; its bases' fields come first."""
        given = dict(cls.__dict__)
        fields = {}
        for base in cls.__mro__[-1:0:-1]:
            fields.update(base.__dict__.get("__lazy_fields__", ()))
        inherited = tuple(fields)
        for name, annotation in cls.__annotations__.items():
            if not annotation.startswith("ClassVar"):
                told = given.pop(name, MISSING)
                if not isinstance(told, Field):
                    told = field(default=told)
                told.annotation, told.kw_only = annotation, told.kw_only or options["kw_only"]
                fields[name] = told
        methods = ["__init__", "__repr__", "__replace__", "__dataclass_fields__", "__dataclass_params__"]
        if options["frozen"]:
            methods += ("__setattr__", "__delattr__", "__getstate__", "__setstate__")
        if options["eq"]:
            methods += ("__eq__", "__hash__") if options["frozen"] else ("__eq__",)
            given.setdefault("__hash__", None)
        given.update((name, _Method()) for name in methods if given.get(name) is None)
        given["__lazy_fields__"], given["__lazy_options__"] = fields, options
        given["__match_args__"] = tuple(name for name, each in fields.items() if each.init and not each.kw_only)
        if slots:
            given["__slots__"] = tuple(name for name in cls.__annotations__ if name in fields and name not in inherited)
        else:
            given.update((name, each.default) for name, each in fields.items() if each.default is not MISSING)
        given.pop("__dict__", None)
        given.pop("__weakref__", None)
        given["__qualname__"] = cls.__qualname__
        return type(cls)(cls.__name__, cls.__bases__, given)

    class _Method:
        """Something that a dataclass has, made when somebody first asks for it."""

        __slots__ = ("name", "owner")

        def __set_name__(self, owner, name):
            self.owner, self.name = owner, name

        def __get__(self, instance, _owner=None):
            if self.name == "__init__":
                made = _init(self.owner)
            else:
                from asl_local.lazy import methods  # noqa: PLC0415 - most classes are never compared or shown

                made = methods.METHODS[self.name](self.owner)
            setattr(self.owner, self.name, made)
            return getattr(self.owner if instance is None else instance, self.name)

    def function(cls, name, parameters, lines, known):
        """A method out of its text, such as `dataclasses` makes."""
        exec(f"def {name}({', '.join(parameters)}):\n " + "\n ".join(lines), known)  # noqa: S102 - of names of ours
        made = known[name]
        made.__qualname__, made.__module__ = f"{cls.__qualname__}.{name}", cls.__module__
        return made

    def _init(cls):
        positional, named, lines = ["self"], [], []
        known = {"_set": object.__setattr__, "_missing": MISSING}
        form = "_set(self, {0!r}, {1})" if cls.__lazy_options__["frozen"] else "self.{0} = {1}"
        for name, each in cls.__lazy_fields__.items():
            parameter = value = name
            if each.default_factory is not MISSING:
                known[f"_make_{name}"], parameter = each.default_factory, f"{name}=_missing"
                value = f"_make_{name}() if {name} is _missing else {name}" if each.init else f"_make_{name}()"
            elif each.default is not MISSING:
                known[f"_default_{name}"], parameter = each.default, f"{name}=_default_{name}"
                value = name if each.init else f"_default_{name}"
            elif not each.init:
                continue
            if each.init:
                (named if each.kw_only else positional).append(parameter)
            lines.append(form.format(name, value))
        if hasattr(cls, "__post_init__"):
            lines.append("self.__post_init__()")
        made = function(cls, "__init__", [*positional, *(["*", *named] if named else ())], lines or ["pass"], known)
        made.__annotations__ = {name: each.annotation for name, each in cls.__lazy_fields__.items() if each.init}
        made.__annotations__["return"] = None
        return made
