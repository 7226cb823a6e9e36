"""Viewing: executions as reports, from Python, from the command line and in notebooks."""

from __future__ import annotations

from asl_local.interfaces.viewing.python import View, view

__all__ = ["View", "view"]
