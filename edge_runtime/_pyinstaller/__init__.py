"""For PyInstaller: a frozen program takes the models, samples and schema along (entry point ``pyinstaller40``)."""

from __future__ import annotations

import os


def hook_folders() -> list[str]:
    """Where PyInstaller finds the hook of this package."""
    return [os.path.dirname(__file__)]
