"""What a model says of itself: its metadata entries, typed and checked."""

from __future__ import annotations

from dataclasses import dataclass

from edge_runtime.errors import ModelIncompatibleError
from edge_runtime.frame.brightness import Brightness

from .precision import PRECISIONS

PREFIX = "edge_cataract."
SCHEMA = "edge-cataract/model/1"
_LATER = ("golden", "measures", "doubts", "look")  # entries that older files lack
EXPORT_MODEL = "Use a model file written by 'python -m export', unchanged."


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """What the model says of itself (metadata entries with the prefix ``edge_cataract.``).

    Attributes
    ----------
    grid
        Native pixels per network-grid pixel.
    stride
        Tile cores start at multiples of this many network-grid pixels.
    receptive_field
        Network-grid pixels of context, on each side of a tile, that make tiled output equal whole output.
    cf_threshold, guard_band
        Operating point on the Cataract Fraction, and the distance from it that counts as borderline.
    brightness
        What grey means to the model; a file that does not say takes grey as the display shows it.
    golden
        What its export found in the bundled sample scans (JSON, see `edge_runtime.golden`); "" in older files.
    measures
        Coefficients of grade, kinds, evidence and scatter (JSON, see `edge_runtime.measure.coefficients`); "" without.
    doubts
        Why nobody should rely on its threshold; "" without a doubt.
    look
        Schema of the look over the whole frame that comes before it (`edge_runtime.look.network.SCHEMA`); "" without.
    """

    name: str
    version: str
    precision: str
    grid: int
    stride: int
    receptive_field: int
    cf_threshold: float
    cf_threshold_method: str
    guard_band: float
    profile: str
    training_data: str
    training_commit: str
    parity: str
    licence: str
    intended_use: str
    brightness: Brightness = Brightness.AS_SHOWN
    golden: str = ""
    measures: str = ""
    doubts: str = ""
    look: str = ""

    @classmethod
    def from_entries(cls, entries: dict[str, str]) -> ModelMetadata:
        """Read the entries of a model file.

        Raises
        ------
        ModelIncompatibleError
            When the schema is another one, an entry is missing, or a value is out of range.
        """
        schema = entries.get(PREFIX + "schema")
        if schema != SCHEMA:
            raise ModelIncompatibleError(
                "model-schema", f"Schema {SCHEMA!r} was expected, found {schema!r}.", EXPORT_MODEL
            )
        try:
            value = {name.removeprefix(PREFIX): text for name, text in entries.items() if name.startswith(PREFIX)}
            metadata = cls(
                **{
                    name: value[name]
                    for name, kind in cls.__annotations__.items()
                    if kind == "str" and name not in _LATER
                },
                **{name: value.get(name, "") for name in _LATER},
                grid=int(value["grid"]),
                stride=int(value["stride"]),
                receptive_field=int(value["receptive_field"]),
                cf_threshold=float(value["cf_threshold"]),
                guard_band=float(value["guard_band"]),
                brightness=Brightness(value.get("brightness", Brightness.AS_SHOWN)),
            )
        except (KeyError, ValueError) as error:
            raise ModelIncompatibleError(
                "model-metadata", f"A metadata entry is missing or malformed: {error}.", EXPORT_MODEL
            ) from error
        if (
            metadata.precision not in PRECISIONS
            or metadata.grid < 1
            or metadata.stride < 1
            or metadata.receptive_field < 0
            or not 0 < metadata.cf_threshold < 1
            or not 0 <= metadata.guard_band < 1
        ):
            raise ModelIncompatibleError("model-metadata", "A metadata value is out of range.", EXPORT_MODEL)
        return metadata
