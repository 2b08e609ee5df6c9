"""What an analysis returns: frozen, complete, and without any reading or writing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.resample import on_scan_pixels
from edge_runtime.frame.window import CropWindow
from edge_runtime.measure.quality import OF_FILE, Notice
from edge_runtime.measure.scan_maps import ScanMaps
from edge_runtime.model.facts import ModelFacts

from .deliverable import Deliverable, Drawable
from .machine.stopwatch import Timings
from .printable import printable

__all__ = ["Correction", "EyeResult", "ModelFacts", "ScanMaps", "ScanResult", "Timings", "UnreadableScan"]

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.look.look import Look
    from edge_runtime.measure.answer import Answer
    from edge_runtime.measure.decision import Decision, Judgement, OperatingPoint
    from edge_runtime.measure.findings import Findings
    from edge_runtime.measure.lens import LensPixels
    from edge_runtime.measure.lens_measures import LensMaps
    from edge_runtime.measure.measurement import Measurement

    from .errors import EdgeCataractError
    from .scan import Laterality, Scan


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """What a person changed in the labels of a scan.

    Attributes
    ----------
    sha256
        Hash of the file of the corrected label map.
    changed_px
        Pixels of the network grid that have another label than the model's.
    before
        The scan by the labels of the model.
    """

    sha256: str
    changed_px: int
    before: ScanResult


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ScanResult(Drawable):
    """One analysed B-scan.

    Attributes
    ----------
    scan
        What was read.
    profile
        Name of the device profile.
    pitch_um
        (row, column) pixel pitch of the scan, in um.
    pixels
        Lens and cataract pixels of the measured lens, on the network grid.
    lens_density
        Mean grey of the lens, 0 to 255; None without a lens.
    reasons
        Why it was not graded (words of `codes.REASONS`); empty when it was.
    judgement
        The scan judged by itself.
    model
        The model that labelled it.
    lens
        The labelled lens, for the measures beyond the fraction; None when the scan was not graded.
    look
        What one look over the whole frame found; None where the model asks for none.
    correction
        What a person changed in its labels; None: nobody corrected them.
    """

    scan: Scan
    profile: str
    pitch_um: tuple[float, float]
    pixels: LensPixels
    lens_density: float | None
    reasons: tuple[str, ...]
    notices: tuple[Notice, ...]
    judgement: Judgement
    maps: ScanMaps
    model: ModelFacts
    timings_ms: Timings
    lens: LensMaps | None
    look: Look | None = None
    correction: Correction | None = None

    @classmethod
    def of(cls, measured: Measurement, judgement: Judgement, model: ModelFacts, timings_ms: Timings) -> ScanResult:
        """Keep of one analysis what a reader may ask for; the prepared frame is not kept."""
        view = measured.view
        scan, prediction = view.frame.scan, view.prediction
        return cls(
            scan=scan,
            profile=view.frame.profile.name,
            pitch_um=view.frame.profile.pitch_um(scan.rows, scan.columns),
            pixels=measured.pixels,
            lens_density=measured.lens_density,
            reasons=measured.reasons,
            notices=(*measured.notices, *(Notice(word, OF_FILE[word]) for word in scan.notices)),
            judgement=judgement,
            maps=ScanMaps(
                prediction=replace(prediction, labels=view.labels),
                grid=view.grid,
                window=view.window,
                frame_shape=view.frame.shape,
                scan_shape=(scan.rows, scan.columns),
            ),
            model=model,
            timings_ms=timings_ms,
            lens=None if measured.reasons else measured.lens,
            look=view.look,
        )

    def correcting(self, before: ScanResult, sha256: str, changed_px: int) -> ScanResult:
        """The same result, of corrected labels, with that of the model's labels beside it and what warns of it."""
        text = f"A person changed its labels in {changed_px} pixels; the model's numbers are kept."
        notices = [Notice("corrected-labels", text), *self.notices]
        same = self.maps.window == before.maps.window
        own, new = ((one.maps.prediction.labels if same else one.labels) > 0 for one in (before, self))
        if 2 * int(np.count_nonzero(own & new)) < int(np.count_nonzero(own | new)):
            notices.insert(1, Notice("corrected-lens-elsewhere", "The corrected lens is hardly where the model's is."))
        return replace(self, notices=tuple(notices), correction=Correction(sha256, changed_px, before))

    def __repr__(self) -> str:
        return f"<ScanResult {self.scan.source!r}: {_short(self.decision, self.cataract_fraction)}>"

    @property
    def gradable(self) -> bool:
        """Whether the scan has a Cataract Fraction that may be used."""
        return not self.reasons

    @property
    def cataract_fraction(self) -> float | None:
        """Cataract pixels over lens pixels, in [0, 1]; None when the scan is not gradable."""
        return self.judgement.cataract_fraction

    @property
    def decision(self) -> Decision:
        """The scan judged by itself."""
        return self.judgement.decision

    @property
    def sizes(self) -> tuple[str, str]:
        """Its sizes and counts in two lines for a log; no file name, which may be a patient's."""
        rows, columns = self.maps.scan_shape
        native = "{} x {}".format(*self.maps.frame_shape)
        return (
            f"{rows} x {columns} pixels, profile {printable(self.profile)}, native {native}",
            f"{self.maps.window}: {self.pixels.lens} lens pixels, {self.pixels.cataract} of them cataract",
        )

    @property
    def trained_on(self) -> str:
        """What the model learnt from."""
        return self.model.trained_on

    @property
    def labels(self) -> NDArray[np.uint8]:
        """(rows, columns) uint8 of `TissueLabel`, on the scan's pixels: to look at, not to count."""
        return np.asarray(self.maps.on_scan(self.maps.prediction.labels), dtype=np.uint8)

    @property
    def tissues(self) -> NDArray[np.uint8] | None:
        """(rows, columns) uint8 of `look.tissues.Tissue`, on the scan's pixels; None where there was no look."""
        if self.look is None:
            return None
        maps = self.maps
        whole = CropWindow(0, 0, *maps.frame_shape)
        on_scan = on_scan_pixels(self.look.tissues, self.look.step, whole, maps.frame_shape, maps.scan_shape)
        return np.asarray(on_scan, dtype=np.uint8)

    @property
    def cataract_probability(self) -> NDArray[np.float32]:
        """(rows, columns) float32 in [0, 1], P(cataract) on the scan's pixels; 0 outside the crop window."""
        return np.asarray(self.maps.on_scan(self.maps.prediction.cataract_probability), dtype=np.float32)

    @property
    def lens_probability(self) -> NDArray[np.float32]:
        """(rows, columns) float32 in [0, 1], P(lens) on the scan's pixels; 0 outside the crop window."""
        return np.asarray(self.maps.on_scan(self.maps.prediction.lens_probability), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class UnreadableScan:
    """A scan of an exam that could not be read or labelled.

    Attributes
    ----------
    source
        File name without its folder.
    error
        Why; its `word` is documented in `codes.REFUSALS`.
    """

    source: str
    error: EdgeCataractError


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EyeResult(Deliverable):
    """The radial scans of one eye, and what they say together.

    Attributes
    ----------
    entries
        Every scan that was given, in that order: analysed, or unreadable.
    model
        The model that labelled the scans.
    laterality
        Which eye; None when it is not known.
    scans_expected
        Radial scans that a complete exam has.
    findings
        What the lens shows beyond the fraction, and the answer that follows.
    before
        The eye by the labels of the model alone; None: nobody corrected them.
    """

    entries: tuple[ScanResult | UnreadableScan, ...]
    model: ModelFacts
    laterality: Laterality | None
    scans_expected: int
    point: OperatingPoint
    judgement: Judgement
    notices: tuple[Notice, ...]
    findings: Findings
    before: EyeResult | None = None

    def __repr__(self) -> str:
        side = self.laterality or "eye"
        return f"<EyeResult {side}, {len(self.entries)} scans: {_short(self.decision, self.cataract_fraction)}>"

    @property
    def scans(self) -> tuple[ScanResult, ...]:
        """The scans that were analysed."""
        return tuple(entry for entry in self.entries if isinstance(entry, ScanResult))

    @property
    def unreadable(self) -> tuple[UnreadableScan, ...]:
        """The scans that could not be read or labelled."""
        return tuple(entry for entry in self.entries if isinstance(entry, UnreadableScan))

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of all scans that were given, in that order."""
        return tuple(entry.scan.source if isinstance(entry, ScanResult) else entry.source for entry in self.entries)

    @property
    def cataract_fraction(self) -> float | None:
        """Mean over the gradable scans (the paper's definition); None without any."""
        return self.judgement.cataract_fraction

    @property
    def cataract_fraction_sd(self) -> float | None:
        """Sample standard deviation over the gradable scans; None with fewer than two."""
        return self.judgement.cataract_fraction_sd

    @property
    def decision(self) -> Decision:
        """Cataract, clear or ungradable."""
        return self.judgement.decision

    @property
    def answer(self) -> Answer:
        """What to do with the eye: refer, repeat, no sign, or ungradable; its reasons are in `findings.conclusion`."""
        return self.findings.conclusion.answer

    @property
    def borderline(self) -> bool:
        """Whether the decision lies within the guard band."""
        return self.judgement.borderline

    @property
    def scans_used(self) -> int:
        """Gradable scans."""
        return sum(scan.gradable for scan in self.scans)


def _short(decision: Decision, fraction: float | None) -> str:
    return decision.value if fraction is None else f"{decision.value} {fraction:.3f}"
