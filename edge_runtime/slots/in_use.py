"""The model in use of the slots of a device, as every program that judges with it loads and proves it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from edge_runtime.batch.work import AnalyzerSettings
from edge_runtime.errors import ModelIntegrityError

from .slots import ModelSlots
from .store import ModelStore

if TYPE_CHECKING:
    from edge_runtime.analyzer import CataractAnalyzer


@dataclass(frozen=True, slots=True)
class ModelInUse(AnalyzerSettings):
    """What every process builds its analyzer from: the model of one moment, whatever is switched afterwards.

    Attributes
    ----------
    sha256
        Hash of the model that was in use then; None: the bundled one.
    proves
        Whether the model passes its self-test whenever it is loaded; False where the caller sees to that.
    """

    sha256: str | None = None
    proves: bool = True

    @classmethod
    def now(cls, folder: str, settings: AnalyzerSettings, *, proves: bool = True) -> ModelInUse:
        """The model that is in use at this moment.

        Parameters
        ----------
        folder
            Of the slots.
        settings
            All but the model.
        proves
            As the attribute.

        Raises
        ------
        ModelIntegrityError, ModelMissingError
            As `ModelSlots.current`.
        """
        slots = ModelSlots(folder)
        sha256 = slots.state().current
        model = None if sha256 is None else ModelStore(slots.folder).path(sha256)
        values = {field.name: getattr(settings, field.name) for field in fields(AnalyzerSettings)}
        return cls(**{**values, "model": model}, sha256=sha256, proves=proves)

    def load(self) -> CataractAnalyzer:
        """Load the model, check that it is still the one that was in use, and run its self-test where it `proves`.

        Raises
        ------
        EdgeCataractError
            As `CataractAnalyzer`; ``damaged-model`` when it is another one; ``selftest-failed``.
        """
        from .proof import prove_device

        analyzer = AnalyzerSettings.load(self)
        if self.sha256 is not None:
            check_same(analyzer, self.sha256)
        if self.proves:
            prove_device(analyzer, self.limits)
        return analyzer


def check_same(analyzer: CataractAnalyzer, sha256: str) -> None:
    """Check that an analyzer has the model with this hash: its file may be another one by now.

    Raises
    ------
    ModelIntegrityError
        ``damaged-model`` when it has not.
    """
    if analyzer.network.sha256 != sha256:
        raise ModelIntegrityError(
            "damaged-model",
            "The model's file does not hold the model that was in use.",
            "Install it again, or return to an earlier one: edge-cataract model rollback; or start the program again.",
        )
