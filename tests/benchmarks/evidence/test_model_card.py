from __future__ import annotations

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
