"""lazy: its dataclasses are the standard library's, its modules and names the ones that they stand for."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import sys
from types import ModuleType
from typing import Any, ClassVar, NamedTuple
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local import lazy

NAMES = ("first", "second", "third", "fourth")
OPTIONS = st.fixed_dictionaries({}, optional={name: st.booleans() for name in ("eq", "frozen", "slots", "kw_only")})
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "default": st.integers(0, 3), "init": st.booleans(), "repr": st.booleans(), "compare": st.booleans(),
        "hash": st.none() | st.booleans(), "kw_only": st.just(True),
    },
)  # fmt: skip


@st.composite
def classes(draw: st.DrawFn) -> tuple[Any, Any]:
    """The same class, or a class and its subclass, made by the standard library and by us."""
    options = draw(OPTIONS)
    told = draw(st.lists(FIELDS | st.none() | st.integers(4, 6) | st.just({"default_factory": list}), max_size=4))
    cut = draw(st.integers(0, len(told)))
    made = []
    for library in (dataclasses, lazy):
        cls: Any = object
        for first, last in ((0, cut), (cut, len(told))):
            body: dict[str, Any] = {"__annotations__": dict.fromkeys(NAMES[first:last], "int"), "__module__": __name__}
            body["__annotations__"]["kind"] = "ClassVar[str]"
            body["kind"] = "a kind"
            for name, each in zip(NAMES[first:last], told[first:last], strict=True):
                if each is not None:
                    body[name] = library.field(**each) if isinstance(each, dict) else each
            try:
                cls = library.dataclass(**options)(type("Made", (cls,), body))
            except TypeError as error:  # a field without a default after one with
                made.append(error)
                break
        else:
            made.append(cls)
    return tuple(made)


def tried(action: Any) -> Any:
    try:
        return action()
    except Exception as error:  # whatever it is: both libraries have to agree
        return type(error)


@given(classes(), *[st.lists(st.integers(0, 2), max_size=4)] * 2, st.sets(st.sampled_from(NAMES), max_size=2))
def test_our_dataclasses_do_what_the_standard_librarys_do(
    both: tuple[Any, Any], values: list[int], others: list[int], named: set[str]
) -> None:
    theirs, ours = both
    if isinstance(theirs, TypeError):  # which we say when somebody makes the first object
        assert isinstance(ours, TypeError) or tried(ours) in (SyntaxError, TypeError)
    else:
        assert behaviour(ours, values, others, named) == behaviour(theirs, values, others, named)


def behaviour(cls: Any, values: list[int], others: list[int], named: set[str]) -> list[Any]:
    one = tried(lambda: cls(*values, **dict.fromkeys(named, 1)))
    other = tried(lambda: cls(*others, **dict.fromkeys(named, 1)))
    signature = inspect.signature(cls).parameters.values()
    told = [
        [(each.name, each.kind, each.annotation, each.default is each.empty) for each in signature],
        [field.name for field in dataclasses.fields(cls)],
        cls.__match_args__,
    ]
    if isinstance(one, type) or isinstance(other, type):
        return [*told, one if isinstance(one, type) else "made", other if isinstance(other, type) else "made"]
    return [
        *told, tried(lambda: one == other), tried(lambda: one != 1), one.kind, hasattr(one, "__dict__"),
        tried(lambda: hash(one) == hash(other)) if cls.__dataclass_params__.eq else "its id's", *map(shown, (one, other)),
        tried(lambda: setattr(one, "first", 7)), tried(lambda: setattr(one, "no", 7)), shown(one),
        shown(tried(lambda: copy.copy(one))), shown(tried(lambda: copy.deepcopy(other))),
        shown(tried(lambda: dataclasses.replace(other, **dict.fromkeys(named, 2)))),
        tried(lambda: dataclasses.asdict(other)), tried(lambda: delattr(other, "first")), shown(other),
    ]  # fmt: skip


def shown(value: Any) -> Any:
    return tried(lambda: repr(value)), [getattr(value, name, None) for name in NAMES]


@lazy.dataclass(frozen=True, slots=True)
class Point:
    """A point."""

    x: int
    y: int = 0
    marks: list[int] = lazy.field(default_factory=list, repr=False, compare=False)
    kind: ClassVar[str] = "point"


@dataclasses.dataclass(frozen=True)
class Named(Point):
    """A standard dataclass on top of one of ours."""

    name: str = ""


class Ours(lazy.NamedTuple):
    """A pair."""

    left: int
    right: str = "r"

    def both(self) -> tuple[int, str]:
        """The two."""
        return self.left, self.right


class Theirs(NamedTuple):
    """A pair."""

    left: int
    right: str = "r"

    def both(self) -> tuple[int, str]:
        """The two."""
        return self.left, self.right


@given(
    st.lists(st.integers(0, 2), max_size=3), st.dictionaries(st.sampled_from(["left", "right", "other"]), st.integers())
)
def test_our_named_tuples_do_what_the_standard_librarys_do(values: list[int], named: dict[str, int]) -> None:
    told = []
    for cls in (Ours, Theirs):
        one: Any = tried(lambda cls=cls: cls(*values, **named))
        same: Any = tried(lambda cls=cls: cls._make(values))
        told.append([
            one, same, cls._fields, cls._field_defaults, cls.__match_args__, cls.__bases__, cls.__doc__, [(each.name, each.default, each.kind) for each in inspect.signature(cls).parameters.values()],
            repr(one).replace("Theirs", "Ours"), repr(same).replace("Theirs", "Ours"),
            *(tried(getattr(one, name)) for name in ("both", "_asdict", "__getnewargs__", "__hash__") if isinstance(one, tuple)),
            tried(lambda one=one: one._replace(**named)), tried(lambda one=one: (one.left, one.right)), hasattr(one, "__dict__"),
            tried(lambda one=one: setattr(one, "left", 1)), tried(lambda one=one: pickle.loads(pickle.dumps(one))), copy.deepcopy(one),
        ])  # fmt: skip
    assert told[0] == told[1]


def test_ours_pickle_match_and_are_subclassed() -> None:
    point = pickle.loads(pickle.dumps(Point(1, 2, [3])))
    assert (point, point.marks) == (Point(1, 2), [3])
    assert point.marks is not Point(1, 2).marks
    match point:
        case Point(x, y):
            assert (x, y) == (1, 2)
    assert repr(Named(1, name="a")) == "Named(x=1, y=0, name='a')"
    assert lazy.replace(point, x=5) == Point(5, 2)
    assert Point.__doc__ == "A point."
    assert Point.__init__.__annotations__ == {"x": "int", "y": "int", "marks": "list[int]", "return": None}


def test_a_module_is_imported_when_it_is_first_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    namespace: dict[str, Any] = {}
    lazy.later(namespace, "colorsys", "xml.dom.minidom")
    assert set(namespace) == {"colorsys", "minidom"}
    assert "colorsys" not in sys.modules
    assert namespace["colorsys"].rgb_to_hls(0, 0, 0) == (0.0, 0.0, 0.0)
    assert isinstance(namespace["colorsys"], ModuleType)
    assert namespace["minidom"].parseString("<a/>").toxml().endswith("<a/>")


def test_a_packages_names_come_from_its_modules() -> None:
    namespace: dict[str, Any] = {}
    find = lazy.names("xml.etree", namespace, {"ElementTree": "Element QName"})
    from xml.etree.ElementTree import Element

    assert find("Element") is Element
    assert namespace == {"Element": Element}
    with pytest.raises(AttributeError, match=r"module 'xml\.etree' has no attribute 'Elephant'"):
        find("Elephant")


class TestBorrowed:
    """Methods that are functions of a module, as those of Machine, Result and Execution are."""

    @pytest.fixture
    def owner(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """A class whose `twice` nobody has asked for yet."""

        def doubled(thing: Any, more: int, *, times: int = 2) -> Any:
            """Doubled."""
            return [thing, more * times]

        home = ModuleType("home_of_doubled")
        home.doubled = doubled  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, home.__name__, home)
        space: dict[str, Any] = {}
        lazy.later(space, home.__name__)
        (borrowed,) = lazy.borrowed(space[home.__name__], "doubled")
        return type("Owner", (), {"twice": borrowed, "__module__": __name__})

    def test_it_is_a_method_by_the_name_that_it_has_in_the_class(self, owner: Any) -> None:
        thing = owner()
        assert thing.twice(2) == owner.twice(thing, 2) == [thing, 4]
        assert (owner.twice.__name__, owner.twice.__qualname__, owner.twice.__module__) == (
            "twice", "Owner.twice", __name__,
        )  # fmt: skip
        with pytest.raises(TypeError, match=r"^Owner\.twice\(\) got an unexpected keyword argument 'half'"):
            thing.twice(2, half=1)

    @pytest.mark.parametrize("told", [{"autospec": True}, {"spec": True}, {}])
    def test_it_can_be_mocked_before_anybody_has_asked_for_it(self, owner: Any, told: dict[str, Any]) -> None:
        thing = owner()
        with mock.patch.object(owner, "twice", **told) as mocked:
            mocked.return_value = "mocked"
            assert thing.twice(2, times=3) == "mocked"
        assert thing.twice(2, times=3) == [thing, 6]

    def test_a_mock_with_autospec_is_called_as_the_method_is(self, owner: Any) -> None:
        with mock.patch.object(owner, "twice", autospec=True) as mocked:
            thing = owner()
            thing.twice(2)
            mocked.assert_called_once_with(thing, 2)
            with pytest.raises(TypeError, match="half"):
                thing.twice(2, half=1)

    def test_from_the_classs_own_dict_it_is_the_function(self, owner: Any) -> None:
        found = inspect.getattr_static(owner, "twice")
        assert inspect.isfunction(found)
        assert str(inspect.signature(found)) == "(thing: 'Any', more: 'int', *, times: 'int' = 2) -> 'Any'"
        assert found("it", 2) == ["it", 4]
