"""The installed models: one folder each, named by the hash of the model, and never changed."""

from __future__ import annotations

import hashlib
import os

from edge_runtime import locked_file
from edge_runtime.errors import ModelIntegrityError, ModelMissingError, OutputError
from edge_runtime.report.files import write_all

from .reading import read_limited, read_model_file
from .signature import MAX_BYTES
from .state import installed_hashes

MODEL, SIGNATURE = "model.onnx", "model.onnx.minisig"
_LEAST_DIGITS = 6
_INSTALL_AGAIN = "Install it again, or return to an earlier one: edge-cataract model rollback."


class ModelStore:
    """Installed models with their signatures.

    Parameters
    ----------
    folder
        Holds a folder for each.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def keep(self, data: bytes, signature: bytes) -> str:
        """Put a model and its signature on the disk; returns its hash.

        Raises
        ------
        OutputError, WriteError
            When that fails; a model that is there already stays whole.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        folder = os.path.join(self._folder, sha256)
        make_folder(folder, readers_of=self._folder)
        write_all({self._path(sha256, MODEL): data, self._path(sha256, SIGNATURE): signature}, readers_of=self._folder)
        return sha256

    def hashes(self) -> list[str]:
        """Hashes of all models, those that are damaged or half installed included."""
        return installed_hashes(self._folder)

    def find(self, digits: str, in_use: str | None = None) -> str:
        """The hash of the one model whose hash begins so; that of the model in use is known, though it be gone.

        Raises
        ------
        ModelMissingError
            ``unknown-model`` when there is none, or several; or too few digits.
        """
        found = [
            one
            for one in sorted({*self.hashes(), in_use or ""})
            if len(digits) >= _LEAST_DIGITS and one.startswith(digits.lower())
        ]
        if len(found) != 1:
            raise ModelMissingError(
                "unknown-model",
                f"{'Several installed models have' if found else 'No installed model has'} a hash that begins so.",
                f"Give {_LEAST_DIGITS} digits or more of one that 'edge-cataract model list' shows.",
            )
        return found[0]

    def read(self, sha256: str) -> tuple[bytes, bytes]:
        """A model and its signature, the model checked against its hash; it raises as `path` does."""
        data = self._data(sha256)
        signature = read_limited(self._path(sha256, SIGNATURE), MAX_BYTES)
        if signature is None:
            raise unsigned()
        return data, signature

    def path(self, sha256: str) -> str:
        """The file of a model, checked against its hash.

        Raises
        ------
        ModelIntegrityError
            ``damaged-model``.
        ModelMissingError
            ``missing-model``.
        """
        self._data(sha256)
        return self._path(sha256, MODEL)

    def _data(self, sha256: str) -> bytes:
        try:
            data = read_model_file(self._path(sha256, MODEL))
        except ModelMissingError as error:
            raise ModelMissingError(
                "missing-model", "An installed model is not there any more.", _INSTALL_AGAIN
            ) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ModelIntegrityError(
                "damaged-model",
                "An installed model is not as it was installed.",
                _INSTALL_AGAIN,
            )
        return data

    def _path(self, sha256: str, name: str) -> str:
        return os.path.join(self._folder, sha256, name)


def make_folder(path: str, *, readers_of: str | None = None) -> None:
    """Make a folder where there is none, durably.

    Parameters
    ----------
    path
        The folder.
    readers_of
        A folder: who may read it may read the new one, whatever the umask is; None: as for any new folder.

    Raises
    ------
    OutputError
        When that fails.
    """
    try:
        locked_file.make_folder(path)
        if readers_of is not None:
            locked_file.share(path, readers_of)
    except OSError as error:
        raise OutputError(
            "output-folder", f"The folder of models cannot be made: {error.strerror}.", "Name another folder."
        ) from error


def read_signature(model: str | os.PathLike[str], signature: str | os.PathLike[str] | None) -> bytes:
    """The signature file of a model, or the one with ``.minisig`` behind its name.

    Raises
    ------
    ModelIntegrityError
        ``unsigned-model`` when there is none.
    """
    content = read_limited(os.fsdecode(model) + ".minisig" if signature is None else signature, MAX_BYTES)
    if content is None:
        raise unsigned()
    return content


def unsigned() -> ModelIntegrityError:
    """The error to raise where a signature is missing."""
    return ModelIntegrityError(
        "unsigned-model", "The model has no signature beside it.", "Take MODEL.minisig from where the model is from."
    )
