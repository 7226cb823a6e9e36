"""A Step Functions client with boto3's methods over this library: machines, versions, executions, activities, in memory.

Knows the library; must never know a network.
"""

from __future__ import annotations

from asl_local.interfaces.stepfunctions.client import StepFunctions

__all__ = ["StepFunctions"]
