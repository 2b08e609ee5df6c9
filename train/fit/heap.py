"""Freed memory stays in the process, for work that frees large arrays and needs as much again at once.

glibc gives large blocks back to the system when they are freed; every step of training and every simulated scan then
asks for them anew and pays for every page: up to half of the time of a step, a quarter of that of a scan.
"""

from __future__ import annotations

import os

from edge_runtime.machine.memory import glibc

# Options of `mallopt` (malloc.h), and the variables by which processes that are started from here get the same.
OPTIONS = {
    -3: ("MALLOC_MMAP_THRESHOLD_", 32 << 20),  # the largest that glibc allows
    -1: ("MALLOC_TRIM_THRESHOLD_", (1 << 31) - 1),
    -2: ("MALLOC_TOP_PAD_", 64 << 20),
}


def keep_freed_memory() -> None:
    """Tell glibc to keep what is freed, here and in processes to come; other C libraries are left alone."""
    for option, (variable, value) in OPTIONS.items():
        glibc("mallopt", option, value)
        os.environ.setdefault(variable, str(value))
