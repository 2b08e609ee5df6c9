"""Meet real scans: ``python -m benchmarks.evidence.real_scans FOLDER``.

The folder holds ``scans.csv`` (scan, subject, eye, kind, clear_looking, mask, clipped), ``scans/`` and ``masks/``
(uint8, 0 or more than 0, on the scan's pixels: the visible lens, drawn by a non-expert). Each scan goes through the
command line's own path: analysis, result document (checked against the schema), overlay. Reported per eye: lens Dice on
the full frame, Cataract Fraction, `paper_fraction`, refusals. Real scans carry no cataract labels here: nothing in this
table is an accuracy of cataract detection.
Where the folder is absent the script says so and ends with 0.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np

from benchmarks.gate import EXIT_MISSED
from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer, EdgeCataractError, document
from edge_runtime.measure.answer import REPEAT_EVIDENCE
from edge_runtime.report.document import SCHEMA_FILE
from edge_runtime.report.overlay import draw_overlay
from edge_runtime.results import ScanResult

from .templates import fill

RESULTS = Path(__file__).parents[1] / "results" / "real_scans.json"
PAGE = Path(__file__).parents[2] / "docs" / "real-scans.md"


def main() -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", help="another exported model than the bundled one")
    parser.add_argument("--overlays", type=Path, help="existing folder for the overlays; none are kept otherwise")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--gate", action="store_true", help="end with 1 when a model must not ship, and say why")
    arguments = parser.parse_args()
    if not (arguments.folder / "scans.csv").is_file():
        print(f"skipped: no scans.csv in {arguments.folder}; real scans are not part of this repository")
        return 0
    analyzer = CataractAnalyzer(arguments.model)
    with (arguments.folder / "scans.csv").open(newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    rows = [measure(analyzer, arguments.folder, row, arguments.overlays) for row in listed]
    graded: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for one, row in zip(listed, rows, strict=True):
        if row["outcome"] == "graded":
            graded[eye_and_kind(row)].append(arguments.folder / one["scan"])
    eyes = [eye | answered(analyzer, graded[eye_and_kind(eye)]) for eye in per_eye(rows)]
    for row in rows:
        print(
            "  ".join(
                str(row[key]) for key in ("scan", "kind", "clear_looking", "cataract_fraction", "dice", "outcome")
            )
        )
    for eye in eyes:
        print(json.dumps(eye))
    measured = {**provenance(analyzer), "n_scans": len(rows), "eyes": eyes, "scans": rows}
    save(arguments.out, measured)
    if arguments.out == RESULTS:
        PAGE.write_text(page(measured), encoding="utf-8")
    return EXIT_MISSED if arguments.gate and missed(rows, eyes, analyzer.point.cf_threshold) else 0


def missed(rows: list[dict[str, Any]], eyes: list[dict[str, Any]], threshold: float) -> list[str]:
    """What no model that ships may do on real scans, as sentences; each is printed.

    A model that tells simulated eyes apart perfectly may do it by a trait of the simulator: real scans show that,
    and nothing else here does.
    """
    found = [
        f"{row['scan']}: {row['outcome']}"
        for row in rows
        if row["kind"] == "phakic" and row["cataract_fraction"] is None
    ]
    found += [
        f"{eye['eye']} looks clear and has a fraction of {eye['cataract_fraction']:.3f}"
        for eye in eyes
        if eye["looks_clear"] == "yes" and (eye["cataract_fraction"] or 0.0) >= threshold
    ]
    for sentence in found:
        print(f"MISSED {sentence}")
    return found


def measure(analyzer: CataractAnalyzer, folder: Path, row: dict[str, str], overlays: Path | None) -> dict[str, Any]:
    """Measure one scan: outcome, Cataract Fraction, lens Dice on the full frame."""
    name = Path(row["scan"]).stem
    measured: dict[str, Any] = {
        "scan": name,
        "eye": f"{row['subject']} {row['eye']}".strip(),
        "kind": row["kind"],
        "clear_looking": row["clear_looking"],
        "clipped": row["clipped"] == "True",
        "cataract_fraction": None,
        "paper_fraction": None,
        "dice": None,
    }
    try:
        result = analyzer.analyze(folder / row["scan"])
    except EdgeCataractError as error:
        return {**measured, "outcome": f"exit {error.exit_code}: {error.word}"}
    content = document(analyzer.as_eye([result]), analyzer.network, "2000-01-01T00:00:00Z")
    jsonschema.validate(content, json.loads(Path(SCHEMA_FILE).read_text(encoding="utf-8")))
    picture = draw_overlay(result)
    if overlays is not None:
        (overlays / f"{name}.overlay.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return {
        **measured,
        "bits": result.scan.bits,
        "profile": result.profile,
        "cataract_fraction": result.cataract_fraction,
        "paper_fraction": content["eye"]["paper_fraction"],
        "dice": lens_dice(result, folder / row["mask"]) if row["mask"] else None,
        "lens_px": result.pixels.lens,
        "outcome": "graded" if result.gradable else f"exit 3: {', '.join(result.reasons)}",
    }


def answered(analyzer: CataractAnalyzer, scans: list[Path]) -> dict[str, Any]:
    """What an exam of the scans of one eye says, on one scale of brightness; nothing without scans."""
    if not scans:
        return {"answer": None, "answer_reasons": [], "cataract_evidence": None}
    found = analyzer.analyze_exam(scans).findings
    return {
        "answer": found.conclusion.answer.value,
        "answer_reasons": list(found.conclusion.reasons),
        "cataract_evidence": None if found.cataract_evidence is None else round(found.cataract_evidence, 4),
    }


def eye_and_kind(row: dict[str, Any]) -> tuple[str, str]:
    """What the scans of a summary have in common."""
    return row["eye"], row["kind"]


def lens_dice(result: ScanResult, mask: Path) -> float:
    """Return the lens Dice, 2 x intersection over the sum of areas, on the scan's own pixels."""
    drawn = cv2.imdecode(np.frombuffer(mask.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    if drawn is None:
        raise ValueError(f"{mask} is not a picture")
    truth = drawn > 0
    found = result.labels > 0
    return float(2 * np.count_nonzero(truth & found) / (np.count_nonzero(truth) + np.count_nonzero(found)))


def per_eye(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sum up each eye, as the scans of one eye are not independent."""
    eyes: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        eyes[eye_and_kind(row)].append(row)
    summary = []
    for (eye, kind), scans in eyes.items():
        fractions, papers, dices = (
            [scan[name] for scan in scans if scan[name] is not None]
            for name in ("cataract_fraction", "paper_fraction", "dice")
        )
        summary.append(
            {
                "eye": eye,
                "kind": kind,
                "looks_clear": scans[0]["clear_looking"],
                "clipped": scans[0]["clipped"],
                "scans": len(scans),
                "graded": len(fractions),
                "cataract_fraction": round(statistics.fmean(fractions), 4) if fractions else None,
                "paper_fraction": round(statistics.fmean(papers), 4) if papers else None,
                "dice_mean": round(statistics.fmean(dices), 4) if dices else None,
                "dice_min": round(min(dices), 4) if dices else None,
            }
        )
    return summary


def page(measured: dict[str, Any]) -> str:
    """Return docs/real-scans.md from the numbers."""
    return fill("real_scans.md.j2", limit=REPEAT_EVIDENCE, **measured)


if __name__ == "__main__":
    sys.exit(main())
