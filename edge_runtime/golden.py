"""Prove that this device computes what the release computed: golden scans, expected counts, a stated tolerance."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InferenceError
from .model.store import bundled_hashes

if TYPE_CHECKING:
    from .analyzer import CataractAnalyzer

SAMPLES = Path(__file__).parent / "samples"
GOLDEN = SAMPLES / "golden.json"
# Between processors, float rounding may move single pixels across the decision of two nearly equal labels.
MAX_PIXEL_DEVIATION = 0.0001  # of the lens pixels


@dataclass(frozen=True, slots=True)
class Check:
    """One golden scan: what was expected and what this device found."""

    source: str
    passed: bool
    finding: str


def run_selftest(analyzer: CataractAnalyzer) -> list[Check]:
    """Analyse every golden scan and compare model, size and counts with those of the release.

    Raises
    ------
    EdgeCataractError
        When the golden results are missing or damaged, or analysis fails.
    """
    golden = _golden()
    precision = analyzer.network.metadata.precision
    if analyzer.network.sha256 != golden["model_sha256"].get(precision):
        if analyzer.network.sha256 in bundled_hashes():
            return [Check("model", passed=False, finding="the bundled model is not the one that was released")]
        return _checks_of_export(analyzer)
    return [
        _check(analyzer, expected["source"], {"sha256": expected["sha256"], **expected[precision]})
        for expected in golden["scans"]
    ]


def sample_counts(analyzer: CataractAnalyzer) -> dict[str, dict[str, int | str]]:
    """What a model finds in every bundled sample: the scan's sha256, its lens pixels and its cataract pixels."""
    results = {path.name: analyzer.analyze(path) for path in sorted(SAMPLES.glob("*.png"))}
    return {
        name: {"sha256": one.scan.sha256, "lens_px": one.pixels.lens, "cataract_px": one.pixels.cataract}
        for name, one in results.items()
    }


def _checks_of_export(analyzer: CataractAnalyzer) -> list[Check]:
    """The checks of another model than the released one: by the numbers that its export wrote into it."""
    written = analyzer.network.metadata.golden
    if not written:
        return [Check("model", passed=False, finding="it holds no expected numbers; export it again with this version")]
    malformed = InferenceError(
        "selftest-failed", "The numbers that the model's export expects are malformed.", "Export the model again."
    )
    try:
        expected = {str(name): dict(wanted) for name, wanted in json.loads(written).items()}
        counts = [wanted[key] for wanted in expected.values() for key in ("lens_px", "cataract_px")]
        hashes = [wanted["sha256"] for wanted in expected.values()]
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise malformed from error
    if not expected or not all(type(one) is int for one in counts) or not all(type(one) is str for one in hashes):
        raise malformed  # without one scan and its three numbers nothing would be proved
    return [_check(analyzer, name, wanted) for name, wanted in expected.items()]


def _golden() -> dict[str, Any]:
    """What the release computed: at least one scan, or nothing would be proved."""
    try:
        golden: dict[str, Any] = json.loads(GOLDEN.read_text())
    except (OSError, ValueError) as error:
        raise _damaged() from error
    if not golden.get("model_sha256") or not golden.get("scans"):
        raise _damaged()
    return golden


def _damaged() -> InferenceError:
    return InferenceError("selftest-failed", "The golden results are missing or damaged.", "Install the package again.")


def _check(analyzer: CataractAnalyzer, source: str, wanted: dict[str, Any]) -> Check:
    if not (SAMPLES / source).is_file():
        return Check(source, passed=False, finding="the sample scan is missing")
    result = analyzer.analyze(SAMPLES / source)
    found = {"sha256": result.scan.sha256, "lens_px": result.pixels.lens, "cataract_px": result.pixels.cataract}
    tolerance = MAX_PIXEL_DEVIATION * wanted["lens_px"]
    differing = [
        f"{name} {found[name]}, expected {wanted[name]}"
        for name in wanted
        if (found[name] != wanted[name] if name == "sha256" else abs(found[name] - wanted[name]) > tolerance)
    ]
    finding = "; ".join(differing) or f"{found['cataract_px']} of {found['lens_px']} lens pixels"
    return Check(source, not differing, finding)
