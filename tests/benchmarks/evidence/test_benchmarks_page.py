"""The page and its picture follow from the results."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from benchmarks.evidence.benchmarks_page import PAGE, draw, page, read
from export.bundle import BUNDLE

COST = {"ms": {"median": 10.0, "min": 9.0, "max": 12.0}, "first_result_s": 0.5, "peak_memory_mb": 100.0}
PLACE = {
    "commit": "0123", "machine": {"processor": "a processor", "cores": 2, "python": "3.11"}, "versions": {"torch": "2"},
}  # fmt: skip
FOUND = {
    "pixels": 10**8, "probability": 1e-6, "labels_different": 7, "cf": 1e-5, "cf_99": 1e-6, "eyes": 221,
    "eyes_borderline": 3, "decisions_changed": 0, "decisions_changed_outside_guard_band": 0, "auc": {"drift": 0.0},
    "lens_dice": {"drift": None},
}  # fmt: skip
RESULTS: dict[str, dict[str, Any]] = {
    "parity": PLACE
    | {
        "data": {"description": "simulated scans: seed 1", "scans": 1326},
        "models": [{"model": {"precision": name}, "found": FOUND, "broken": []} for name in ("fp32", "int8")],
    },
    "network": PLACE
    | {
        "threads": 2,
        "rounds": 20,
        "input": [1100, 1100],
        "contenders": {name: COST | {"title": name} for name in ("ours-int8", "torch-eager", "scan-int8")},
        "ratios": [
            {"slower": "torch-eager", "faster": "ours-int8", "at_least": 4.0, "at_most": None,
             "median": 5.0, "min": 4.5, "max": 6.0},
            {"slower": "ours-int8", "faster": "torch-eager", "at_least": None, "at_most": 1.25,
             "median": 1.3, "min": 1.2, "max": 1.4},
        ],
        "scans_per_second": {"scan-int8": {"1": 15.0, "2": 29.0}},
        "installed_bytes": {"scan-int8": 300_000_000},
    },
    "waiting": PLACE
    | {
        "turns": 60,
        "ms": {name: {"median": 5.0, "min": 4.0, "max": 6.0}
               for name in ("decode", "network", "scan", "elsewhere", "pictures")},
        "ratios": {"a warm scan over decoding": {"median": 1.9, "min": 1.8, "max": 2.0, "at_most": 1.3}},
    },
    "cold_start": PLACE
    | {
        "pairs": 30,
        "wall": {"ratio_median": 1.62, "ratio_lower_quartile": 1.6, "ratio_upper_quartile": 1.7,
                 "bare_min_ms": 180.0, "command_min_ms": 290.4},
        "processor": {"ratio_median": 1.65, "ratio_lower_quartile": 1.6, "ratio_upper_quartile": 1.7},
        "peak_mb": {"bare": 65.0, "command": 109.25},
        "capped": {"max_memory_mb": 90, "exit_code": 71, "peak_mb": 80.0},
        "verification_share": 0.0123,
    },
    "soak": PLACE
    | {
        "soak": {"scans": 2000, "settled": 500, "bytes_per_scan": 12.5, "threads": [2, 2], "descriptors": [5, 6]},
        "repeats": {"count": 250, "threads": [1, 2], "documents": 1},
    },
    "emulated": PLACE
    | {
        "emulator": "qemu",
        "emulated": [
            {"processor": "Haswell", "instructions": "AVX2", "scans": [
                {"precision": "int8", "source": "a.png", "cataract_px": 3, "lens_px": 9, "labels_equal": True},
            ]},
        ],
    },
    "tiles": PLACE
    | {
        "input": [1824, 2150],
        "ways": [
            {"title": "int8, tiles", "tiles": 30, "pixels_ratio": 10.0, "probability": 0.0, "labels_different": 0,
             "time_ratio": {"median": 11.0, "min": 10.0, "max": 12.0}},
        ],
    },
    "operators": PLACE
    | {
        "runs": 30,
        "threads": 2,
        "models": [{"precision": "int8", "ms": 9.0, "operators": [{"operator": "Conv", "nodes": 3, "share": 0.6}]}],
    },
}  # fmt: skip


def test_every_number_is_on_the_page() -> None:
    text = page(RESULTS)
    for line in (
        "| labels different | 7 | 1e-06 of all | 7 | - |",
        "| decisions changed | 0 | 0 | 0 | - |",
        "| lens Dice with the truth, difference | - | 0.002 | - | 0.002 |",
        "| torch-eager over ours-int8 | at least 4 | 5.00 (4.50 to 6.00) | yes |",
        "| ours-int8 over torch-eager | at most 1.25 | 1.30 (1.20 to 1.40) | no |",
        "| scan-int8 | 10.00 (9.00 to 12.00) | 0.50 | 100 | 15.0 | 29.0 | 300 |",
        "| the scan with every picture | 5.00 (4.00 to 6.00) |",
        "| a warm scan over decoding | 1.3 | 1.90 (1.80 to 2.00) |",
        "| int8, tiles | 30 | 10.000 | 11.00 (10.00 to 12.00) | 1.10 | 0 | 0 |",
        "| Conv | 3 | 60.0 % |",
        "| wall time over bare imports, median (quartiles) | 1.7 | 1.62 (1.60 to 1.70) |",
        "| peak memory, MB | 110 | 109.2 |",
        "| with --max-memory 90 | exit code 0 | refused, exit code 71 |",
        "| memory grown per scan, scans 500 to 2000, bytes | 1024 | 12.5 |",
        "| descriptors, early; late | constant | 5; 6 |",
        "| Haswell | AVX2 | int8 | a.png | 3 of 9 | yes |",
    ):
        assert line in text.splitlines()
    assert "Broken" not in text


def test_a_broken_limit_is_told() -> None:
    results = copy.deepcopy(RESULTS)
    results["parity"]["models"][1]["broken"] = ["AUC: 0.003, at most 0.002 is allowed"]
    assert "**Broken: int8: AUC: 0.003, at most 0.002 is allowed.**" in page(results)


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    draw(RESULTS["network"], tmp_path / "benchmarks.png")
    assert (tmp_path / "benchmarks.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_is_that_of_the_committed_numbers() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(read())


def test_the_committed_numbers_are_of_the_bundled_models() -> None:
    register = json.loads((BUNDLE / "register.json").read_text(encoding="utf-8"))
    bundled = {precision: entry["sha256"] for precision, entry in register.items()}
    results = read()
    assert results["network"]["model_sha256"] == bundled
    assert {one["precision"]: one["sha256"] for one in results["operators"]["models"]} == bundled
    assert {one["model_sha256"] for one in results["tiles"]["ways"]} == set(bundled.values())
