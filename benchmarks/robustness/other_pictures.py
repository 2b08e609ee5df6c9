"""What becomes of pictures that are no anterior segment: ``python -m benchmarks.robustness.other_pictures``.

A thousand pictures are analysed with the bundled model: drawings of families that no training draws, drawings of the
others, and photographs and texts of installed packages. None may be given a number, and each should be told by its
`picture` in the document; a scan of another part is `other-scan`, everything else `not-a-scan`. A picture that is
refused for its size alone is analysed again at the size of a device's frame: that is what counts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from benchmarks.provenance import provenance, save, versions
from benchmarks.robustness.found_pictures import found_pictures
from edge_runtime.analyzer import CataractAnalyzer
from edge_runtime.errors import EdgeCataractError
from edge_runtime.look.tissues import Picture
from train.pictures.draw import HELD_OUT_FAMILIES, TRAINING_FAMILIES, draw_picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

RESULTS = Path(__file__).parents[1] / "results" / "other_pictures.json"
SEED = "other pictures"  # of the drawings that are measured; training has seeds of its own
_FRAME = (1459, 1713)  # rows and columns that a device exports


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture to analyse: its grey values, which part of the benchmark and what it is."""

    pixels: NDArray[np.uint8]
    part: str
    family: str
    picture: Picture


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a picture.

    Attributes
    ----------
    part, family, picture
        Of the sample.
    told
        The document's word for the kind of picture; None when it has none.
    words
        Word of the typed error, or the reasons why it was not graded; empty when a number was given.
    error
        Whether the scan was refused with a typed error.
    fraction
        The Cataract Fraction that was given.
    refused_for_size
        Whether the picture was refused for its size before, as it was drawn.
    """

    part: str
    family: str
    picture: Picture
    told: str | None
    words: tuple[str, ...]
    error: bool
    fraction: float | None
    refused_for_size: bool = False

    @property
    def right(self) -> bool:
        """Whether the kind of picture was told; a typed error is right for what is no scan."""
        return self.picture is Picture.NOT_A_SCAN if self.error else self.told == self.picture


def samples(seed: str, held_out: int, training: int, found: int) -> Iterator[Sample]:
    """The pictures, one after the other: so many of held-out families, of the others, and of packages."""
    for part, count, families in (("held-out", held_out, HELD_OUT_FAMILIES), ("training", training, TRAINING_FAMILIES)):
        for number in range(count):
            drawn = draw_picture(f"{seed}, {part}", number, families)
            yield Sample(drawn.pixels, part, drawn.family, drawn.picture)
    for number, picture in enumerate(found_pictures(seed, found)):
        family = "text of a package" if number % 2 else "image of a package"
        yield Sample(picture.pixels, "found", family, Picture.NOT_A_SCAN)


def outcomes(analyzer: CataractAnalyzer, pictures: Iterable[Sample]) -> Iterator[Outcome]:
    """Analyse every picture as a PNG file, which is kept no longer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        for sample in pictures:
            found = outcome(analyzer, path, sample)
            if found.words == ("unknown-frame",):
                resized = cv2.resize(sample.pixels, _FRAME[::-1], interpolation=cv2.INTER_AREA)
                again = replace(sample, pixels=np.asarray(resized, np.uint8))
                found = replace(outcome(analyzer, path, again), refused_for_size=True)
            yield found


def outcome(analyzer: CataractAnalyzer, path: Path, sample: Sample) -> Outcome:
    """Write and analyse one file."""
    about = sample.part, sample.family, sample.picture
    path.write_bytes(cv2.imencode(".png", sample.pixels, (cv2.IMWRITE_PNG_COMPRESSION, 1))[1].tobytes())
    try:
        result = analyzer.analyze(path)
    except EdgeCataractError as error:
        return Outcome(*about, None, (error.word,), error=True, fraction=None)
    told = result.to_dict()["scans"][0]["picture"]
    return Outcome(*about, told, result.reasons, error=False, fraction=result.cataract_fraction)


def summary(found: Sequence[Outcome]) -> dict[str, Any]:
    """How many were refused, with a typed error or not, were given a number, and were told for what they are."""
    words = sorted({word for one in found for word in one.words})
    return {
        "n": len(found),
        "refused": sum(one.fraction is None for one in found),
        "refused_for_size_before": sum(one.refused_for_size for one in found),
        "typed_errors": sum(one.error for one in found),
        "given_a_number": sum(one.fraction is not None for one in found),
        "picture_right": sum(one.right for one in found),
        "words": {word: sum(word in one.words for one in found) for word in words},
    }


def by(field: str, found: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """The summary of each part, picture or family."""
    names = sorted({str(getattr(one, field)) for one in found})
    return {name: summary([one for one in found if str(getattr(one, field)) == name]) for name in names}


def main() -> int:
    """Measure, print, save; 1 when a picture was given a number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", type=int, default=600)
    parser.add_argument("--training", type=int, default=200)
    parser.add_argument("--found", type=int, default=200)
    parser.add_argument("--seed", default=SEED)
    parser.add_argument("--model", help="an exported model instead of the bundled one")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    analyzer = CataractAnalyzer(arguments.model)
    counts = arguments.held_out, arguments.training, arguments.found
    found = list(outcomes(analyzer, samples(arguments.seed, *counts)))
    total, families = summary(found), by("family", found)
    for family, row in families.items():
        print(f"{family}: {row['refused']} of {row['n']} refused, picture right {row['picture_right']}")
    print(f"{total['refused']} of {total['n']} refused, {total['given_a_number']} given a number")
    graded = [
        {"family": one.family, "refused_for_size_before": one.refused_for_size, "cataract_fraction": one.fraction}
        for one in found
        if one.fraction is not None
    ]
    content = {
        **provenance(analyzer),
        "versions": versions("numpy", "opencv-python-headless", "onnxruntime", "matplotlib", "scikit-learn"),
        "seed": arguments.seed,
        "total": total,
        "by_part": by("part", found),
        "by_picture": by("picture", found),
        "by_family": families,
        "given_a_number": graded,
    }
    save(arguments.out, content)
    return 1 if graded else 0


if __name__ == "__main__":
    sys.exit(main())
