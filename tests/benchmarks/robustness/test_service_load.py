"""The load and the attacks on the service, in small."""

from __future__ import annotations

import asyncio
import random

import pytest

from benchmarks.robustness import service_attacks, service_load
from benchmarks.robustness.running_service import RunningService


@pytest.mark.slow
def test_every_accepted_scan_is_answered_and_every_attack_refused() -> None:
    files = service_load.scans_of("small")
    with RunningService(["--pixel-um", service_load.PITCH_UM, "--queue", "1", "-q"]) as service:
        load = asyncio.run(service_load.run(service, files, 24, 8, lambda _: None))
        draw = random.Random(1)
        statuses = {
            name: (service_attacks.status_of(service, said), refusing)
            for name, make in service_attacks.attacks(service, draw).items()
            for said, refusing in [make()]
        }
    assert load.accepted >= 24
    assert (load.statuses[0], load.statuses[200] > 0, load.statuses[422] > 0) == (0, True, True)
    assert load.accepted == load.statuses[200] + load.statuses[422]
    assert len(load.seconds) == load.accepted
    assert {name for name, (status, refusing) in statuses.items() if status not in refusing} == set()


def test_a_slope_is_of_memory_over_accepted_scans() -> None:
    quiet = [
        {"accepted": n, "service": {"resident_kib": 1000 + (0 if n < 200 else 50) + n // 10}}
        for n in range(100, 600, 100)
    ]
    assert service_load.slope_kib(quiet, "service") == pytest.approx(0.1)


def test_a_bomb_is_a_whole_picture() -> None:
    import cv2
    import numpy as np

    picture = cv2.imdecode(np.frombuffer(service_attacks.png_bomb(300, 200), np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (300, 200)
