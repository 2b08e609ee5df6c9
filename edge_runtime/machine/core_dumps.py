"""A process that crashes leaves no picture of its memory on the disk: there are scans in it."""

from __future__ import annotations

from contextlib import suppress

# The least that stops every dump of Linux. A file is not begun that may not even hold its own header. And where
# `core_pattern` names a program (apport, systemd-coredump), the limit means nothing, 0 too, but for this one number:
# then the kernel gives the program nothing ("RLIMIT_CORE is set to 1, aborting core", fs/coredump.c).
# Not PR_SET_DUMPABLE: it would take most of /proc/PID from the user who runs the program and wants to look after it.
_NO_CORE_BYTES = 1


def leave_no_core() -> None:
    """From now on, this process and those that it starts leave no core dump, where the system knows such limits.

    The hard limit stays: who looks for a fault with scans of nobody may raise the limit of a process again
    (``prlimit``).
    """
    with suppress(ImportError, ValueError, OSError):  # Windows has none; others may refuse
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        least = _NO_CORE_BYTES if most == resource.RLIM_INFINITY else min(_NO_CORE_BYTES, most)
        resource.setrlimit(resource.RLIMIT_CORE, (least, most))
