"""Run something in a process of its own and kill that at one of its system calls (Linux)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Of ptrace(2).
_TRACEME, _SYSCALL, _SETOPTIONS = 0, 24, 0x4200
_SYSCALLS_ARE_MARKED, _ENDS_WITH_TRACER = 0x1, 0x100000
_AT_SYSCALL = signal.SIGTRAP | 0x80


def killed_at(number: int, action: Callable[[], object]) -> bool:
    """Run an action in a copy of this process, and kill it before its main thread makes that system call.

    Parameters
    ----------
    number
        The system call, from 1; it is not carried out any more.
    action
        What is run. Import before what it imports, or those calls count, too.

    Returns
    -------
    bool
        False where the action ended before, and all of it was done.

    Raises
    ------
    RuntimeError
        When the process cannot be traced, or the action itself failed.
    """
    trace = _ptrace()
    child = os.fork()
    if child == 0:
        _run(trace, action)
    _, status = os.waitpid(child, 0)
    if not os.WIFSTOPPED(status) or trace(_SETOPTIONS, child, _SYSCALLS_ARE_MARKED | _ENDS_WITH_TRACER):
        _end(child)
        raise RuntimeError("the process cannot be traced")
    passed = on = 0
    while True:
        trace(_SYSCALL, child, on)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            if status:
                raise RuntimeError(f"the action failed: {status}")
            return False
        stop, on = os.WSTOPSIG(status), 0
        if stop != _AT_SYSCALL:
            on = stop
            continue
        passed += 1  # once on the way in, once on the way out
        if passed == 2 * number - 1:
            _end(child)
            return True


def _run(trace: Callable[[int, int, int], int], action: Callable[[], object]) -> None:
    """In the copy: stop until it is traced, then act. Nothing of the copied process is tidied up."""
    code = 1
    try:
        if trace(_TRACEME, 0, 0) == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
            action()
            code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def _end(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _ptrace() -> Callable[[int, int, int], int]:
    call = ctypes.CDLL(None).ptrace
    call.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    call.restype = ctypes.c_long

    def trace(request: int, process: int, data: int) -> int:
        return int(call(request, process, None, data))

    return trace
