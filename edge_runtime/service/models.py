"""Which model the service measures with: one that was named, or the one in use of the slots of this device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from edge_runtime.slots.in_use import ModelInUse

if TYPE_CHECKING:
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


class ModelOfSlots:
    """The model in use of a folder of slots, followed when another is switched to.

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
        """What a worker, which proves the model itself, builds its analyzer from; as `ModelInUse.now`."""
        return ModelInUse.now(self._slots.folder, self._settings, proves=False)
