"""JSON values: what an execution may be given and a task may answer.

Knows: which JSON Step Functions keeps as it is. Must never know: machines.

Numbers are those that every reader of the value agrees on: whole numbers up to 2**53 - 1 (Java's and JavaScript's
doubles hold them exactly, and so does JSONata's only kind of number), and finite floats. Texts have every character that
UTF-8 can write: no lone surrogates.
"""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from asl_local.lazy import hinted
from asl_local.values import Json

SAFE: Final = 2**53 - 1
# Names of members that have bitten people: nothing, blanks, dots and brackets in a path, "$" of a template's key, a
# letter of two code units, names that Java's and JavaScript's objects have.
_AWKWARD: Final = (
    "",
    " ",
    "a.b",
    "a[0]",
    "$",
    "x.$",
    "'",
    "\\",
    "ü",
    "\U0001f600",
    "length",
    "constructor",
    "__proto__",
)
_PLAIN: Final = ("a", "b", "id", "name", "items")


def keys(*, awkward: bool = True) -> st.SearchStrategy[str]:
    """Names of members: plain ones, awkward ones, any text."""
    plain = st.sampled_from(_PLAIN)
    return st.one_of(plain, st.sampled_from(_AWKWARD), st.text(max_size=8)) if awkward else plain


def numbers(*, floats: bool = True) -> st.SearchStrategy[int | float]:
    """Numbers that keep their value through Java, JSONata and JSON: whole ones up to 2**53 - 1 and finite floats."""
    whole = st.one_of(st.integers(-10, 10), st.integers(-SAFE, SAFE))
    if not floats:
        return whole
    return st.one_of(whole, st.floats(allow_nan=False, allow_infinity=False, width=64).map(_plain))


def _plain(number: float) -> float:
    """-0.0 is 0.0: JSON has one zero, and JavaScript writes it without a sign."""
    return number or 0.0


def scalars(*, floats: bool = True, max_text: int = 12) -> st.SearchStrategy[Json]:
    """null, booleans, numbers and texts."""
    return st.one_of(st.none(), st.booleans(), numbers(floats=floats), st.text(max_size=max_text))


def json_values(
    *,
    max_leaves: int = 10,
    max_items: int = 5,
    max_text: int = 12,
    floats: bool = True,
    awkward_keys: bool = True,
) -> st.SearchStrategy[Json]:
    """Any JSON value: null, booleans, numbers, texts, and arrays and objects of them.

    `max_leaves` bounds the scalars in it, `max_items` the length of each array and object, `max_text` that of each text in
    characters. Numbers are whole up to 2**53 - 1 and, with `floats`, finite floats: what Java, JSONata and JSON all
    read alike. With `awkward_keys` members may be called `""`, `a.b`, `x.$` or anything; without, they have plain names
    that a path can say without brackets. Values are far below 256 KiB. Shrinks to null.
    """
    return st.recursive(
        scalars(floats=floats, max_text=max_text),
        lambda inner: st.one_of(
            st.lists(inner, max_size=max_items),
            st.dictionaries(keys(awkward=awkward_keys), inner, max_size=max_items),
        ),
        max_leaves=max_leaves,
    )


hinted(globals())
