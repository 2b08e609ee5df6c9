"""The model in use of a folder of slots, as every process that judges loads it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edge_runtime.errors import ModelIntegrityError
from edge_runtime.slots import ModelSlots
from edge_runtime.slots.store import ModelStore

if TYPE_CHECKING:
    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.batch.work import AnalyzerSettings


@dataclass(frozen=True, slots=True)
class SlotModel:
    """A model that stays until the receiver ends, whatever is switched meanwhile.

    Attributes
    ----------
    folder
        Of the slots.
    sha256
        Hash of the model; None: the bundled one.
    settings
        All but the model.
    """

    folder: str
    sha256: str | None
    settings: AnalyzerSettings

    @classmethod
    def in_use(cls, folder: str, settings: AnalyzerSettings) -> SlotModel:
        """The model that is in use now; it raises as `ModelSlots.current` does.

        Parameters
        ----------
        folder
            Of the slots.
        settings
            All but the model.
        """
        slots = ModelSlots(folder)
        sha256 = slots.state().current
        if sha256 is not None:
            ModelStore(slots.folder).path(sha256)
        return cls(slots.folder, sha256, settings)

    def load(self) -> CataractAnalyzer:
        """Load the model, its bytes checked against its hash, and prove it by its self-test.

        Raises
        ------
        ModelIntegrityError, ModelMissingError
            When the file is not what was installed.
        InferenceError
            ``selftest-failed``.
        """
        from edge_runtime.analyzer import CataractAnalyzer
        from edge_runtime.slots.proof import prove_device

        path = None if self.sha256 is None else ModelStore(self.folder).path(self.sha256)
        analyzer = replace(self.settings, model=path).load()
        if self.sha256 not in (None, analyzer.network.sha256):  # it was replaced in between
            raise ModelIntegrityError(
                "damaged-model", "An installed model is not as it was installed.", "Install it again."
            )
        # Golden scans are read as any device's, whatever profile was named.
        prove_device(CataractAnalyzer(analyzer.network))
        return analyzer
