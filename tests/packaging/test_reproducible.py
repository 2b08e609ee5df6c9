"""The same commit gives the same wheel, wherever it is cloned to and whatever the user's settings are."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from export.shipping.program import Program
from export.shipping.wheel import build_wheel, clone, commit_time
from tests.conftest import ROOT, not_proved

pytestmark = [pytest.mark.slow, pytest.mark.network]


def test_two_clones_give_the_same_wheel(frozen: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / ".git").exists():
        not_proved("this tree is no checkout: that two clones give one wheel is not proved here")
    wheels = []
    for name, mask, zone in (("first", 0o022, "UTC"), ("second/further/down", 0o077, "Asia/Tokyo")):
        monkeypatch.setenv("TZ", zone)
        before = os.umask(mask)
        try:
            source = clone(ROOT, "HEAD", tmp_path / name / "clone")
            wheels.append(build_wheel(frozen.environment, source, tmp_path / name / "wheel", commit_time(source)))
        finally:
            os.umask(before)
    first, second = (sha256(wheel.read_bytes()).hexdigest() for wheel in wheels)
    assert first == second
