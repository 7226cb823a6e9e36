"""JSONata: the expressions of states whose QueryLanguage is JSONata. Text -> pure closures, lazily evaluated.

`compile_payload` and `compile_value` make closures of fields; problems.py has AWS's checks of one expression when a state
machine is created. The evaluation itself is a library's, behind the seam in `seam.py`.
"""

from __future__ import annotations

from asl_local.lazy import TYPE_CHECKING, names

if TYPE_CHECKING:
    from asl_local.language.jsonata.expressions import StatesFlow
    from asl_local.language.jsonata.payloads import compile_payload, compile_value, write_condition, write_payload
else:
    __getattr__ = names(
        __name__,
        globals(),
        {"expressions": "StatesFlow", "payloads": "compile_payload compile_value write_condition write_payload"},
    )


def is_jsonata(value: object) -> bool:
    """Whether the value is a string that is one expression: `{%` first, `%}` last, nothing outside."""
    return isinstance(value, str) and len(value) >= 4 and value.startswith("{%") and value.endswith("%}")


__all__ = ["StatesFlow", "compile_payload", "compile_value", "is_jsonata", "write_condition", "write_payload"]
