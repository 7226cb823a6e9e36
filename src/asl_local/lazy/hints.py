"""Names in annotations: found in a module's own text when somebody evaluates its annotations, and put where they are
looked for.

Knows: Python's modules and what they have under `if TYPE_CHECKING:`. Must never know: which modules there are.
Types that are written as texts, so that a start need not make them (`Json: TypeAlias = "Any"`), become themselves.
"""

from __future__ import annotations

import ast
import sys
from importlib import import_module
from typing import Any

_seen: set[str] = set()


def find_names(function_or_class: Any) -> None:
    """Have all names in the annotations of a function or class where `typing.get_type_hints` and its like look for them."""
    while hasattr(function_or_class, "__wrapped__"):
        function_or_class = function_or_class.__wrapped__
    own = getattr(function_or_class, "__globals__", {})
    named = function_or_class.__module__
    home = own.get("__name__", named)
    fill(home)
    known = vars(sys.modules[home])
    # A function that was made of a text has globals of its own; one that is borrowed names its class's module.
    for namespace in (own, vars(sys.modules[named])):
        if namespace is not known:
            for text in function_or_class.__annotations__.values():
                for name in compile(text, "<annotation>", "eval").co_names if isinstance(text, str) else ():
                    if name in known:
                        namespace.setdefault(name, known[name])


def fill(home: str) -> None:
    """Put into a module the names that it has for type checkers only. What cannot be imported stays unknown."""
    module: Any = sys.modules.get(home)
    if module is None or home in _seen:
        return
    _seen.add(home)
    namespace = vars(module)
    known = dict(namespace)
    texts = set()
    for node in ast.parse(_source(module)).body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for each in node.body:
                _do(each, known)
                _take_types(each, known)
        elif isinstance(node, ast.ImportFrom):
            _take_types(node, namespace)
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
            texts.add(ast.unparse(node.target))
    for name, value in known.items():
        if name not in namespace or isinstance(namespace[name], str):
            namespace[name] = value
    _make_types({each for each in texts if isinstance(namespace[each], str)}, namespace)


def _source(module: Any) -> str:
    try:
        return module.__spec__.loader.get_source(module.__name__) or ""
    except (AttributeError, ImportError):
        return ""


def _do(statement: ast.stmt, namespace: dict[str, Any]) -> None:
    try:
        exec(compile(ast.Module([statement], []), "<names for type checkers>", "exec"), namespace)  # noqa: S102 - our own
    except ImportError:
        return


def _take_types(statement: ast.stmt, namespace: dict[str, Any]) -> None:
    """Types that another module has as texts are taken from there anew, where they are types by now."""
    ours = namespace["__name__"].partition(".")[0]
    if not isinstance(statement, ast.ImportFrom) or (statement.module or "").partition(".")[0] != ours:
        return
    for each in statement.names:
        name = each.asname or each.name
        if isinstance(namespace.get(name), str) and not name.isupper():  # which is a constant
            assert statement.module is not None
            fill(statement.module)
            namespace[name] = getattr(import_module(statement.module), each.name)


def _make_types(texts: set[str], namespace: dict[str, Any]) -> None:
    """Evaluate texts that stand for types, those in others first; what names itself stays a text."""
    left = True
    while left:
        left = False
        for name in sorted(texts):
            if texts.isdisjoint(compile(namespace[name], "<type>", "eval").co_names):
                namespace[name] = eval(namespace[name], namespace)  # noqa: S307 - our own
                texts.discard(name)
                left = True
