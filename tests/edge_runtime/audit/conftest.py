"""A result document, and an audit that grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.audit import AuditTrail
from tests.edge_runtime.pictures import encoded, lens_frame


@pytest.fixture(scope="session")
def document(analyzer: CataractAnalyzer) -> dict[str, Any]:
    return analyzer.analyze(encoded(".png", lens_frame())).to_dict()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    key = tmp_path / "key"
    key.touch(0o600)
    key.write_bytes(bytes(range(32)))
    return key


@pytest.fixture
def three(path: Path, document: dict[str, Any]) -> AuditTrail:
    """An audit of a beginning and three answers."""
    trail = AuditTrail(path)
    for _ in range(3):
        trail.append(document)
    return trail
