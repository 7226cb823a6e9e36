"""Definitions from the places where people keep them: CloudFormation, SAM, CDK's output, serverless.yml, folders.

Knows: how state machines are found in such files, each with its name, type, place and substitutions. Must never know:
what a state machine is.
"""

from __future__ import annotations

from asl_local.definition.templates.documents import find
from asl_local.definition.templates.found import FoundDefinition, pick

__all__ = ["FoundDefinition", "find", "pick"]
