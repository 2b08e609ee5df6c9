"""Processes that share work on scans: one thread each, and none outlives the process that started it."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process


def process_pool(workers: int) -> ProcessPoolExecutor:
    """Make a pool of this many processes, each with one thread of OpenCV."""
    # Spawn: a forked child would inherit the locks of the threads of torch, onnxruntime and OpenCV.
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin)


def _begin() -> None:
    import cv2

    cv2.setNumThreads(1)  # the scans are already spread over the processors
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process with its owner: it would otherwise wait for work forever and keep its memory."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
