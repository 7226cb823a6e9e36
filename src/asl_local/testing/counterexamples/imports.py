"""Python values as source text: literals, names that can be imported, and the imports that a file needs for them.

Knows: modules and where pytest finds them. Must never know: what the values are for.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from asl_local.errors import NotJson
from asl_local.values import accept

_WIDE: Final = 110
_GUARD: Final = re.compile(r"^if __name__ == ['\"]__main__['\"]:", re.MULTILINE)


def literal(value: Any, indent: int = 0) -> str:
    """A JSON value as Python text, as formatters lay it out; the first line begins at column `indent`."""
    short = _short(value)
    if indent + len(short) <= _WIDE or not isinstance(value, (dict, list)) or not value:
        return short
    inner, end = " " * (indent + 4), " " * indent
    if isinstance(value, dict):
        rows = [f"{inner}{_short(name)}: {literal(member, indent + 4)}," for name, member in value.items()]
    else:
        rows = [f"{inner}{literal(item, indent + 4)}," for item in value]
    return "\n".join(["{" if isinstance(value, dict) else "[", *rows, end + ("}" if isinstance(value, dict) else "]")])


def _short(value: Any) -> str:
    """In one line, with double quotes where Python has single ones."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_short(name)}: {_short(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_short, value)) + "]"
    text = repr(value)
    if isinstance(value, str) and text[0] == "'" and '"' not in text:
        return f'"{text[1:-1]}"'.replace("\\'", "'")
    return text


class Imports:
    """What a file in a folder imports. Asked for a value, it gives the expression, or None where there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.standard: set[str] = set()  # whole lines of imports from the standard library
        self._names: dict[str, set[str]] = {}
        self._paths: list[str] = []

    def expression(self, value: Any, source: str | None = None) -> str | None:
        """A value by where it comes from: `module:name`, `file.py:name`, `module:name()`, `=expression`; or found out.

        Functions and classes that a module has under their name can be imported, mappings of such functions be written
        down, and so can JSON values. Raises ValueError for a source that has no such name.
        """
        if source is not None:
            return source[1:] if source.startswith("=") else self._named(source)
        if isinstance(value, Mapping) and value and all(callable(each) for each in value.values()):
            parts = {key: self._function(each) for key, each in value.items()}
            if all(parts.values()):
                return "{" + ", ".join(f"{_short(key)}: {name}" for key, name in parts.items()) + "}"
            return None
        if callable(value):
            return self._function(value)
        try:
            return literal(accept(value))
        except NotJson:
            return None

    def lines(self) -> list[str]:
        """The imports, the standard library's first."""
        standard = set(self.standard)
        if self._paths:
            standard |= {"import sys", "from pathlib import Path"}
        found = sorted(standard, key=lambda line: (line.startswith("from"), line))
        found += ["", "import pytest", "", "import asl_local"] if found else ["import pytest", "", "import asl_local"]
        if self._paths:
            found += [
                "",
                *(f"sys.path.insert(0, str(Path(__file__).resolve().parent / {_short(path)}))" for path in self._paths),
            ]
        if self._names:
            late = "  # noqa: E402" if self._paths else ""
            found += [
                "",
                *(
                    f"from {module} import {', '.join(sorted(names))}{late}"
                    for module, names in sorted(self._names.items())
                ),
            ]
        return found

    def _function(self, value: Any) -> str | None:
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
        if not module or not name.isidentifier():
            return None
        if module == "__main__":
            return self._of_the_script(value, name)
        return self._import(module, name) if getattr(sys.modules.get(module), name, None) is value else None

    def _of_the_script(self, value: Any, name: str) -> str | None:
        """A function of the script that is running, if importing that does not run it again."""
        script = sys.modules["__main__"]
        file = getattr(script, "__file__", None)
        if file is None or getattr(script, name, None) is not value:
            return None
        return self._named(f"{file}:{name}") if _GUARD.search(Path(file).read_text("utf-8")) else None

    def _named(self, source: str) -> str:
        target, _, attribute = source.rpartition(":")
        name = attribute.removesuffix("()")
        if not target or not name.isidentifier():
            raise ValueError(f"{source!r} is not module:name, file.py:name or module:name()")
        if target.endswith(".py"):
            self._reach(Path(target).resolve().parent)
            self._names.setdefault(Path(target).stem, set()).add(name)
        else:
            importlib.import_module(target)
            self._import(target, name)
        return attribute

    def _import(self, module: str, name: str) -> str:
        file = getattr(sys.modules.get(module), "__file__", None)
        if file is not None:
            folder = Path(file).resolve().parent
            for _ in range(module.count(".") + (Path(file).name == "__init__.py")):
                folder = folder.parent
            self._reach(folder)
        self._names.setdefault(module, set()).add(name)
        return name

    def _reach(self, folder: Path) -> None:
        """A folder that is neither the file's own, which pytest looks into, nor one of installed packages."""
        installed = {Path(path).resolve() for kind, path in sysconfig.get_paths().items() if "lib" in kind}
        if folder != self.folder and folder not in installed:
            path = Path(os.path.relpath(folder, self.folder)).as_posix()
            if path not in self._paths:
                self._paths.append(path)


__all__ = ["Imports", "literal"]
