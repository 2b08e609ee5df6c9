"""The files that a verb writes: what ``-o DIR`` holds, and the pictures of a single scan or of an eye."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import OutputError, UsageError

from .console import coloured, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from edge_runtime.report.targets import Target
    from edge_runtime.results import EyeResult, ScanResult

    from .arguments import SpeechOptions
    from .delivery import Delivery


@dataclass(frozen=True, slots=True)
class PicturePaths:
    """Where --overlay, --labels, --probability, --tissues and --picture go; None: not asked for."""

    overlay: str | None = None
    labels: str | None = None
    probability: str | None = None
    tissues: str | None = None
    eye: str | None = None

    @property
    def named(self) -> list[str]:
        """Every path that was given."""
        return [path for path, _ in self.given]

    @property
    def given(self) -> list[tuple[str, str]]:
        """Every path that was given, and the kind of its picture."""
        kinds = ("overlay", "labels", "probability", "tissues", "eye")
        return [(path, kind) for kind in kinds if (path := getattr(self, kind)) is not None]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What one document and its pictures are written to.

    Attributes
    ----------
    folder
        The folder of ``-o``; None: without it.
    name
        Name of the document without its ending.
    paths
        The scans of the document as they were given; each gets an overlay in the folder.
    pictures
        Pictures of a single scan, or of an eye.
    label
        What the names of overlays say besides the scan's: the label of an exam, so that exams stay apart.
    zones
        Whether overlays show the zones of the lens.
    stems
        Names of the overlays, scan by scan, without ending; empty: those of the scans.
    labels
        Folder of the label maps of an exam; None: not asked for.
    eye
        What the names of label maps say besides the scan's, where scans of the other eye have the same names.
    """

    folder: str | None
    name: str
    paths: Sequence[str]
    pictures: PicturePaths = PicturePaths()
    label: str = ""
    zones: bool = False
    stems: Sequence[str] = ()
    labels: str | None = None
    eye: str = ""

    def targets(self) -> list[Target]:
        """Every file that will be written.

        Raises
        ------
        OutputError
            When the folder does not exist.
        """
        from edge_runtime.report.targets import Target

        named = [Target(path, tuple(self.paths), kind) for path, kind in self.pictures.given]
        if self.labels is not None:
            maps = self._label_map_paths(self.labels)
            named += [Target(place, (path,), "labels") for place, path in zip(maps, self.paths, strict=True)]
        if self.folder is None:
            return named
        if not os.path.isdir(self.folder):
            raise OutputError("output-folder", "The output folder does not exist.", "Create it, or name another.")
        document = Target(self._document(self.folder), tuple(self.paths), "document")
        overlays = (Target(place, (path,), "overlay") for place, path in zip(self._overlays(), self.paths, strict=True))
        return [*named, document, *overlays]

    def encode(self, eye: EyeResult, document: bytes, date: str) -> dict[str, bytes]:
        """{path: content} of every file, from the document, its date and the results of its scans; it comes last."""
        files: dict[str, bytes] = {}
        digest = None
        if self.folder is not None:
            from edge_runtime.report.overlay import draw_overlay
            from edge_runtime.report.png import PictureMark, encode_png
            from edge_runtime.results import ScanResult

            digest = hashlib.sha256(document).hexdigest()
            for place, entry in zip(self._overlays(), eye.entries, strict=True):
                if isinstance(entry, ScanResult):
                    mark = PictureMark("overlay", entry.scan.sha256, digest)
                    files[place] = encode_png(
                        draw_overlay(entry, laterality=eye.laterality, date=date, zones=self.zones), mark
                    )
        if self.labels is not None:
            files.update(self._label_maps(self.labels, eye, digest))
        if self.pictures.named:
            files.update(_encoded(self.pictures, eye, digest, date, zones=self.zones))
        if self.folder is not None:
            files[self._document(self.folder)] = document
        return files

    def _label_maps(self, folder: str, eye: EyeResult, document_sha256: str | None) -> dict[str, bytes]:
        from edge_runtime.report.png import PictureMark, encode_png
        from edge_runtime.results import ScanResult

        return {
            place: encode_png(entry.labels, PictureMark("labels", entry.scan.sha256, document_sha256))
            for place, entry in zip(self._label_map_paths(folder), eye.entries, strict=True)
            if isinstance(entry, ScanResult)
        }

    def _label_map_paths(self, folder: str) -> list[str]:
        return [os.path.join(folder, f"{name}.labels.png") for name in self.map_stems]

    @property
    def map_stems(self) -> list[str]:
        """What the name of the label map of each scan begins with."""
        return [f"{name}.{self.eye}" if self.eye else name for name in self._stems]

    def _document(self, folder: str) -> str:
        return os.path.join(folder, self.name + ".json")

    def _overlays(self) -> list[str]:
        ending = f"{self.label and '.' + self.label}.overlay.png"
        return [os.path.join(self.folder or "", name + ending) for name in self._stems]

    @property
    def _stems(self) -> Sequence[str]:
        return self.stems or [stem(path) for path in self.paths]


def stem(path: str) -> str:
    """The name of a scan's outputs, without ending."""
    return "stdin" if path == "-" else os.path.splitext(os.path.basename(path))[0]


def without_own_pictures(paths: Sequence[str], *, quiet: bool) -> tuple[str, ...]:
    """Leave out the pictures that this program wrote, as ``folder/*.png`` names them after ``-o folder``.

    Raises
    ------
    UsageError
        ``own-picture`` when no scan is left.
    """
    from edge_runtime.report.png import picture_mark

    own = [path for path in paths if path != "-" and picture_mark(path) is not None]
    scans = tuple(path for path in paths if path not in own)
    if not scans:
        raise UsageError(
            "own-picture", "Only pictures that this program wrote were named.", "Name the scans they were made from."
        )
    if own and not quiet:
        say(f"left out, as pictures of this program: {', '.join(os.path.basename(path) for path in own)}.")
    return scans


def add_result(delivery: Delivery, eye: EyeResult, outputs: Outputs, content: dict[str, Any]) -> None:
    """Add the files that were asked for to a delivery, and the document to the record.

    Parameters
    ----------
    delivery
        Of this scan or exam.
    eye, content
        The result, and its document.
    outputs
        Where its files go.

    Raises
    ------
    OutputError, WriteError
        When an output cannot be created or written in full.
    """
    from edge_runtime.report.document import to_json

    encoded = to_json(content, indent=2).encode() + b"\n"
    delivery.add(outputs.encode(eye, encoded, content["created"][:10]), [eye])
    delivery.record(content)


def printed_result(eye: EyeResult, content: dict[str, Any], speech: SpeechOptions) -> str:
    """What is printed of a result: its document in one line, or a summary for a person."""
    from edge_runtime.report.document import to_json
    from edge_runtime.report.language import language_of
    from edge_runtime.report.text import summary

    if speech.json:
        return to_json(content)
    return coloured(summary(eye, language_of(speech.language)), eye.decision.value, no_color=speech.no_color)


def _encoded(
    pictures: PicturePaths, eye: EyeResult, document_sha256: str | None, date: str, *, zones: bool
) -> dict[str, bytes]:
    """The largest first: drawing brings in code that stays in memory."""
    from edge_runtime.report.png import PictureMark, encode_png

    files: dict[str, bytes] = {}
    if pictures.eye is not None:
        from edge_runtime.report.claims import owners_of
        from edge_runtime.report.eye_picture import draw_eye

        first, *others = owners_of([eye])
        shown = PictureMark("eye", first, document_sha256, tuple(others))
        files[pictures.eye] = encode_png(draw_eye(eye, date=date), shown)
    if not eye.scans:
        return files
    scan = eye.scans[0]

    def mark(picture: str) -> PictureMark:
        return PictureMark(picture, scan.scan.sha256, document_sha256)

    if pictures.probability is not None:
        files[pictures.probability] = encode_png(_probability_16_bit(scan), mark("probability"))
    if pictures.labels is not None:
        files[pictures.labels] = encode_png(scan.labels, mark("labels"))
    if pictures.tissues is not None:
        if scan.tissues is None:
            raise UsageError("no-look", "The model does not look at whole frames.", "Leave out --tissues, or --model.")
        files[pictures.tissues] = encode_png(scan.tissues, mark("tissues"))
    if pictures.overlay is not None:
        from edge_runtime.report.overlay import draw_overlay

        files[pictures.overlay] = encode_png(draw_overlay(scan, date=date, zones=zones), mark("overlay"))
    return files


def _probability_16_bit(scan: ScanResult) -> NDArray[np.uint16]:
    """P(cataract) of every pixel of the scan, 0 to 65535."""
    import numpy as np

    share = scan.cataract_probability  # a new array at each call: scaled in place, since whole frames of it are large
    np.rint(np.multiply(share, 65535, out=share), out=share)
    return share.astype(np.uint16)
