"""Bring a finished study into the documentation: its numbers, one page and small figures per cohort.

    python -m benchmarks.evidence.publish runs/study --into docs/study --command "python -m train study ..."

Tables per scan, tables per eye and galleries stay behind, because one command makes them again from seeds. Their sha256
is recorded in docs/study/removed.json, so that a copy kept elsewhere can be recognised.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parents[2] / "docs"
MANIFEST = DOCS / "study" / "removed.json"
LEFT_OUT = (
    "scans.csv",
    "eyes.csv",
    "predictions.json",
    "predictions.ledger",
    "study.ledger",
    "examples.jpg",
    "false_positives.jpg",
    "false_negatives.jpg",
)
COLOURS = 32  # a plot has few colours: a palette of these takes half of the bytes of 256
PLOT_SIZE = (500, 500)  # pixels that a page shows of a plot


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file of evidence that the repository does not hold.

    Attributes
    ----------
    path
        Where it would stand, relative to the repository.
    size_bytes, sha256
        The file as it was when the numbers were published.
    """

    path: str
    size_bytes: int
    sha256: str

    @classmethod
    def of(cls, file: Path, path: str) -> LeftOut:
        """Describe a file under the path that it would have in the repository."""
        content = file.read_bytes()
        return cls(path, len(content), hashlib.sha256(content).hexdigest())

    def as_json(self) -> dict[str, str | int]:
        """Return the entry of the manifest."""
        return {"path": self.path, "bytes": self.size_bytes, "sha256": self.sha256}


def main(words: list[str] | None = None) -> int:
    """Publish a study, and record what was left out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path, help="folder of `python -m train study`")
    parser.add_argument("--into", type=Path, required=True, help="folder of the documentation")
    parser.add_argument("--command", required=True, nargs="+", help="the commands that make the study from seeds")
    parser.add_argument("--manifest", type=Path, default=MANIFEST)
    arguments = parser.parse_args(words)
    left_out = publish(arguments.study, arguments.into)
    record(arguments.manifest, arguments.command, left_out)
    return 0


def publish(study: Path, target: Path) -> list[LeftOut]:
    """Copy what the documentation holds of a study.

    Parameters
    ----------
    study
        Folder with study.md and one report per cohort.
    target
        Folder of the documentation; created where it is missing.

    Returns
    -------
    The tables and galleries that were not copied.
    """
    left_out = []
    for report in sorted(path.parent for path in study.glob("*/results.json")):
        page = target / report.name
        page.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(report / "results.json", page / "results.json")
        (page / "report.md").write_text(without_galleries((report / "report.md").read_text(encoding="utf-8")), "utf-8")
        for figure in sorted(report.glob("*.png")):
            shrink(figure, page / figure.name)
        left_out += [
            LeftOut.of(report / name, f"docs/{target.name}/{report.name}/{name}")
            for name in LEFT_OUT
            if (report / name).exists()
        ]
    shutil.copyfile(study / "study.md", target / "study.md")
    return left_out


def without_galleries(report: str) -> str:
    """Return a report without its pictures of scans, which are JPEG; its plots are PNG."""
    return re.sub(r"!\[[^\]]*\]\([^)]*\.jpg\)\n\n", "", report)


def shrink(figure: Path, target: Path) -> None:
    """Write a plot at the size of a page, with a palette of 256 colours."""
    with Image.open(figure) as picture:
        small = picture.convert("RGB")
        small.thumbnail(PLOT_SIZE, Image.Resampling.LANCZOS)
        small.quantize(COLOURS, dither=Image.Dither.NONE).save(target, "PNG", optimize=True)


def record(manifest: Path, commands: list[str], left_out: list[LeftOut]) -> None:
    """Replace the manifest's group of files that these commands make; other groups stay."""
    known = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {"groups": []}
    group = {"commands": commands, "files": [one.as_json() for one in left_out]}
    known["groups"] = [one for one in known["groups"] if one["commands"] != commands] + [group]
    manifest.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
