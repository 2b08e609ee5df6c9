"""Processes that share work on scans: one thread each, and none outlives the process that started it."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from edge_runtime.workers.orphans import end_with_parent


def process_pool(workers: int) -> ProcessPoolExecutor:
    """Make a pool of this many processes, each with one thread of OpenCV."""
    # Spawn: a forked child would inherit the locks of the threads of torch, onnxruntime and OpenCV.
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin)


def _begin() -> None:
    import cv2

    cv2.setNumThreads(1)  # the scans are already spread over the processors
    end_with_parent()  # it would otherwise wait for work forever and keep its memory
