"""Which model is in use, and which were before: one small file that is replaced by one rename."""

from __future__ import annotations

import errno
import json
import os
import re
from dataclasses import dataclass, replace

from edge_runtime.errors import EdgeCataractError, ModelIntegrityError, ModelMissingError, too_many_open_files
from edge_runtime.report.files import write_all

SCHEMA = "edge-cataract/slots/1"
_NAME = "slots.json"
_MOST_BEFORE = 16
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SlotState:
    """Which model is in use.

    Attributes
    ----------
    generation
        How often that was changed.
    current
        Hash of the model; None: the bundled one.
    before
        Hashes of what was in use before, the last one last; None: the bundled model. Only the last 16 are kept. While
        there are fewer, the bundled model was in use before the first of them.
    """

    generation: int = 0
    current: str | None = None
    before: tuple[str | None, ...] = ()

    def switched(self, sha256: str | None) -> SlotState:
        """The state with another model in use."""
        return SlotState(self.generation + 1, sha256, (*self.before, self.current)[-_MOST_BEFORE:])

    def rolled_back(self, sha256: str | None, left: int) -> SlotState:
        """The state with an earlier model in use, of which the first `left` that were before remain."""
        return replace(self, generation=self.generation + 1, current=sha256, before=self.before[:left])


def read_state(folder: str) -> SlotState:
    """The state that a folder holds; of a new folder, that of the bundled model.

    Raises
    ------
    ModelIntegrityError
        ``damaged-slots`` when the disk does not give it, or it says what no version of this program wrote.
    ModelMissingError
        ``unreadable-slots`` when it may not or cannot be opened now: nothing is known of it then.
    ResourceError
        ``too-many-open-files``.
    """
    try:
        with open(os.path.join(folder, _NAME), "rb") as file:
            content = json.load(file)
        state = SlotState(content["generation"], content["current"], tuple(content["before"]))
    except FileNotFoundError as error:
        check_folder(folder)
        if installed_hashes(folder):  # every install begins the record: it was there, and is lost
            raise _damaged() from error
        return SlotState()
    except OSError as error:
        raise _unread(error) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged() from error
    hashes = [one for one in (state.current, *state.before) if one is not None]
    if (
        content.get("schema") != SCHEMA
        or type(state.generation) is not int
        or not all(isinstance(one, str) and _SHA256.fullmatch(one) for one in hashes)
    ):
        raise _damaged()
    return state


def installed_hashes(folder: str) -> list[str]:
    """Hashes of all models in a folder, those that are damaged or half installed included."""
    try:
        return sorted(name for name in os.listdir(folder) if _SHA256.fullmatch(name))
    except OSError:
        return []


def begin_state(folder: str) -> None:
    """Begin the record of a new folder: without it, models would be ones whose record is lost. It raises as a write."""
    if not os.path.lexists(os.path.join(folder, _NAME)) and not installed_hashes(folder):
        write_state(folder, SlotState())


def check_folder(folder: str) -> None:
    """Refuse a folder of models that is not there: a mistyped name, or a disk that is not mounted.

    Raises
    ------
    ModelMissingError
        ``unreadable-slots``.
    """
    if not os.path.isdir(folder):
        raise _unread(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))


def write_state(folder: str, state: SlotState) -> None:
    """Replace the state, durably and at once.

    Raises
    ------
    OutputError, WriteError
        When it cannot be written; then the former one stays.
    """
    content = {
        "schema": SCHEMA,
        "generation": state.generation,
        "current": state.current,
        "before": list(state.before),
    }
    write_all({os.path.join(folder, _NAME): json.dumps(content, indent=1).encode() + b"\n"}, readers_of=folder)


def _unread(error: OSError) -> EdgeCataractError:
    """What it means that the state cannot be read: only what a disk has lost is damage, which a rollback replaces."""
    if error.errno == errno.EIO:
        return _damaged()
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return too_many_open_files()
    return ModelMissingError(
        "unreadable-slots",
        f"The record of the model in use cannot be read: {error.strerror}.",
        "Check the folder of models and its permissions.",
    )


def _damaged() -> ModelIntegrityError:
    return ModelIntegrityError(
        "damaged-slots",
        "The record of the model in use is damaged or lost.",
        "Return to the bundled model: edge-cataract model rollback.",
    )
