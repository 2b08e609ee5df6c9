"""Render the golden scans of the phantom, and write their digests: python -m tests.train.phantom.make_golden.

Digests are replaced only after VERSION was raised: bytes that change under the same VERSION are a mistake.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edge_runtime.look.tissues import Tissue
from train.phantom.cohorts.catalogue import plan_cohort
from train.phantom.patient import make_eye
from train.phantom.render import VERSION, RenderedScan, render

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOLDEN = Path(__file__).with_name("golden.json")
SMALL_ROWS, SMALL_COLUMNS = 365, 430  # small pictures are quick, and pass through the same code
DIGESTS = ("picture", "truth", "notes")
BLOCKS = 6  # a coarse picture has so many blocks along and across


@dataclass(frozen=True, slots=True)
class Case:
    """One golden scan: its place in a cohort of seed 0, its display setting, and whether it keeps its own size."""

    cohort: str
    patient: int
    eye: int
    scan: int
    setting: int = 0
    own_size: bool = False

    @property
    def name(self) -> str:
        return f"{self.cohort}/{self.patient}/{self.eye}/{self.scan}/{self.setting}"


# Together they show the kinds of opacity, the states of the lens, the conditions of the eye, the artefacts, the
# geometries and the display settings.
CASES = (
    Case("training", 176, 0, 0), Case("training", 194, 1, 2), Case("training", 45, 1, 0), Case("training", 158, 0, 2),
    Case("training", 77, 0, 1, own_size=True), Case("training", 144, 1, 0), Case("training", 152, 0, 0),
    Case("training", 7, 0, 0), Case("training", 11, 0, 0), Case("training", 17, 0, 0), Case("training", 25, 1, 0),
    Case("training", 31, 0, 0), Case("training", 43, 0, 0), Case("training", 48, 0, 0), Case("training", 51, 1, 0),
    Case("training", 58, 0, 0), Case("training", 65, 0, 0), Case("training", 79, 0, 0), Case("training", 107, 0, 0),
    Case("validation", 66, 0, 0), Case("validation", 0, 1, 5, own_size=True), Case("development", 21, 0, 2),
    Case("development", 26, 0, 1), Case("shifted", 66, 0, 3),
    Case("artefacts", 0, 0, 0), Case("artefacts", 0, 0, 1), Case("artefacts", 0, 0, 2), Case("artefacts", 0, 1, 1),
    Case("artefacts", 0, 1, 2), Case("artefacts", 1, 0, 0), Case("artefacts", 1, 0, 1), Case("artefacts", 2, 0, 0),
    Case("artefacts", 2, 1, 0), Case("artefacts", 3, 1, 0), Case("artefacts", 3, 1, 2), Case("artefacts", 5, 0, 1),
    Case("artefacts", 14, 1, 1), Case("artefacts-without", 0, 0, 0),
    Case("corneal-disease", 35, 0, 0), Case("corneal-disease-without", 35, 0, 0),
    Case("display", 1, 0, 0, setting=1), Case("display", 1, 0, 0, setting=2), Case("display", 1, 0, 0, setting=3),
    Case("display", 1, 0, 0, setting=4), Case("display", 1, 0, 0, setting=5),
    Case("age-matched", 1, 0, 1), Case("focal-young", 1, 1, 0), Case("senescent-clear", 0, 0, 2),
    Case("test-retest", 1, 0, 7), Case("not-gradable", 0, 0, 0), Case("not-gradable", 1, 1, 1),
    Case("not-gradable", 3, 1, 1), Case("phakic-implant", 0, 0, 0), Case("phakic-implant", 1, 1, 2),
    Case("looks", 0, 0, 0), Case("looks", 1, 1, 1), Case("training", 10, 1, 2),
)  # fmt: skip


def render_case(case: Case) -> RenderedScan:
    """The scan of a case."""
    plan, scans = plan_cohort(case.cohort, 0, case.patient + 1)[case.patient].eyes[case.eye]
    scan = scans[case.scan]
    if case.setting:
        scan = replace(scan, setting=case.setting)
    if not case.own_size and scan.geometry != "raw":
        scan = replace(scan, rows=SMALL_ROWS, columns=SMALL_COLUMNS)
    return render(make_eye(plan), scan)


def digests(scan: RenderedScan) -> dict[str, Any]:
    """SHA-256 of the picture, the truth maps and the notes, with a coarse picture and pixel counts to compare."""
    maps = [getattr(scan.truth, name) for name in ("labels", "excess", "kind", "observable", "mask", "tissue")]
    notes = json.dumps(scan.notes, sort_keys=True).encode()
    return {
        "picture": hashlib.sha256(np.ascontiguousarray(scan.picture).tobytes()).hexdigest(),
        "truth": hashlib.sha256(b"".join(np.ascontiguousarray(one).tobytes() for one in maps)).hexdigest(),
        "notes": hashlib.sha256(notes).hexdigest(),
        "shape": [*scan.picture.shape, str(scan.picture.dtype)],
        "coarse": coarse(scan.picture),
        "excess": coarse(scan.truth.excess),
        "pixels": {
            "lens": scan.truth.lens_px,
            "opacity": scan.truth.opacity_px,
            "observable": int(np.count_nonzero(scan.truth.observable)),
            "mask": int(np.count_nonzero(scan.truth.mask)),
            "tissues": np.bincount(scan.truth.tissue.ravel(), minlength=len(Tissue)).tolist(),
            "kinds": np.bincount(scan.truth.kind.ravel(), minlength=14).tolist(),
        },
    }


def coarse(pixels: NDArray[np.integer[Any]]) -> list[float]:
    """Mean of each block of a picture, in steps of full scale / 255."""
    scale = 255 / np.iinfo(pixels.dtype).max
    bands = np.array_split(pixels.astype(np.float64) * scale, BLOCKS, axis=0)
    return [round(float(block.mean()), 4) for band in bands for block in np.array_split(band, BLOCKS, axis=1)]


def platform() -> dict[str, Any]:
    """What the last bits of floating-point numbers depend on."""
    return {
        "numpy": np.__version__.rsplit(".", 1)[0],
        "cv2": cv2.__version__.rsplit(".", 1)[0],
        "simd": np.show_config(mode="dicts")["SIMD Extensions"]["found"],
    }


def main() -> int:
    """Write the digests; 1 when bytes changed though VERSION did not."""
    found = {case.name: digests(render_case(case)) for case in CASES}
    if GOLDEN.exists():
        known = json.loads(GOLDEN.read_text())
        kept = [name for name in found if name in known["scans"]]
        same_platform = known["platform"] == platform()
        changed = [name for name in kept if any(found[name][k] != known["scans"][name][k] for k in DIGESTS)]
        if known["version"] == VERSION and same_platform and changed:
            sys.stderr.write(f"Rendered bytes changed; raise VERSION first: {', '.join(changed)}\n")
            return 1
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in found.items())
    head = f' "version": {json.dumps(VERSION)},\n "platform": {json.dumps(platform())},\n "scans": '
    GOLDEN.write_text(f"{{\n{head}{{\n{lines}\n }}\n}}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
