"""What a Resource may name, and who answers. Knows services and handlers; must never know states or schedules."""

from __future__ import annotations

from asl_local.lazy import TYPE_CHECKING, names

if TYPE_CHECKING:
    from asl_local.resources.inferred import mock_answers, mock_input
    from asl_local.resources.integrations.envelope import service_response
    from asl_local.resources.later import Job
    from asl_local.resources.registry import Resources
else:
    __getattr__ = names(__name__, globals(), {
        "inferred": "mock_answers mock_input",
        "integrations.envelope": "service_response",
        "later": "Job",
        "registry": "Resources",
    })  # fmt: skip

__all__ = ["Job", "Resources", "mock_answers", "mock_input", "service_response"]
