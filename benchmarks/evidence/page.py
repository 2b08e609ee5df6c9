"""Write docs/evidence.md, the one page with the numbers: `python -m benchmarks.evidence.page`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.evidence.committed import Committed, OtherDraw, RealScans, Tree
from benchmarks.evidence.templates import fill

PAGE = Path(__file__).parents[2] / "docs" / "evidence.md"


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(Committed.read()), encoding="utf-8")
    return 0


def page(committed: Committed) -> str:
    """Return the page as Markdown."""
    other = OtherDraw.of(committed.measures["parity"])
    aucs = (committed.study["validation"]["diagnosis"]["eye"]["auc"]["value"], other.auc)
    fp32 = next(one for one in committed.measures["parity"]["models"] if one["model"]["precision"] == "fp32")
    int8 = next(one for one in committed.measures["parity"]["models"] if one["model"]["precision"] == "int8")
    return fill(
        "evidence.md.j2",
        study=committed.study,
        true_opacity=committed.true_opacity_study["validation"],
        paper_label=committed.paper_label_study["validation"],
        real=RealScans.of(committed.measures["real_scans"]),
        other=other,
        auc_lowest=min(aucs),
        auc_highest=max(aucs),
        fp32=fp32,
        int8=int8,
        slower={(one["slower"], one["faster"]): one["median"] for one in committed.measures["network"]["ratios"]},
        display=committed.measures["brightness"]["display"],
        minutes=committed.measures["recipes"]["minutes"],
        recipes={one["recipe"]: one for one in committed.measures["recipes"]["recipes"]},
        focal=committed.measures["measures"]["by_cohort"]["focal-young"]["answers"],
        removed=Removed.of(committed.removed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """The evidence that the repository does not hold.

    Attributes
    ----------
    files, megabytes
        How much it is.
    last_commit
        The last commit that holds it.
    """

    files: int
    megabytes: float
    last_commit: str

    @classmethod
    def of(cls, manifest: Tree) -> Removed:
        """Sum up the manifest."""
        files = [one for group in manifest["groups"] for one in group["files"]]
        return cls(
            files=len(files), megabytes=sum(one["bytes"] for one in files) / 1e6, last_commit=manifest["last_commit"]
        )


if __name__ == "__main__":
    sys.exit(main())
