"""The results of a watched folder: a folder for each judged exam, which appears in full or not at all."""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from edge_runtime.batch.record import Status
from edge_runtime.errors import EdgeCataractError, OutputError
from edge_runtime.locked_file import make_folder
from edge_runtime.printable import printable
from edge_runtime.reading.files import open_file
from edge_runtime.report.document import to_json
from edge_runtime.report.files import write_all
from edge_runtime.report.journal import finish_interrupted
from edge_runtime.version import __version__

from .judging import document_name, file_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edge_runtime.batch.record import EyeRecord

    from .judging import Judged
    from .memory import KnownFile
    from .tracking import Group

SCHEMA = "edge-cataract/watched-exam/1"
SUMMARY = "exam.json"
_KEY_DIGITS = 12
_TRIED = ".edge-cataract-tried"
_MOST_BYTES = 1 << 26  # of a summary: more is of others
_NAME = re.compile(rf".+-[0-9a-f]{{{_KEY_DIGITS}}}")


class Results:
    """Where results are written.

    Parameters
    ----------
    folder
        The folder of ``-o``; it exists.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def tidy(self) -> None:
        """Finish what a run that was killed left of a result, or take it away."""
        folders: list[str] = []
        with suppress(OSError), os.scandir(self._folder) as entries:
            folders = [entry.path for entry in entries if _NAME.fullmatch(entry.name) and entry.is_dir()]
        for folder in folders:
            if not os.path.exists(os.path.join(folder, SUMMARY)):
                finish_interrupted(folder)
                with suppress(OSError):  # it is not empty
                    os.rmdir(folder)

    def take_others(self) -> bool:
        """Whether a result of another name could be put here; tried with an empty folder."""
        tried = os.path.join(self._folder, _TRIED)
        try:
            os.makedirs(tried, exist_ok=True)
            os.rmdir(tried)
        except OSError:
            return False
        return True

    def name(self, group: Group) -> str:
        """Name of the folder of a result: the exam's label, and what tells this content of its files from others."""
        return f"{file_name(group.label)}-{group.key[:_KEY_DIGITS]}"

    def written(self, group: Group) -> dict[str, Any] | None:
        """The summary of a result that an earlier run wrote and could not record any more; None where there is none."""
        folder = os.path.join(self._folder, self.name(group))
        finish_interrupted(folder)
        try:
            with open_file(os.path.join(folder, SUMMARY)) as file:
                content: dict[str, Any] = json.loads(file.read(_MOST_BYTES))
            return content if content["key"] == group.key and not content["failed"] else None
        except (EdgeCataractError, OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def write(
        self, group: Group, judged: Judged, previous: str | None, permit: Callable[[], None] | None = None
    ) -> dict[str, Any]:
        """Write a result, all of its files or none, and make it durable; returns its summary.

        Parameters
        ----------
        group
            The exam.
        judged
            What was found.
        previous
            The result before it under this label.
        permit
            Called when all files are on the disk, and before one has its name; what it raises takes them away again.

        Raises
        ------
        OutputError, WriteError
            As `write_all`.
        """
        folder = os.path.join(self._folder, self.name(group))
        summary = {
            "schema": SCHEMA,
            "exam": printable(group.label),
            "key": group.key,
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "tool": {"name": "edge-cataract", "version": __version__},
            "result": self.name(group),
            "previous": previous,
            "timed_out": group.timed_out,
            "eyes": [_eye(eye) for eye in judged.record.eyes],
            "files": [_file(file) for file in group.files],
            "left_out": [_file(file) for file in group.left_out],
            **{status.value: judged.record.files.get(status, 0) for status in Status},
        }
        contents = {os.path.join(folder, name): content for name, content in judged.files.items()}
        contents[os.path.join(folder, SUMMARY)] = to_json(summary, indent=2).encode() + b"\n"
        with _new_folder(folder):
            write_all(contents, permit)
        return summary


@contextmanager
def _new_folder(folder: str) -> Iterator[None]:
    """The folder of a result, which goes again when nothing comes into it."""
    try:
        try:
            make_folder(folder)
        except OSError as error:
            raise OutputError(
                "output-folder", f"An output cannot be created: {os.strerror(error.errno or 0)}.", "Free the disk."
            ) from error
        yield
    except BaseException:
        with suppress(OSError):  # it is not empty: an earlier try for the same files is in it
            os.rmdir(folder)
        raise


def _file(file: KnownFile) -> dict[str, Any]:
    return {
        "source": printable(os.path.basename(file.path)),
        "sha256": file.content.sha256 if file.content.readable else None,
    }


def _eye(eye: EyeRecord) -> dict[str, Any]:
    """One line of a summary: what to do, or why there is no result."""
    return {
        "laterality": eye.eye,
        "status": eye.status,
        "answer": eye.document["eye"]["answer"] if eye.document else None,
        "document": document_name(eye.eye) if eye.document else None,
        "word": eye.word,
        "message": eye.message,
    }
