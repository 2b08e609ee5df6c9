"""Who may call, and what is answered to what."""

from __future__ import annotations
