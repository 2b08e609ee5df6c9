"""rembg: the usual tool to cut out a foreground, with its small network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from benchmarks.peers.programs.running import Job, main

if TYPE_CHECKING:
    from collections.abc import Callable


def start(job: Job) -> Callable[[], int]:
    """Load u2netp."""
    os.environ |= {"U2NET_HOME": str(job.weights), "MODEL_CHECKSUM_DISABLED": "1", "OMP_NUM_THREADS": str(job.threads)}
    import numpy as np
    from PIL import Image
    from rembg import new_session, remove

    session = new_session("u2netp", providers=["CPUExecutionProvider"])

    def run() -> int:
        with Image.open(job.scan) as scan:
            mask = remove(scan.convert("RGB"), session=session, only_mask=True)
        labels = (np.asarray(mask) > 127).astype(np.uint8)
        Image.fromarray(labels).save(job.out)
        return int(labels.sum())

    return run


if __name__ == "__main__":
    main(start)
