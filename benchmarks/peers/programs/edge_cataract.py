"""edge-cataract through its Python interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.peers.programs.running import Job, main

if TYPE_CHECKING:
    from collections.abc import Callable


def start(job: Job) -> Callable[[], int]:
    """Load the bundled int8 model."""
    import cv2

    from edge_runtime import CataractAnalyzer, Limits

    analyzer = CataractAnalyzer(limits=Limits(threads=job.threads))

    def run() -> int:
        result = analyzer.analyze(job.scan)
        job.out.write_bytes(cv2.imencode(".png", result.labels)[1].tobytes())
        return int((result.labels > 0).sum())

    return run


if __name__ == "__main__":
    main(start)
