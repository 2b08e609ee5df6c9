"""Scans for a machine that does not see this one's folders: their files travel inside, and lie there for a moment."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from train.data.dataset import ScanRecord

from .measurement import Failure, Job, Measured, measure

if TYPE_CHECKING:
    from collections.abc import Mapping

Record = TypeVar("Record", ScanRecord, Job)


@dataclass(frozen=True, slots=True)
class SentModel:
    """A model as bytes.

    Attributes
    ----------
    name, content
        Of its file: an exported model's ends in .onnx.
    """

    name: str
    content: bytes

    @classmethod
    def of(cls, path: Path) -> Self:
        """The model in a file."""
        return cls(path.name, path.read_bytes())


@dataclass(frozen=True, slots=True)
class SentJob:
    """A scan to analyse, with its files.

    Attributes
    ----------
    job
        Its paths are those of the machine that asks.
    files
        Contents by these paths.
    """

    job: Job
    files: Mapping[Path, bytes]

    @classmethod
    def of(cls, job: Job) -> Self:
        """The job with the files that are there; measuring says which are missing."""
        paths = [*_paths(job), *_paths(job.scan)]
        return cls(job, {path: path.read_bytes() for path in paths if path != job.model and path.is_file()})


def measure_sent(model: SentModel, sent: SentJob) -> Measured | list[str] | Failure:
    """Measure one scan as `measure` does, from files that came along."""
    with tempfile.TemporaryDirectory(prefix="edge-cataract-") as folder:
        here = {path: Path(folder, str(number), path.name) for number, path in enumerate(sent.files)}
        for path, content in sent.files.items():
            here[path].parent.mkdir()
            here[path].write_bytes(content)
        scan = _moved(sent.job.scan, here)
        return measure(replace(_moved(sent.job, here), scan=scan, model=_on_disk(model)))


def _paths(record: ScanRecord | Job) -> list[Path]:
    values = (getattr(record, one.name) for one in fields(record))
    return [value for value in values if isinstance(value, Path)]


def _moved(record: Record, here: Mapping[Path, Path]) -> Record:
    """The record with paths of this machine."""
    values = {one.name: getattr(record, one.name) for one in fields(record)}
    moved: dict[str, Any] = {name: here[path] for name, path in values.items() if path in here}
    return replace(record, **moved)


@cache
def _on_disk(model: SentModel) -> Path:
    """A file with the model, for as long as this process lives; it is loaded once by its path."""
    folder = tempfile.TemporaryDirectory(prefix="edge-cataract-")
    _FOLDERS.append(folder)
    path = Path(folder.name, f"{hashlib.sha256(model.content).hexdigest()[:16]}-{model.name}")
    path.write_bytes(model.content)
    return path


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []  # removed when the process ends
