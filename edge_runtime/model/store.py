"""Find and read model files: the bundled ones by their register, others by path; checked against their digests."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from edge_runtime.errors import (
    ModelIncompatibleError,
    ModelIntegrityError,
    ModelMissingError,
    ScanError,
    UsageError,
)
from edge_runtime.reading.files import ScanFile, read_content

from .metadata import EXPORT_MODEL
from .onnx_file import MAX_MODEL_BYTES
from .precision import DEFAULT_PRECISION, PRECISIONS
from .seal import check_seal

# Paths are plain text here: pathlib takes 4 ms of a cold start.
LOOK_REGISTER = "look.json"
BUNDLE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "models")


def read_model(model: ScanFile | None, precision: str) -> bytes:
    """The bytes of a model, or of the bundled one of this precision, checked against their digest.

    Parameters
    ----------
    model
        Its path, its bytes, or a binary file that is open for reading; None: the bundled one.
    precision
        Which bundled one.

    Raises
    ------
    UsageError
        For an unknown precision.
    ModelMissingError
        When there is no such file, it cannot be read, or this release bundles no model of this precision.
    ModelIntegrityError
        When the bytes differ from those that were sealed or released.
    ModelIncompatibleError
        When the file is no model of this contract, or too large to be one.
    """
    if precision not in PRECISIONS:
        raise UsageError(
            "unknown-precision", f"There is no precision {precision!r}.", f"Choose one of {', '.join(PRECISIONS)}."
        )
    if model is not None:
        data = _read(model) if isinstance(model, str | os.PathLike) else _content(model)
        check_seal(data)
        return data
    bundled: dict[str, dict[str, str]] = _register()
    if precision not in bundled:
        other = next(iter(bundled), DEFAULT_PRECISION)
        raise ModelMissingError(
            "missing-model",
            f"This release bundles no {precision} model.",
            f"Use --precision {other}, or --model.",
        )
    return _read_bundled(bundled[precision])


def read_look() -> bytes:
    """The bytes of the bundled network that looks at whole frames, checked against their digest.

    Raises
    ------
    ModelMissingError
        When this installation has none.
    ModelIntegrityError
        When the bytes differ from those that were released.
    """
    return _read_bundled(_register(LOOK_REGISTER))


def models_with_look() -> frozenset[str]:
    """Hashes of models that were bundled with a look though their files, which are older, do not ask for one.

    Raises
    ------
    ModelMissingError, ModelIntegrityError
        As for `read_look`.
    """
    return frozenset(_register(LOOK_REGISTER)["before"])


def _read_bundled(entry: dict[str, Any]) -> bytes:
    data = _read(os.path.join(BUNDLE, entry["file"]))
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise ModelIntegrityError(
            "damaged-model", "The bundled model differs from the one that was released.", "Install the package again."
        )
    return data


def bundled_hashes() -> frozenset[str]:
    """Hashes of the bundled models, as their register pins them.

    Raises
    ------
    ModelIntegrityError
        When the register is damaged.
    """
    return frozenset(entry["sha256"] for entry in _register().values())


def _register(name: str = "register.json") -> Any:
    """A register: of the models by precision, or the entry of the look."""
    try:
        with open(os.path.join(BUNDLE, name), encoding="utf-8") as file:
            register = json.load(file)
    except OSError as error:
        raise ModelMissingError(
            "missing-model", "This installation bundles no model.", "Install the package again, or use --model."
        ) from error
    except ValueError as error:
        raise ModelIntegrityError(
            "damaged-model", "The register of bundled models is damaged.", "Install the package again."
        ) from error
    return register


def _content(model: ScanFile) -> bytes:
    try:
        return read_content(model)
    except ScanError as error:
        raise ModelIncompatibleError("not-a-model", f"It is no model: {error.found}", EXPORT_MODEL) from error


def _read(path: str | os.PathLike[str]) -> bytes:
    name = os.path.basename(os.path.normpath(path))
    try:
        if not os.path.isfile(path):
            raise ModelMissingError(
                "missing-model", f"There is no model file {name!r}.", "Check --model and EDGE_CATARACT_MODEL."
            )
        if os.path.getsize(path) > MAX_MODEL_BYTES:
            raise ModelIncompatibleError("not-a-model", "The file is too large to be a model.", EXPORT_MODEL)
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ModelMissingError(
            "missing-model", f"The model file {name!r} cannot be read.", "Check its permissions."
        ) from error
