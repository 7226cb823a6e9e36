"""Functions that a command is given by the name of a Python file or module: `--resources`, `--invariant`, `--world`.

Knows: how modules are found, and what they may say. Must never know: what is done with what they hold.
"""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from asl_local.errors import AslError
from asl_local.interfaces.cli import UsageError
from asl_local.reporters import timeline
from asl_local.resources import Resources

if TYPE_CHECKING:
    from asl_local.services.local import LocalAWS


def gather(names: Iterable[str], aws: LocalAWS | None) -> Resources:
    """What several --resources give together, of which the later win; the stand-ins are `aws`'s."""
    return Resources.joined([load_resources(name, aws) for name in names], aws)


def load_attribute(name: str, option: str) -> Any:
    """What `module:name` or `file.py:name` leads to, a function; `option` is who wants it, for the texts of UsageError."""
    module, attribute = _module(name, option)
    if not attribute:
        raise UsageError(f"{option} {name}: MODULE:FUNCTION or FILE:FUNCTION is wanted")
    found = getattr(module, attribute, None)
    if not callable(found):
        raise UsageError(f"{option} {name}: the module has no function {attribute!r}")
    return found


def load_resources(name: str, aws: Any) -> Resources:
    """What a module or file says of who answers; see `asl-local run --help` for the convention. `aws` is for its function.

    Raises UsageError, in one line, for whatever keeps them from being had.
    """
    module, attribute = _module(name)
    if attribute:
        provider = getattr(module, attribute, None)
        if provider is None:
            raise UsageError(f"--resources {name}: the module has no {attribute!r}")
    else:
        provider = getattr(module, "resources", None) or getattr(module, "RESOURCES", None)
        if provider is None:
            raise UsageError(
                f"--resources {name}: the module has neither a function `resources(aws)` nor a mapping `RESOURCES` "
                "(see asl-local run --help)"
            )
    if callable(provider):
        with _failing(name), contextlib.redirect_stdout(sys.stderr):
            provider = provider(aws)
    if isinstance(provider, Resources):
        return provider
    if not isinstance(provider, Mapping):
        raise UsageError(f"--resources {name}: a mapping of names to functions is wanted, not {provider!r:.80}")
    for key, handler in provider.items():
        if not isinstance(key, str) or not callable(handler):
            raise UsageError(f"--resources {name}: {key!r}: a function is wanted, not {handler!r:.80}")
    return Resources(provider)


def _module(name: str, option: str = "--resources") -> tuple[ModuleType, str]:
    """The module that a path or a dotted name leads to, and what stands behind a colon."""
    target, colon, attribute = name.rpartition(":")
    if not colon or not attribute.isidentifier() or len(target) == 1:  # C:\tasks.py
        target, attribute = name, ""
    path = Path(target)
    if path.suffix == ".py" or path.is_file():
        if not path.is_file():
            raise UsageError(f"{option} {name}: there is no such file")
        return _from_file(path.resolve(), name, option), attribute
    if path.is_dir() and not (path / "__init__.py").is_file():
        raise UsageError(f"{option} {name}: that is a folder; name the Python file in it")
    if not all(part.isidentifier() for part in target.split(".")):
        raise UsageError(f"{option} {name}: neither a Python file nor a module's name")
    _importable(Path.cwd())
    import importlib.util  # noqa: PLC0415 - only where functions are to be found

    with _failing(name, option), contextlib.redirect_stdout(sys.stderr):
        if importlib.util.find_spec(target.partition(".")[0]) is None:
            raise UsageError(f"{option} {name}: there is neither a file nor a module of that name")
        return importlib.import_module(target), attribute


def _from_file(path: Path, name: str, option: str) -> ModuleType:
    import importlib.machinery  # noqa: PLC0415 - only where functions are to be found
    import importlib.util  # noqa: PLC0415

    module_name = path.stem if path.stem not in sys.modules else f"resources_{path.stem}"
    loader = importlib.machinery.SourceFileLoader(module_name, str(path))
    spec = importlib.util.spec_from_file_location(module_name, path, loader=loader)
    if spec is None:
        raise UsageError(f"{option} {name}: cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    _importable(path.parent)  # as `python tasks.py` would have it, so that the file can import its neighbours
    sys.modules[module_name] = module  # dataclasses look their module up there
    with _failing(name, option), contextlib.redirect_stdout(sys.stderr):
        loader.exec_module(module)
    return module


def _importable(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


@contextlib.contextmanager
def _failing(name: str, option: str = "--resources") -> Iterator[None]:
    """Whatever the user's module raises becomes one line that says where."""
    try:
        yield
    except (AslError, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit too: a module that ends the program is no set of functions
        frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
        ours = str(Path(__file__).resolve().parent)
        foreign = [f for f in frames if not f.filename.startswith(ours)]
        where = f" ({foreign[-1].filename}, line {foreign[-1].lineno})" if foreign else ""
        if isinstance(error, SyntaxError):
            where = f" ({error.filename}, line {error.lineno})" if error.filename else ""
            error.args = (error.msg,)
        raise UsageError(timeline.one_line(f"{option} {name}: {type(error).__name__}: {error}{where}")) from error
