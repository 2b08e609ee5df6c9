"""Find the lens in a frame: in the window where the look saw it, else by a search of the whole frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.frame.window import NATIVE_PITCH_UM, CropWindow

from .lens import LensPixels, largest_component

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge_runtime.frame.prepare import Frame
    from edge_runtime.look.look import Look, Looker
    from edge_runtime.model.predictor import Prediction
    from edge_runtime.model.tiling import TiledPredictor, TileGeometry

    from .lens import LensRegion

# Re-centre the crop before the lens reaches its edge (0.25 mm): a difference of one pixel between precisions must not
# change the crop.
NEAR_SIDE = 32
# The last rows of an exported frame fade, so that the labels of a lens that goes on end before the side of the frame. A
# whole lens ends further away: by 0.2 mm and more in simulated exams.
FADE_MM = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class LensView:
    """The window of a frame that was labelled, and the lens that it shows.

    Attributes
    ----------
    frame
        The prepared frame.
    window
        The crop that was labelled, in native pixels.
    grid
        Native pixels per network-grid pixel.
    prediction
        Maps of the window on the network grid, (rows, columns) each, of every piece that was called lens: float32
        probabilities in [0, 1], uint8 labels, and the evidence of a second head (`model.predictor.Prediction`).
    labels
        (rows, columns) uint8 of `TissueLabel` on the network grid, of the largest connected piece only.
    region
        Place and size of that piece.
    look
        What one look over the whole frame found; None where the model asks for none.
    changed
        (rows, columns) bool on the network grid, where a person gave another label than the model; None: nobody did.
    """

    frame: Frame
    window: CropWindow
    grid: int
    prediction: Prediction
    labels: NDArray[np.uint8]
    region: LensRegion
    look: Look | None = None
    changed: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, frame: Frame, window: CropWindow, predictor: TiledPredictor, look: Look | None) -> LensView:
        """Label a window of a frame; raises as `view_lens` does."""
        prediction = predictor.label(frame, window)
        labels, region = largest_component(prediction.labels)
        return cls(frame, window, predictor.geometry.grid, prediction, labels, region, look)

    @property
    def changed_px(self) -> int:
        """Pixels of the network grid to which a person gave another label than the model."""
        return 0 if self.changed is None else int(self.changed.sum())

    @property
    def moved(self) -> bool:
        """Whether the usual window did not hold the lens."""
        return self.window != self.frame.profile.window(self.frame.shape)

    @property
    def pixels(self) -> LensPixels:
        """Lens and cataract pixels of the piece that is measured."""
        return LensPixels.counted(self.labels)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why its pixel size or its grey levels may not be those of the device (words of `codes.WARNINGS`)."""
        return self.frame.doubts + self.frame.alterations(self.window)

    @property
    def cut(self) -> tuple[str, ...]:
        """Sides of the frame that the lens reaches."""
        reached = self.region.sides_reached(self.window, self.grid)
        return tuple(side for side in self.window.sides_of_frame(self.frame.shape) if side in reached)

    @property
    def ends_at_frame(self) -> tuple[str, ...]:
        """Sides of the frame that the lens reaches, or ends so near to that it goes on in what fades."""
        margin = round(FADE_MM / (self.grid * NATIVE_PITCH_UM / 1000))
        near = self.region.sides_reached(self.window, self.grid, margin)
        return tuple(side for side in self.window.sides_of_frame(self.frame.shape) if side in near)

    @property
    def is_whole_frame(self) -> bool:
        """Whether the window is the frame."""
        return (self.window.rows, self.window.columns) == self.frame.shape

    @property
    def holds_lens(self) -> bool:
        """Whether it shows something shaped like a lens, away from those sides beyond which the frame goes on."""
        near = self.region.sides_reached(self.window, self.grid, NEAR_SIDE // self.grid)
        beyond = set(near) - set(self.window.sides_of_frame(self.frame.shape))
        return not beyond and self.region.is_lens_shaped(self.grid)

    @property
    def settled(self) -> bool:
        """Whether no other window would show more of the lens."""
        return self.is_whole_frame or self.holds_lens

    def window_around_lens(self, usual: CropWindow, geometry: TileGeometry) -> CropWindow:
        """The usual window, enlarged where the lens needs it, centred on a lens that was found in the whole frame.

        Place and enlarged size are whole steps of native pixels, so that boxes which differ by a pixel, as those of
        two precisions may, get the same window.
        """
        region, grid = self.region, geometry.grid
        sides = (region.top * grid, region.left * grid, region.bottom * grid, region.right * grid)
        return usual.around(sides, self.frame.shape, geometry.unit)


def view_lens(frame: Frame, predictor: TiledPredictor, looker: Looker | None = None) -> LensView:
    """Label the window where the lens should be; where that does not hold it, one that does, if the frame shows a lens.

    Raises
    ------
    InferenceError
        When the network fails.
    ResourceError
        When memory does not suffice.
    """
    look = None if looker is None else looker.look_at(frame.coarse)
    usual, step = frame.profile.window(frame.shape), predictor.geometry.unit
    first = view = LensView.of(frame, usual if look is None else look.window(usual, frame.shape, step), predictor, look)
    if look is not None and look.lens_box is None:
        return view  # a frame in which the look saw no lens is not searched for one
    if look is not None and not view.settled and view.window == usual:
        view = LensView.of(frame, look.window(usual, frame.shape, step, margin=NEAR_SIDE), predictor, look)
    if not view.settled:
        whole = LensView.of(frame, CropWindow(0, 0, *frame.shape), predictor, look)
        # Without a lens anywhere the first window says so.
        around = whole.window_around_lens(usual, predictor.geometry)
        view = LensView.of(frame, around, predictor, look) if whole.region.pixels else first
    return view
