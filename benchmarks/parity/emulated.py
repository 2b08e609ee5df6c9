"""Processors that this machine is not: ``python -m benchmarks.parity.emulated``, with Debian's qemu-user.

Every bundled model labels every sample scan on an emulated processor without AVX-512, and on one without AVX; counts
and labels are compared with this machine's own. Numbers only: an emulator's speed says nothing about a processor's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.gate import Asked, add_options, outcome
from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer
from edge_runtime.golden import GOLDEN, SAMPLES
from edge_runtime.model import session
from export.bundle import BUNDLE

RESULTS = Path(__file__).parents[1] / "results" / "emulated.json"
EMULATOR = "qemu-x86_64"
PROCESSORS = {"Haswell": "AVX2, no AVX-512, no VNNI", "Nehalem": "SSE4.2, no AVX"}


def main() -> int:
    """Label here and on every emulated processor, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--label", action="store_true", help="label as a processor without VNNI (used by the script)")
    add_options(parser, RESULTS, timed=False)
    arguments = parser.parse_args()
    if arguments.label:
        # An emulated process reads this machine's /proc/cpuinfo.
        with mock.patch.object(session, "sums_int8_exactly", return_value=False):
            print(json.dumps(labelled()))
        return 0
    here = labelled()
    content: dict[str, Any] = {**provenance(CataractAnalyzer()), "emulator": emulator_version(), "here": here}
    content["emulated"] = [
        {"processor": processor, "instructions": instructions, "scans": compared(here, emulated(processor))}
        for processor, instructions in PROCESSORS.items()
    ]
    for row in content["emulated"]:
        print(row)
    save(arguments.out, content)
    return outcome(asked(content), gate=arguments.gate)


def asked(content: dict[str, Any]) -> list[Asked]:
    """Return for each emulated processor how many scans have other labels than here: none may."""
    return [
        Asked(
            name=f"{row['processor']}, scans with other labels",
            found=sum(not scan["labels_equal"] for scan in row["scans"]),
            at_most=0,
        )
        for row in content["emulated"]
    ]


def labelled() -> list[dict[str, Any]]:
    """Label every sample by every bundled model; return counts, and a digest of the labels."""
    rows = []
    for precision in json.loads((BUNDLE / "register.json").read_text(encoding="utf-8")):
        analyzer = CataractAnalyzer(precision=precision)
        for scan in json.loads(GOLDEN.read_text(encoding="utf-8"))["scans"]:
            result = analyzer.analyze(SAMPLES / scan["source"])
            rows.append(
                {
                    "source": scan["source"],
                    "precision": precision,
                    "lens_px": result.pixels.lens,
                    "cataract_px": result.pixels.cataract,
                    "labels_sha256": hashlib.sha256(result.maps.prediction.labels.tobytes()).hexdigest(),
                }
            )
    return rows


def emulated(processor: str) -> list[dict[str, Any]]:
    """Return what `labelled` finds on an emulated processor."""
    command = [EMULATOR, "-cpu", processor, sys.executable, "-m", "benchmarks.parity.emulated", "--label"]
    finished = subprocess.run(command, capture_output=True, check=True, text=True, env=emulated_environment())
    rows: list[dict[str, Any]] = json.loads(finished.stdout)
    return rows


def emulated_environment() -> dict[str, str]:
    """Return the environment without the processor that OpenBLAS was told of: it is not the emulated one."""
    return {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}


def compared(here: list[dict[str, Any]], there: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of an emulated processor, with what differs from this machine's."""
    return [
        {
            **row,
            "lens_px_off": row["lens_px"] - own["lens_px"],
            "cataract_px_off": row["cataract_px"] - own["cataract_px"],
            "labels_equal": row["labels_sha256"] == own["labels_sha256"],
        }
        for own, row in zip(here, there, strict=True)
    ]


def emulator_version() -> str:
    """Return the name and version that the emulator prints."""
    finished = subprocess.run([EMULATOR, "--version"], capture_output=True, check=True, text=True)
    return finished.stdout.splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
