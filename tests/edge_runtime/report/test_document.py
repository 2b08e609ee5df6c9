"""Every document keeps the schema that is shipped; the schema refuses what is no result."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge_runtime import CataractAnalyzer, __version__, document
from edge_runtime.report.document import SCHEMA_FILE, to_json
from edge_runtime.results import EyeResult
from tests.edge_runtime.pictures import CATARACT_FRACTION, CATARACT_PX, LENS_PX
from tests.edge_runtime.report.conftest import EYES

SCHEMA = json.loads(Path(SCHEMA_FILE).read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
CREATED = "2026-01-31T10:11:12Z"
# Of a drawn frame: its lens is a rectangle.
LENS_NOT_MEASURED = {
    "answer": "refer",
    "answer_reasons": ["cataract-fraction", "lens-shape-unknown", "fewer-than-three-scans"],
    **dict.fromkeys(("cataract_fraction_range", "cataract_fraction_leave_one_out", "cataract_fraction_band")),
    **dict.fromkeys(
        ("paper_fraction", "grade", "kinds", "cataract_evidence", "areas", "zones", "optical_depth", "forward_scatter")
    ),
    "paper_threshold": 0.14,
    **dict.fromkeys(("lens_thickness_mm", "lens_density_own_scale", "vault_um")),
}


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "edge-cataract/result/1"


@pytest.mark.parametrize("name", EYES)
def test_document_of_every_kind_of_eye_is_valid(
    name: str, eye_of: Callable[[str], EyeResult], analyzer: CataractAnalyzer
) -> None:
    written = to_json(document(eye_of(name), analyzer.network, CREATED))
    VALIDATOR.validate(json.loads(written))
    assert written.isascii()


def test_document_carries_the_result(analyzer: CataractAnalyzer, eye_of: Callable[[str], EyeResult]) -> None:
    eye = eye_of("graded")
    content = document(eye, analyzer.network, CREATED)
    assert content["created"] == CREATED
    assert content["tool"] == {"name": "edge-cataract", "version": __version__}
    assert content["model"] == {
        "name": "tiny-grey-level",
        "version": "0",
        "sha256": analyzer.network.sha256,
        "precision": "fp32",
        "trained_on": "none: grey levels set by hand",
    }
    assert content["runtime"]["threads"] == analyzer.network.threads
    assert content["runtime"]["provider"] == "CPUExecutionProvider"
    assert content["eye"] == LENS_NOT_MEASURED | {
        "laterality": None,
        "cataract_fraction": CATARACT_FRACTION,
        "cataract_fraction_sd": None,
        "scans_used": 1,
        "scans_expected": 1,
        "threshold": 0.14,
        "margin": CATARACT_FRACTION - 0.14,
        "decision": "cataract",
        "borderline": False,
    }
    (scan,) = content["scans"]
    assert (scan["lens_px"], scan["cataract_px"], scan["cataract_fraction"]) == (
        LENS_PX,
        CATARACT_PX,
        CATARACT_FRACTION,
    )
    assert scan["lens_density"] == pytest.approx((200 * 160 + 500 * 80) / 700)
    assert (scan["rows"], scan["columns"], scan["profile"], scan["reasons"]) == (1824, 2150, "anterion", [])
    assert content["warnings"] == []
    assert content["disclaimer"] == "Research use only. Not a medical device."


@pytest.mark.parametrize(
    ("name", "picture"),
    [("graded", "natural-lens"), ("not graded", None), ("mostly outside", "lens-outside"), ("too small", None)],
)
def test_the_kind_of_picture_is_said_where_it_is_known(
    name: str, picture: str | None, eye_of: Callable[[str], EyeResult]
) -> None:
    assert [scan["picture"] for scan in document(eye_of(name))["scans"]] == [picture]


def test_undefined_number_is_null_and_never_zero(
    analyzer: CataractAnalyzer, eye_of: Callable[[str], EyeResult]
) -> None:
    content = document(eye_of("not graded"), analyzer.network, CREATED)
    assert [content["eye"][name] for name in ("cataract_fraction", "cataract_fraction_sd", "margin")] == [None] * 3
    assert (content["eye"]["decision"], content["eye"]["scans_used"]) == ("ungradable", 0)
    (scan,) = content["scans"]
    assert (scan["gradable"], scan["cataract_fraction"], scan["lens_density"]) == (False, None, None)
    assert scan["reasons"] == ["lens-not-found"]
    assert [warning["code"] for warning in content["warnings"]] == ["fewer-scans-than-expected"]


def test_counts_of_an_ungraded_lens_are_kept_but_its_fraction_is_not(
    analyzer: CataractAnalyzer, eye_of: Callable[[str], EyeResult]
) -> None:
    (scan,) = document(eye_of("too small"), analyzer.network, CREATED)["scans"]
    assert scan["lens_px"] > 0
    assert (scan["cataract_fraction"], scan["reasons"]) == (None, ["lens-too-small"])


def changed(content: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one entry replaced, or removed when the value is Ellipsis."""
    copied: Any = copy.deepcopy(content)
    *parents, last = (int(key) if key.isdigit() else key for key in path.split("."))
    place = copied
    for key in parents:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return dict(copied)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema", "edge-cataract/result/2"),
        ("created", "31.01.2026"),
        ("disclaimer", ""),
        ("disclaimer", ...),
        ("tool.name", "other"),
        ("model.sha256", "ABC"),
        ("model.precision", "fp16"),
        ("model", ...),
        ("runtime.threads", 0),
        ("eye.laterality", "left"),
        ("eye.cataract_fraction", 1.5),
        ("eye.cataract_fraction", "0.3"),
        ("eye.cataract_fraction_sd", -0.1),
        ("eye.scans_used", -1),
        ("eye.threshold", None),
        ("eye.margin", -1.5),
        ("eye.decision", "healthy"),
        ("eye.borderline", None),
        ("scans", []),
        ("scans.0.rows", 0),
        ("scans.0.lens_px", -1),
        ("scans.0.lens_px", 1.5),
        ("scans.0.lens_density", 256),
        ("scans.0.cataract_fraction", None),
        ("scans.0.reasons", ["lens-not-found"]),
        ("scans.0.reasons", ["Lens not found"]),
        ("scans.0.gradable", False),
        ("scans.0.timings_ms.read", -1),
        ("scans.0.timings_ms.infer", ...),
        ("scans.0.sha256", ...),
        ("warnings", [{"code": "Two Words", "message": ""}]),
    ],
)
def test_schema_refuses_what_is_no_result(
    path: str, value: Any, analyzer: CataractAnalyzer, eye_of: Callable[[str], EyeResult]
) -> None:
    content = json.loads(to_json(document(eye_of("graded"), analyzer.network, CREATED)))
    VALIDATOR.validate(content)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(changed(content, path, value))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_number_that_json_does_not_know_is_never_written(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"number": number})


def test_json_is_ascii_on_one_line() -> None:
    assert to_json({"name": "Zoë\n"}) == r'{"name": "Zo\u00eb\n"}'
