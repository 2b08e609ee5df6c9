"""The models that a device holds, and which of them is in use.

::

    FOLDER/slots.json                 which model is in use, and which were before
    FOLDER/<sha256>/model.onnx        an installed model, never changed
    FOLDER/<sha256>/model.onnx.minisig
    FOLDER/trusted.pub                public keys of the device maker

A model is whole on the disk before `slots.json` names it, and one rename replaces that file. So a process that is
killed, or a loss of power, leaves the model that was in use or the one that was to be.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import ModelIncompatibleError, ModelIntegrityError, ModelMissingError, UsageError
from edge_runtime.locked_file import FOLDER_WAIT_S, open_locked

from .reading import read_limited, read_model_file
from .signature import MAX_BYTES, Signature, number, read_keys
from .state import SlotState, begin_state, check_folder, read_state, write_state
from .store import ModelStore, make_folder, read_signature

if TYPE_CHECKING:
    from typing import BinaryIO

    from edge_runtime.model.metadata import ModelMetadata

BUNDLED = "bundled"


@dataclass(frozen=True, slots=True)
class Slot:
    """A model that was verified.

    Attributes
    ----------
    sha256
        Hash of its file; the first digits are enough to name it.
    name, version, precision
        What the model says of itself.
    key
        Number of the key that signed it.
    comment
        What the signer said of it.
    """

    sha256: str
    name: str
    version: str
    precision: str
    key: str
    comment: str

    @classmethod
    def of(cls, data: bytes, metadata: ModelMetadata, signature: Signature) -> Slot:
        """The slot of a model and its signature."""
        return cls(
            hashlib.sha256(data).hexdigest(),
            metadata.name,
            metadata.version,
            metadata.precision,
            number(signature.key_id),
            signature.comment,
        )


class ModelSlots:
    """A folder of models, of which one is in use; without one it is the bundled model.

    Several processes may use a folder. One who may not write into it can still ask what is in use.

    Parameters
    ----------
    folder
        Holds the models. It is made by the first `install`; until then it is no folder of models.
    key
        File of the device maker's public keys (minisign); None: ``trusted.pub`` in the folder.
    """

    def __init__(self, folder: str | os.PathLike[str], *, key: str | os.PathLike[str] | None = None) -> None:
        self.folder = os.path.abspath(os.fsdecode(folder))
        self._store = ModelStore(self.folder)
        self._key = os.path.join(self.folder, "trusted.pub") if key is None else os.fsdecode(key)

    def generation(self) -> int:
        """How often the model in use was changed: cheap to ask, before every scan. 0: never.

        Raises
        ------
        ModelIntegrityError
            ``damaged-slots``.
        """
        return read_state(self.folder).generation

    def state(self) -> SlotState:
        """Which model is in use, and which were before; it raises as `generation` does."""
        return read_state(self.folder)

    def current(self) -> str | None:
        """Path of the proven model in use, its bytes checked against their hash; None: the bundled one.

        Raises
        ------
        ModelIntegrityError
            ``damaged-slots``, or ``damaged-model`` when the file is not what was installed.
        ModelMissingError
            ``missing-model`` when it is not there any more.
        """
        sha256 = read_state(self.folder).current
        return None if sha256 is None else self._store.path(sha256)

    def installed(self) -> list[Slot]:
        """Every installed model that is whole and of a kind that this program knows, by hash."""
        from edge_runtime.model.onnx_file import inspect

        slots = []
        for sha256 in self._store.hashes():
            try:
                data, signature = self._store.read(sha256)
                slots.append(Slot.of(data, inspect(data), Signature.parse(signature)))
            except (ModelIncompatibleError, ModelIntegrityError, ModelMissingError):
                continue
        return slots

    def unusable(self) -> list[str]:
        """Hashes of the other ones: damaged, gone, or of another version, or their install was killed."""
        usable = {slot.sha256 for slot in self.installed()}
        named = {*self._store.hashes(), read_state(self.folder).current}
        return sorted(sha256 for sha256 in named if sha256 is not None and sha256 not in usable)

    def check(self, model: str | os.PathLike[str], signature: str | os.PathLike[str] | None = None) -> Slot:
        """Verify a model file, as `install` does, and keep nothing."""
        return self._proven(read_model_file(model), read_signature(model, signature))

    def install(self, model: str | os.PathLike[str], signature: str | os.PathLike[str] | None = None) -> Slot:
        """Verify a model file and keep it; the model in use stays.

        Parameters
        ----------
        model
            The model file.
        signature
            Its signature file; None: the model's name with ``.minisig`` behind it.

        Raises
        ------
        ModelIntegrityError
            When it is not signed by a trusted key (``unsigned-model``, ``untrusted-signature``, ``bad-signature``),
            or not as it was exported (``damaged-model``).
        ModelIncompatibleError, InferenceError
            When it is no model for this program, or does not pass its self-test (`edge_runtime.slots.proof`).
        UsageError
            ``no-trusted-key``.
        OutputError, ResourceError, WriteError
            When it cannot be kept.
        """
        data, signed = read_model_file(model), read_signature(model, signature)
        slot = self._proven(data, signed)
        make_folder(self.folder)
        with self._locked():
            begin_state(self.folder)
            self._store.keep(data, signed)
        return slot

    def verify(self, name: str) -> Slot:
        """Check an installed model again, as `install` did; `name` is its hash, or the first digits of it."""
        in_use = None
        with suppress(ModelIntegrityError):  # a record that is damaged names none
            in_use = read_state(self.folder).current
        return self._proven(*self._store.read(self._store.find(name, in_use)))

    def switch(self, name: str) -> str | None:
        """Use an installed model from now on, after it was verified again; returns what `current` does then.

        Parameters
        ----------
        name
            The first digits of its hash, or ``bundled``.

        Raises
        ------
        EdgeCataractError
            As `install` does; then the model in use stays.
        """
        if name == BUNDLED:
            self._prove_bundled()
            sha256 = None
        else:
            sha256 = self.verify(name).sha256
        with self._locked():
            state = read_state(self.folder)
            if state.current != sha256:
                write_state(self.folder, state.switched(sha256))
        return self.current()

    def roll_back(self) -> str | None:
        """Use the model that was in use before, in the end the bundled one; returns what `current` does then.

        A model that is damaged is passed over. Nothing is analysed and no signature asked for, so that the way back
        is always open: what was in use was proven.

        Raises
        ------
        UsageError
            ``no-earlier-model`` when the bundled model is in use, and nothing that was in use before is known.
        """
        with self._locked():
            try:
                state = read_state(self.folder)
            except ModelIntegrityError:  # a generation that no service has seen
                write_state(self.folder, SlotState(generation=int(time.time())))
                return None
            if state.current is None and not state.before:
                raise UsageError(
                    "no-earlier-model",
                    "The bundled model is in use, and no earlier one.",
                    "Switch to another one.",
                )
            write_state(self.folder, self._before(state))
        return self.current()

    def _before(self, state: SlotState) -> SlotState:
        """The state with the last earlier model that is whole."""
        for left in reversed(range(len(state.before))):
            sha256 = state.before[left]
            try:
                if sha256 is not None:
                    self._store.path(sha256)
            except (ModelIntegrityError, ModelMissingError):
                continue
            return state.rolled_back(sha256, left)
        return state.rolled_back(None, 0)

    def _proven(self, data: bytes, signature: bytes) -> Slot:
        """The signature first: nothing that is not signed reaches a parser of models."""
        from .proof import prove

        signed = Signature.parse(signature)
        signed.check(data, self._keys())
        return Slot.of(data, prove(data), signed)

    def _keys(self) -> dict[bytes, bytes]:
        content = read_limited(self._key, MAX_BYTES)
        if content is None:
            raise UsageError(
                "no-trusted-key",
                "There is no public key of the device maker, so no model can be trusted.",
                "Put it into the folder of models as trusted.pub, or name it with --key.",
            )
        return read_keys(content)

    @staticmethod
    def _prove_bundled() -> None:
        from edge_runtime.analyzer import CataractAnalyzer

        from .proof import prove_device

        prove_device(CataractAnalyzer())

    def _locked(self) -> BinaryIO:
        """Keep other processes from changing the folder until it is closed."""
        check_folder(self.folder)
        return open_locked(os.path.join(self.folder, ".lock"), wait_s=FOLDER_WAIT_S, what="folder of models")
