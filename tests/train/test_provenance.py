from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from train import provenance


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    provenance.code_revision.cache_clear()
    yield
    provenance.code_revision.cache_clear()


def test_the_revision_is_a_commit_with_a_mark_for_changes() -> None:
    assert re.fullmatch(r"[0-9a-f]{40}(\+changes)?|unknown", provenance.code_revision())


def test_outside_a_checkout_the_revision_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.code_revision() == "unknown"
    monkeypatch.undo()
    assert provenance.code_revision() == "unknown", "a run keeps what it began with"


def test_versions_leave_out_what_is_not_installed() -> None:
    assert provenance.versions("numpy", "no-such-package-of-ours") == {"numpy": np.__version__}


def test_the_machine_is_named_with_its_processors() -> None:
    found = provenance.machine()
    assert found.keys() == {"system", "architecture", "cpu", "cpus"}
    assert found["cpu"] == provenance.processor()
    assert isinstance(found["cpus"], int)
    assert found["cpus"] > 0
