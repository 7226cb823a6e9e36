"""Service integrations: stand-ins, clients of anybody's and functions as what `arn:aws:states:::service:action` names.

Knows: requests, envelopes and errors of integrations. Must never know: which of a user's handlers answers which Resource.
"""

from __future__ import annotations

from asl_local.resources.integrations.envelope import OPTIMISED_WORDS, SDK, failed, service_response, words_of
from asl_local.resources.integrations.stand_ins import INTEGRATIONS, Integration, actions, operation

__all__ = [
    "INTEGRATIONS",
    "OPTIMISED_WORDS",
    "SDK",
    "Integration",
    "actions",
    "failed",
    "operation",
    "service_response",
    "words_of",
]
