"""What tests ask about processes that they did not start themselves."""

from __future__ import annotations

from pathlib import Path


def is_alive(process: int) -> bool:
    """Whether there is a process of this number that has not ended: one that nobody has waited for counts as ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
