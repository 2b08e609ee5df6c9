"""AUC, sensitivity and specificity per eye from a written scans.csv, by other means than the study's own."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

if TYPE_CHECKING:
    from pathlib import Path


def check_report(folder: Path) -> tuple[int, int]:
    """Compare results.json with scans.csv of a report; return the number of cataract eyes and of clear eyes."""
    found = json.loads((folder / "results.json").read_text())["diagnosis"]["eye"]
    exams: dict[tuple[str, str], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    groups = {}
    with (folder / "scans.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["group"]:
                groups[row["patient_id"], row["eye"]] = row["group"] == "cataract"
                members = exams[row["patient_id"], row["eye"]][int(row["exam"])]
                if not row["reasons"]:
                    members.append(int(row["cataract_px"]) / int(row["lens_px"]))
    first = {eye: visits[min(visits)] for eye, visits in exams.items()}
    graded = [eye for eye, fractions in first.items() if fractions]
    scores = np.array([np.mean(first[eye]) for eye in graded])
    truth = np.array([groups[eye] for eye in graded], bool)
    called = scores >= found["fixed"]["cf_threshold"]
    if truth.any() and not truth.all():
        assert found["auc"]["value"] == pytest.approx(roc_auc_score(truth, scores))
    else:
        assert found["auc"]["value"] is None
    for name, right in (("sensitivity", called[truth]), ("specificity", ~called[~truth])):
        assert found["fixed"][name]["value"] == (pytest.approx(right.mean()) if right.size else None)
    return int(truth.sum()), int((~truth).sum())
