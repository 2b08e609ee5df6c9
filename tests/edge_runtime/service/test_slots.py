"""A model that its maker signed takes over while the service runs; one that is damaged does not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.robustness.running_service import RunningService
from benchmarks.robustness.signing import Signer
from edge_runtime.slots import ModelSlots

from .conftest import png


@pytest.mark.slow
def test_a_switched_model_takes_over_and_the_way_back_is_open(
    tmp_path: Path, proven_model: Path, bundled_analyzer: object
) -> None:
    signer, folder = Signer(), tmp_path / "slots"
    folder.mkdir()
    (folder / "trusted.pub").write_bytes(signer.public_key)
    Path(f"{proven_model}.minisig").write_bytes(signer.sign(proven_model.read_bytes()))
    slots = ModelSlots(folder)
    with RunningService(["--slots", str(folder)]) as service:

        def serves(name: str) -> bool:
            ends = time.monotonic() + 60
            while time.monotonic() < ends:
                ready = service.request("GET", "/health/ready")
                if ready.status == 200 and ready.json["model"]["name"] == name:
                    return True
                time.sleep(0.1)
            return False

        assert serves("edge")
        slots.switch(slots.install(proven_model).sha256)
        assert serves("tiny-grey-level")
        measured = service.request("POST", "/v1/scans?eye=OD", png())
        assert (measured.status, measured.json["model"]["name"]) == (200, "tiny-grey-level")
        (folder / "slots.json").write_text("damaged")
        while service.request("GET", "/health/ready").json["notice"] is None:
            time.sleep(0.1)
        assert service.request("POST", "/v1/scans?eye=OD", png()).status == 200
    assert "damaged-slots" in service.errors
