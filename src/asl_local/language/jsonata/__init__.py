"""JSONata: the expressions of states whose QueryLanguage is JSONata. Text -> pure closures, lazily evaluated.

`compile_payload` and `compile_value` make closures of fields; `problems` are AWS's checks of one expression when a state
machine is created. The evaluation itself is a library's, behind the seam in `seam.py`.
"""

from asl_local.language.jsonata.expressions import StatesFlow, is_jsonata
from asl_local.language.jsonata.payloads import compile_payload, compile_value
from asl_local.language.jsonata.problems import Problem, never_there, problems, variables_read

__all__ = [
    "Problem",
    "StatesFlow",
    "compile_payload",
    "compile_value",
    "is_jsonata",
    "never_there",
    "problems",
    "variables_read",
]
