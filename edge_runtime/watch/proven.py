"""The model in use of the slots of a device, which every process proves before its first exam."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from edge_runtime.batch.work import AnalyzerSettings
from edge_runtime.errors import ModelIntegrityError

if TYPE_CHECKING:
    from edge_runtime.analyzer import CataractAnalyzer


@dataclass(frozen=True, slots=True)
class ProvenSettings(AnalyzerSettings):
    """What every process builds its analyzer from, and proves it with.

    Attributes
    ----------
    sha256
        Hash of the model that was in use at the start; None: the bundled one.
    """

    sha256: str | None = None

    @classmethod
    def in_use(cls, folder: str, settings: AnalyzerSettings) -> ProvenSettings:
        """With the model in use of a folder of slots, now.

        Raises
        ------
        ModelIntegrityError, ModelMissingError
            As `ModelSlots.current`.
        """
        from edge_runtime.slots import ModelSlots

        model = ModelSlots(folder).current()
        sha256 = None if model is None else os.path.basename(os.path.dirname(model))  # the folder is named by it
        values = {field.name: getattr(settings, field.name) for field in fields(AnalyzerSettings)}
        return cls(**{**values, "model": model}, sha256=sha256)

    def load(self) -> CataractAnalyzer:
        """Load the model, check that it is still the one that was in use, and run its self-test.

        Raises
        ------
        EdgeCataractError
            As `CataractAnalyzer`; ``damaged-model`` when it is another one; ``selftest-failed``.
        """
        from edge_runtime.analyzer import CataractAnalyzer
        from edge_runtime.slots.proof import prove_device

        analyzer = AnalyzerSettings.load(self)
        if self.sha256 is not None and analyzer.network.sha256 != self.sha256:
            raise ModelIntegrityError(
                "damaged-model",
                "The model in use is not as it was installed.",
                "Install it again, or return to an earlier one: edge-cataract model rollback.",
            )
        prove_device(CataractAnalyzer(analyzer.network))  # golden scans are of no device that was named
        return analyzer
