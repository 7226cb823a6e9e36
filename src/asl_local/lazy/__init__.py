"""What is made only when somebody uses it: modules, names of packages, patterns, and the methods of dataclasses.

Knows: Python's modules and classes. Must never know: anything of this library.
Importing the library must cost little, and what is not cached as byte code (containers) is compiled at every start, so
what a plain run does not need is not imported for it. For mypy everything here is an ordinary import:

    if TYPE_CHECKING:
        from asl_local.engine import redrive
    else:
        later(globals(), "asl_local.engine.redrive")

(`hinted`, at a module's end, is for those who want to evaluate annotations at run time all the same.)
"""

from __future__ import annotations

TYPE_CHECKING = False
"""As that of `typing`, whose import takes as long as hundreds of lines of ours; type checkers know it by its name."""

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = [
    "TYPE_CHECKING", "NamedTuple", "Protocol", "borrowed", "dataclass", "field", "hinted", "later", "names", "pattern",
    "replace",
]  # fmt: skip


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


class _Borrowed:
    """A method that is a function of some module, taken from there when somebody asks for it.

    Who finds it in the class's `__dict__`, as mocks with autospec do, finds what looks and is called like the function.
    """

    __slots__ = ("_at", "_function", "_home", "_owner")

    def __init__(self, home: Any, function: str) -> None:
        self._home, self._function = home, function

    def __set_name__(self, owner: Any, at: str) -> None:
        self._owner, self._at = owner, at

    def __get__(self, instance: Any, _owner: Any = None) -> Any:
        function = self._taken()
        setattr(self._owner, self._at, function)
        return function if instance is None else function.__get__(instance)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._taken(), name)

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self._taken()(*given, **named)

    @property  # type: ignore[misc]  # what isinstance asks
    def __class__(self) -> Any:
        return type(borrowed)

    def _taken(self) -> Any:
        function, owner = getattr(self._home, self._function), self._owner
        function.__name__, function.__qualname__ = self._at, f"{owner.__qualname__}.{self._at}"
        function.__module__ = owner.__module__
        _hinted(function)
        return function


def borrowed(home: Any, functions: str) -> list[Any]:
    """Functions of a module that `later` has put into a namespace, as methods for a class whose objects seldom
    need them.
    """
    return [_Borrowed(home, function) for function in functions.split()]


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


class _Hints(dict[str, "Any"]):
    """Annotations. Whoever looks at them has the names in them imported, which hints.py finds."""

    __slots__ = ("_whose",)
    _whose: Any

    def _looked_at(self) -> dict[str, Any]:
        whose, self._whose = self._whose, None
        if whose is not None:
            from asl_local.lazy import hints  # noqa: PLC0415 - most annotations are never looked at

            hints.find_names(whose)
        return self

    def __iter__(self) -> Any:  # also what makes `dict(annotations)` ask for `keys`
        return dict.__iter__(self._looked_at())

    def keys(self) -> Any:
        return dict.keys(self._looked_at())

    def values(self) -> Any:
        return dict.values(self._looked_at())

    def items(self) -> Any:
        return dict.items(self._looked_at())

    def get(self, name: str, default: Any = None) -> Any:
        return dict.get(self._looked_at(), name, default)

    def __getitem__(self, name: str) -> Any:
        return dict.__getitem__(self._looked_at(), name)

    def __reduce__(self) -> Any:
        return dict, (dict(self.items()),)


def _hinted(whose: Any) -> None:
    given = whose.__annotations__
    hints = whose.__annotations__ = _Hints(given if type(given) is dict else dict.items(given))  # not looked at
    hints._whose = whose  # noqa: SLF001


def hinted(namespace: dict[str, Any], only: str = "") -> None:
    """At the end of a module: its public functions and classes have annotations that can be evaluated at run time.

    That is for `typing.get_type_hints` and its like: names that are imported for type checkers only are unknown to them.
    `only` are names of some, where a start would spend time on others that need nothing of that.
    """
    home = namespace["__name__"]
    for name in only.split() or [name for name in namespace if name[0] != "_"]:
        found = namespace[name]
        if type(found) is _FUNCTION:
            if found.__module__ == home:
                _hinted(found)
        elif isinstance(found, type) and found.__module__ == home:
            if "__annotations__" in found.__dict__:
                _hinted(found)
            for what, each in found.__dict__.items():
                if what[0] != "_" or what in _CALLED:
                    kind = type(each)
                    method = each.fget if kind is property else each.__func__ if kind in _WRAPPED else each
                    if type(method) is _FUNCTION:
                        _hinted(method)


_CALLED = frozenset({"__call__", "__enter__", "__getitem__", "__init__", "__iter__"})
_WRAPPED = (classmethod, staticmethod)
_FUNCTION = type(hinted)


if TYPE_CHECKING:
    from re import compile as pattern
    from typing import Protocol
else:
    Protocol = object

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


# -- named tuples ------------------------------------------------------------------------------------------------------

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from _collections import _tuplegetter

    class _NamedTuples(type):
        """Makes a class whose only base is tuple; its `__new__` is made when the first object is."""

        def __new__(cls, name, _bases, given):
            if name == "NamedTuple":
                return type.__new__(cls, name, (), given)
            fields = tuple(given.get("__annotations__", ()))
            defaults = {each: given[each] for each in fields if each in given}
            given.update((each, _tuplegetter(place, "")) for place, each in enumerate(fields))
            given |= {
                "__slots__": (), "_fields": fields, "_field_defaults": defaults, "__match_args__": fields,
                "_make": classmethod(_checked), "_replace": _replaced, "_asdict": _as_dict,
                "__getnewargs__": _plain, "__orig_bases__": (NamedTuple,),
            }  # fmt: skip
            given.setdefault("__repr__", _shown)
            return type(name, (tuple,), {**given, "__new__": _New()})

    class _New:
        """A named tuple's `__new__`, made when somebody first asks for it."""

        def __set_name__(self, owner, _name):
            self.owner = owner

        def __get__(self, _instance, _owner=None):
            made = _new(self.owner)
            self.owner.__new__ = staticmethod(made)
            return made

    class NamedTuple(metaclass=_NamedTuples):
        """As typing.NamedTuple, which compiles every annotation and every class's `__new__` at once."""

    def _new(cls):
        fields = "".join(f"{name}, " for name in cls._fields)
        made = eval(f"lambda _cls, {fields}: _new(_cls, ({fields}))", {"_new": tuple.__new__})  # noqa: S307 - of names of ours
        made.__defaults__ = tuple(cls._field_defaults.values())
        made.__annotations__ = cls.__annotations__
        made.__name__, made.__qualname__, made.__module__ = "__new__", f"{cls.__qualname__}.__new__", cls.__module__
        _hinted(made)
        return made

    def _checked(cls, values):
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replaced(self, /, **changes):
        made = self._make(map(changes.pop, self._fields, self))
        if changes:
            raise ValueError(f"Got unexpected field names: {list(changes)!r}")
        return made

    def _plain(self):
        return tuple(self)

    def _as_dict(self):
        return dict(zip(self._fields, self, strict=True))

    def _shown(self):
        fields = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{self.__class__.__name__}({fields})"


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

        default = default_factory = MISSING
        init, repr, hash, compare, kw_only, annotation = True, True, None, True, False, ""

        def __init__(self, **told):
            self.__dict__.update(told)

    def field(**told):
        """As dataclasses.field."""
        return Field(**told)

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
                    told = Field() if told is MISSING else Field(default=told)
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
        _hinted(made)
        return made
