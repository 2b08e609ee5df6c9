"""The models that a device holds, and which of them is in use."""

from __future__ import annotations

import os
from dataclasses import dataclass

BUNDLED = "bundled"


@dataclass(frozen=True, slots=True)
class Slot:
    """An installed model.

    Attributes
    ----------
    sha256
        Hash of its file; the first digits are enough to name it.
    path
        Its file.
    """

    sha256: str
    path: str


class ModelSlots:
    """A folder of models, of which one is in use; without one it is the bundled model.

    Parameters
    ----------
    folder
        Holds models, signatures and the state. It need not exist before the first `install`.
    key
        File of the device maker's public keys (minisign); None: ``trusted.pub`` in the folder.
    """

    def __init__(self, folder: str | os.PathLike[str], *, key: str | os.PathLike[str] | None = None) -> None:
        self.folder = os.path.abspath(os.fsdecode(folder))
        self.key = os.path.join(self.folder, "trusted.pub") if key is None else os.fsdecode(key)

    def generation(self) -> int:
        """How often the model in use was changed: cheap to ask, before every scan. 0: never."""
        return 0

    def current(self) -> str | None:
        """Path of the proven model in use, its bytes checked against their hash; None: the bundled one.

        Raises
        ------
        ModelIntegrityError
            ``damaged-slots`` or ``damaged-model`` when what is on the disk is not what was installed.
        """
        return None

    def installed(self) -> list[Slot]:
        """Every installed model."""
        return []

    def install(self, model: str | os.PathLike[str], signature: str | os.PathLike[str] | None = None) -> Slot:
        """Verify a model file and keep it; the model in use stays.

        Signature, seal, compatibility and self-test are checked first. `signature` None: ``<model>.minisig``.
        """
        raise NotImplementedError

    def verify(self, name: str) -> Slot:
        """Check an installed model again, as `install` did."""
        raise NotImplementedError

    def switch(self, name: str) -> str | None:
        """Use an installed model (or ``bundled``) from now on, after it was verified; returns what `current` does."""
        raise NotImplementedError

    def roll_back(self) -> str | None:
        """Use the proven model that was in use before, in the end the bundled one; returns what `current` does."""
        raise NotImplementedError
