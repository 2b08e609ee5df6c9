"""The program: ``edge-cataract``, and ``python -m edge_runtime``.

Until the command line is imported, a signal ends the process as the system does. From then on see `program_signals`.
"""

from __future__ import annotations

import os
import signal
import sys

if __name__ == "__main__" or os.path.basename(sys.argv[0]).startswith("edge-cataract"):
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of an import
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy multiplies no matrix here, but would reserve memory
    # OpenCV would write its log among the results, and hold good scans for too large.
    for name in [name for name in os.environ if name.startswith(("OPENCV_LOG", "OPENCV_IO_", "OPENCV_FOR_"))]:
        del os.environ[name]

from .cli import main
from .machine.core_dumps import leave_no_core
from .program_signals import INTERRUPTED, Interrupted, end_at_once, listen, listen_no_more


def run() -> int:
    """Run the command line as a program of its own; returns its exit code."""
    if getattr(sys, "frozen", False):  # a worker of a batch is this program again
        from multiprocessing import freeze_support

        freeze_support()
    leave_no_core()
    listen()
    try:
        code = main()
        listen_no_more()
    except Interrupted as ended:  # when all was done
        code = INTERRUPTED[ended.number]
    if code in INTERRUPTED.values():
        if listening := sys.modules.get("edge_runtime.reading.decoder_messages"):
            listening.pass_on_now()  # that it was interrupted, for one
        end_at_once(code)  # not waiting for a thread that decodes a large scan
    return code


if __name__ == "__main__":
    sys.exit(run())
