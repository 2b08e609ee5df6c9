"""The models that a device holds: installed, proven, switched and rolled back."""

from __future__ import annotations

from .slots import ModelSlots

__all__ = ["ModelSlots"]
