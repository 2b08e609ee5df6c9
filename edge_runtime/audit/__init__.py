"""The record of what was computed, which nobody can change unseen."""

from __future__ import annotations

from .trail import AuditTrail

__all__ = ["AuditTrail"]
