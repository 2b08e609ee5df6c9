"""From a scan to a decision. This file is the one place that knows the order of the steps."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from edge_runtime.frame.brightness import Brightness, find_reference_levels, referenced_grey, regrade
from edge_runtime.frame.profiles import (
    PROFILES,
    DeviceProfile,
    PixelPitch,
    has_device_pixels,
    load_profile,
    profile_for,
    profile_of_pitch,
)
from edge_runtime.frame.resample import native_frame, native_shape
from edge_runtime.frame.window import CropWindow
from edge_runtime.machine.cgroup import available_threads
from edge_runtime.measure.decision import OperatingPoint, judge
from edge_runtime.measure.lens import LensRegion, count_pixels, largest_component, lens_density
from edge_runtime.measure.quality import frame_sides, reasons_not_to_grade, sides_reached
from edge_runtime.model.metadata import DEFAULT_PRECISION
from edge_runtime.model.network import Network
from edge_runtime.model.predictor import Prediction, Predictor
from edge_runtime.model.store import read_model
from edge_runtime.reading.raster import read_scan

from .errors import EdgeCataractError, UsageError
from .machine import memory
from .model import tiling
from .results import EyeResult, Notice, ScanMaps, ScanResult, Timings
from .scan import Laterality, Scan, scan_from_pixels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge_runtime.machine.task import Task

SCANS_PER_EXAM = 6  # radial scans of one eye (Zeboulon et al. 2022)
MAX_THREADS, MAX_MEMORY_MB = 1024, 1_000_000  # beyond is a slip of the finger
WINDOW_MARGIN = 64  # native pixels around a lens that is larger than the usual window
# A lens this near to a side of the usual window (0.25 mm) is searched for: the border tells on its outermost pixels,
# and were it to touch the side first, a pixel's difference would decide about more than a pixel.
NEAR_SIDE = 32


@dataclass(frozen=True, slots=True)
class Limits:
    """What the analyzer may use of the machine.

    Attributes
    ----------
    threads
        Inference threads; None: what the affinity mask and the control group allow.
    max_memory_mb
        Cap for the peak resident memory of the process, in MB (10^6 bytes); None: no cap. Under a cap, the whole
        process returns large blocks to the system at once (glibc), and each scan drops pages of library code that
        come back when they are needed (Linux); both cost a little time.
    """

    threads: int | None = None
    max_memory_mb: int | None = None

    def __post_init__(self) -> None:
        for name, value, most in (
            ("threads", self.threads, MAX_THREADS),
            ("max_memory_mb", self.max_memory_mb, MAX_MEMORY_MB),
        ):
            if value is not None and not 1 <= value <= most:
                raise UsageError(
                    "usage", f"{name} from 1 to {most} was expected, got {value}.", "Leave it out for the default."
                )


class CataractAnalyzer:
    """Loads and verifies a model once; then turns scans into results. Thread-safe.

    Parameters
    ----------
    model
        Path of an exported model, or a network that is loaded already; None: the bundled one.
    precision
        Which bundled model: ``fp32`` or ``int8``.
    threshold
        Cataract Fraction from which a scan or an eye is called cataract, in [0, 1]; None: the model's own.
    profile
        Device profile, its name or its file, or a `PixelPitch`; None: by the shape of each frame.
    limits
        Threads and memory.

    Raises
    ------
    EdgeCataractError
        When the model is missing, damaged or of another kind, or an argument is out of range.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Predictor | None = None,
        *,
        precision: str = DEFAULT_PRECISION,
        threshold: float | None = None,
        profile: DeviceProfile | PixelPitch | str | None = None,
        limits: Limits | None = None,
    ) -> None:
        if threshold is not None and not 0.0 <= threshold <= 1.0:
            raise UsageError(
                "usage", f"A threshold in [0, 1] was expected, got {threshold}.", "Leave it out for the model's own."
            )
        self._profile = load_profile(profile) if isinstance(profile, str) else profile
        self._limits = limits or Limits()
        if self._limits.max_memory_mb is not None:
            memory.keep_no_large_blocks()
        if model is None or isinstance(model, str | os.PathLike):
            model = Network(read_model(model, precision), self._limits.threads or available_threads())
            memory.give_back_freed()
            self._give_back()
        self.network: Predictor = model
        metadata = self.network.metadata
        self.point = OperatingPoint(metadata.cf_threshold if threshold is None else threshold, metadata.guard_band)
        self._geometry = tiling.TileGeometry.of(metadata)

    def analyze(self, path: str | os.PathLike[str]) -> ScanResult:
        """Analyse one scan file (or ``-``, standard input).

        Raises
        ------
        EdgeCataractError
            When the file is missing, refused, or the analysis failed. A scan that was read but shows no gradable lens
            is no error: its result says so.
        """
        started = perf_counter()
        return self._analyze(read_scan(path), started)

    def analyze_ahead(self, reading: Task[Scan]) -> ScanResult:
        """Analyse a scan that is being read meanwhile; its time of reading is what was left to wait for.

        Raises
        ------
        EdgeCataractError
            As `analyze`.
        """
        started = perf_counter()
        return self._analyze(reading.result(), started)

    def analyze_pixels(self, frame: NDArray[np.uint8] | NDArray[np.uint16]) -> ScanResult:
        """Analyse one frame straight from device software: (rows, columns) uint8 or uint16.

        Raises
        ------
        EdgeCataractError
            As `analyze`.
        """
        started = perf_counter()
        return self._analyze(scan_from_pixels(frame), started)

    def analyze_exam(self, paths: Sequence[str | os.PathLike[str]], laterality: Laterality | None = None) -> EyeResult:
        """Analyse the radial scans of one eye; its Cataract Fraction is the mean over the gradable ones.

        Raises
        ------
        UsageError
            Without scans, or when one is given twice.
        EdgeCataractError
            When one of the scans cannot be read.
        """
        if not paths:
            raise UsageError("usage", "An exam without scans was given.", "Name the radial scans of one eye.")
        scans = tuple(self._analyze_named(path) for path in paths)
        if len({result.scan.sha256 for result in scans}) < len(scans):
            raise UsageError("duplicate-scan", "Two of the scans are the same.", "Name each radial scan once.")
        return self.as_eye(scans, laterality=laterality, scans_expected=SCANS_PER_EXAM)

    def _analyze_named(self, path: str | os.PathLike[str]) -> ScanResult:
        try:
            return self.analyze(path)
        except EdgeCataractError as error:
            error.source = os.fspath(path)
            raise

    def as_eye(
        self, scans: Sequence[ScanResult], *, laterality: Laterality | None = None, scans_expected: int = 1
    ) -> EyeResult:
        """Judge scans together, as one eye."""
        judgement = judge([scan.cataract_fraction for scan in scans if scan.cataract_fraction is not None], self.point)
        used = sum(scan.gradable for scan in scans)
        notices = [notice for scan in scans for notice in scan.notices]
        if used < scans_expected:
            notices.append(Notice("fewer-scans-than-expected", f"{used} of {scans_expected} scans could be graded."))
        if len(scans) > scans_expected:
            notices.append(
                Notice("more-scans-than-expected", f"{len(scans)} scans were given, {scans_expected} expected.")
            )
        if judgement.borderline:
            notices.append(Notice("borderline", "The Cataract Fraction is too close to the threshold to decide by it."))
        return EyeResult(tuple(scans), laterality, scans_expected, self.point, judgement, tuple(notices))

    def tile_plans(self, profile: DeviceProfile) -> tuple[list[tiling.Tile], list[tiling.Tile]]:
        """Tiles of the usual window, and of the whole frame, of a scan of the profile's own size.

        Raises
        ------
        ResourceError
            ``memory-cap`` when the cap cannot be kept.
        """
        scan_shape = (profile.rows, profile.columns)
        frame_shape = native_shape(scan_shape, profile)
        tile_pixels = self._largest_tile(scan_shape, frame_shape)
        window = profile.window(frame_shape)
        return (
            tiling.plan(window.rows, window.columns, self._geometry, tile_pixels),
            tiling.plan(*frame_shape, self._geometry, tile_pixels),
        )

    def _analyze(self, scan: Scan, started: float) -> ScanResult:
        read = perf_counter()

        profile = self._profile_of(scan)
        frame_shape = native_shape((scan.rows, scan.columns), profile)
        tile_pixels = self._largest_tile((scan.rows, scan.columns), frame_shape)
        frame = native_frame(scan, profile)
        prepared = perf_counter()
        _log("%d x %d pixels, profile %s, native %d x %d", scan.rows, scan.columns, profile.name, *frame_shape)

        table, missing_reference = None, False
        if self.network.metadata.brightness is Brightness.REFERENCED:
            device_pixels = has_device_pixels((scan.rows, scan.columns), profile)
            levels = find_reference_levels(frame, device_pixels=device_pixels)
            table, missing_reference = referenced_grey(levels), levels is None
            self._give_back()  # of the search, before the network's
        window, prediction = self._label_lens(frame, table, profile, tile_pixels)
        self._give_back()  # of the engine: pictures may be drawn next
        inferred = perf_counter()

        grid = self.network.metadata.grid
        labels, region = largest_component(prediction.labels)
        pixels = count_pixels(labels)
        density = lens_density(window.cut(frame), labels, grid)
        reached = sides_reached(region, grid, window)
        cut = tuple(side for side in frame_sides(window, frame_shape) if side in reached)
        # Frames of a known device show both tissues; one of another kind may be cut to the lens, so it is only told.
        scale_missing = missing_reference and profile in PROFILES.values()
        reasons = reasons_not_to_grade(region, grid, cut, scale_missing=scale_missing)
        judgement = judge([] if reasons else [pixels.cataract_fraction], self.point)
        measured = perf_counter()
        _log("%s: %d lens pixels, %d of them cataract", window, pixels.lens, pixels.cataract)

        return ScanResult(
            scan=scan,
            profile=profile.name,
            pixels=pixels,
            lens_density=density,
            reasons=reasons,
            notices=tuple(
                _notices(
                    region,
                    cut,
                    moved=window != profile.window(frame_shape),
                    assumed_display=missing_reference and not reasons,
                )
            ),
            judgement=judgement,
            maps=ScanMaps(
                Prediction(prediction.lens_probability, prediction.cataract_probability, labels),
                grid,
                window,
                frame_shape,
                (scan.rows, scan.columns),
            ),
            trained_on=self.network.metadata.training_data,
            timings_ms=Timings(
                *(
                    round((end - start) * 1000, 1)
                    for start, end in ((started, read), (read, prepared), (prepared, inferred), (inferred, measured))
                )
            ),
        )

    def _largest_tile(self, scan_shape: tuple[int, int], frame_shape: tuple[int, int]) -> int:
        self._give_back()
        smallest = self._geometry.smallest_read(*frame_shape)
        return memory.largest_tile(self._limits.max_memory_mb, scan_shape, frame_shape, smallest)

    def _give_back(self) -> None:
        """Under a cap of memory, what is not needed now; it costs some milliseconds."""
        if self._limits.max_memory_mb is not None:
            memory.give_back_freed()
            memory.give_back_code()

    def _profile_of(self, scan: Scan) -> DeviceProfile:
        match self._profile:
            case DeviceProfile():
                return self._profile
            case PixelPitch():
                return profile_of_pitch(self._profile.row_um, self._profile.column_um, scan.rows, scan.columns)
            case _:
                return profile_for(scan.rows, scan.columns, scan.bits)

    def _label_lens(
        self, frame: NDArray[np.uint8], table: NDArray[np.uint8] | None, profile: DeviceProfile, tile_pixels: int
    ) -> tuple[CropWindow, Prediction]:
        """Label the usual window; where it does not hold a whole lens, one that does, if the frame shows a lens."""
        usual = profile.window((frame.shape[0], frame.shape[1]))
        prediction = self._predict(frame, table, usual, tile_pixels)
        _, region = largest_component(prediction.labels)
        grid = self.network.metadata.grid
        near = sides_reached(region, grid, usual, NEAR_SIDE // grid)
        inner_sides = set(near) - set(frame_sides(usual, frame.shape[:2]))
        held = not inner_sides and not reasons_not_to_grade(region, grid, ())
        whole = CropWindow(0, 0, frame.shape[0], frame.shape[1])
        if usual == whole or held:
            return usual, prediction
        everywhere = self._predict(frame, table, whole, tile_pixels)
        _, region = largest_component(everywhere.labels)
        if not region.pixels:
            return usual, prediction
        window = _window_holding(region, grid, usual, frame.shape[:2], self._geometry.unit)
        return window, self._predict(frame, table, window, tile_pixels)

    def _predict(
        self, frame: NDArray[np.uint8], table: NDArray[np.uint8] | None, window: CropWindow, tile_pixels: int
    ) -> Prediction:
        tiles = tiling.plan(window.rows, window.columns, self._geometry, tile_pixels)

        def label(tile: NDArray[np.uint8]) -> Prediction:
            found = self.network.predict(tile if table is None else regrade(tile, table))
            if self._limits.max_memory_mb is not None:
                memory.give_back_freed()  # tiles that differ in shape leave gaps
            return found

        return tiling.predict(label, window.cut(frame), tiles, self.network.metadata.grid)


def _log(message: str, *values: object) -> None:
    """Sizes and counts only: a file name may be a patient's. Who listens has imported logging, which takes long."""
    if "logging" in sys.modules:
        import logging

        logging.getLogger(__name__).info(message, *values)


def _window_holding(
    region: LensRegion, grid: int, usual: CropWindow, frame_shape: tuple[int, int], step: int
) -> CropWindow:
    """The usual window, enlarged where the lens needs it, centred on a lens that was found in the whole frame.

    Place and enlarged size are whole steps of native pixels, so that boxes which differ by a pixel, as those of two
    precisions may, get the same window.
    """

    def side(first: int, last: int, least: int) -> int:
        needed = (last - first) * grid + 2 * WINDOW_MARGIN + step  # a step moves the centre by half of itself
        return least if needed <= least else -(-needed // step) * step

    rows, columns = side(region.top, region.bottom, usual.rows), side(region.left, region.right, usual.columns)
    large_enough = CropWindow(usual.top, usual.left, rows, columns).within(frame_shape)
    return large_enough.centred_on(
        (region.top + region.bottom) / 2 * grid, (region.left + region.right) / 2 * grid, frame_shape, step
    )


def _notices(region: LensRegion, cut: tuple[str, ...], *, moved: bool, assumed_display: bool) -> list[Notice]:
    notices = []
    if region.dropped:
        notices.append(
            Notice("extra-lens-pieces", f"Lens pixels away from the largest piece, not counted: {region.dropped}.")
        )
    if cut:
        notices.append(Notice("lens-cut-by-frame", f"The lens reaches the frame's {', '.join(cut)} side."))
    if assumed_display:
        notices.append(
            Notice("no-brightness-reference", "Cornea or iris were not found; the device's usual display was assumed.")
        )
    if moved:
        notices.append(Notice("window-moved", "The crop window was moved to hold the lens."))
    return notices
