from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.evidence import model_card as model_card_module
from benchmarks.evidence.committed import Committed
from benchmarks.evidence.model_card import PAGE, card
from edge_runtime import CataractAnalyzer


def test_the_card_is_that_of_the_bundled_model_and_its_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == card(Committed.read())


def test_the_card_names_the_model_that_ships() -> None:
    network = CataractAnalyzer().network
    text = card(Committed.read())
    assert text.startswith(f"# Model card: {network.metadata.name} {network.metadata.version}\n")
    assert network.sha256[:16] in text


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_card_module, "PAGE", tmp_path / "page.md")
    assert model_card_module.main() == 0
    assert (tmp_path / "page.md").read_bytes() == PAGE.read_bytes()
