"""SQS on a folder: queues whose messages are files that a person can read. Knows SQS's API; must never know
state machines.
"""

from __future__ import annotations

from asl_local.services.sqs.client import SQS

__all__ = ["SQS"]
