"""The workloads: each a piece of work that we do, and the same written by hand, which is its floor."""

from __future__ import annotations

from workloads import machines, pictures, stand_ins, texts, virtual
from workloads.base import Workload

WORKLOADS: dict[str, Workload] = {
    workload.name: workload for room in (machines, virtual, texts, stand_ins, pictures) for workload in room.WORKLOADS
}
