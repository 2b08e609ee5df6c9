"""Which model the service measures with: one that was named, or the one in use of the slots of this device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from edge_runtime.errors import ModelIntegrityError

if TYPE_CHECKING:
    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.batch.work import AnalyzerSettings
    from edge_runtime.slots import ModelSlots

    from .worker import Settings


class ModelSource(Protocol):
    """Says which analyzer to load, and whether it is another by now."""

    def generation(self) -> int:
        """A number that is another one when the model is."""
        ...

    def settings(self) -> Settings:
        """What a worker builds its analyzer from; it raises when the model is not as it was installed."""
        ...


class OneModel:
    """A model that stays.

    Parameters
    ----------
    settings
        Which.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def generation(self) -> int:
        """Always the same."""
        return 0

    def settings(self) -> Settings:
        """What a worker builds its analyzer from."""
        return self._settings


class SlotModel:
    """The model in use of a folder of slots.

    Parameters
    ----------
    slots
        The folder.
    settings
        All but the model.
    """

    def __init__(self, slots: ModelSlots, settings: AnalyzerSettings) -> None:
        self._slots, self._settings = slots, settings

    def generation(self) -> int:
        """How often the model in use was changed; it raises as `ModelSlots.generation` does."""
        return self._slots.generation()

    def settings(self) -> Settings:
        """What a worker builds its analyzer from; it raises as `ModelSlots.current` does."""
        path = self._slots.current()
        settings = replace(self._settings, model=path)
        return settings if path is None else ProvenSettings(settings, PurePath(path).parent.name)  # named by its hash


@dataclass(frozen=True, slots=True)
class ProvenSettings:
    """Loads the model that was proven, or none: the file may be another one by then.

    Attributes
    ----------
    settings
        Which analyzer.
    sha256
        Hash of the model's bytes.
    """

    settings: Settings
    sha256: str

    def load(self) -> CataractAnalyzer:
        """Load and verify the model.

        Raises
        ------
        ModelIntegrityError
            ``damaged-model`` when its bytes are others.
        """
        analyzer = self.settings.load()
        if analyzer.network.sha256 != self.sha256:
            raise ModelIntegrityError(
                "damaged-model",
                "The model's file does not hold the model that was proven.",
                "Install it again, or return to an earlier one; a model of --model: start the service again.",
            )
        return analyzer
