"""The error tree. Every failure the program can report is one of these, with its exit code.

::

    EdgeCataractError                        (abstract: catch it, never raise it)
    |-- UsageError                      2    the command line or the call asks for something impossible
    |-- RequestError                    2    the service refuses a request; never ends the program
    |-- LensNotFoundError               3    a Cataract Fraction of a scan without lens pixels: undefined, not zero
    |-- ScanError                      65    malformed, truncated, unsupported or over a limit
    |-- CorrectionError                65    a corrected label map cannot be used
    |-- AuditError                     65    the record of what was computed is not as it was written
    |-- ScanMissingError               66    missing, unreadable or not a regular file
    |-- MissingExtraError              69    an optional part is not installed
    |-- MissingLibraryError            69    a library that the program stands on is missing or broken
    |-- InternalError                  70    a fault of this program
    |-- ResourceError                  71    out of memory, threads or descriptors
    |-- OutputError                    73    an output cannot be created
    |-- WriteError                     74    writing failed, for example on a full disk
    |-- ModelMissingError              80
    |-- ModelIntegrityError            81    the bytes are not those that were exported
    |-- ModelIncompatibleError         82    not a model of this contract
    |-- InferenceError                 83    the network failed or returned a non-finite number
    `-- AnalysisCancelledError        130    the calling program stopped the analysis

`word` is a stable kebab-case name of the exact cause; `REFUSALS` in `codes/refusals.py` documents each.
"""

from __future__ import annotations

from typing import ClassVar

NOTHING_WRITTEN = "Nothing was written."


class EdgeCataractError(Exception):
    """Superclass of every error of this package.

    Parameters
    ----------
    word
        Stable kebab-case name of the cause, such as ``truncated-jpeg``.
    found
        What was found (and what was expected), one sentence with its full stop.
    remedy
        What to do next, one sentence with its full stop.
    lost
        What was not written because of it, one sentence with its full stop.
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, word: str, found: str, remedy: str, *, lost: str = NOTHING_WRITTEN) -> None:
        super().__init__(word, found, remedy)
        self.word = word
        self.found = found
        self.remedy = remedy
        self.lost = lost
        self.source: str | None = None  # which of several inputs it is about

    def __str__(self) -> str:
        """The message in one line: the word, what was found, what was not written, what to do next."""
        return f"error[{self.word}]: {self.found} {self.lost} {self.remedy}"


class UsageError(EdgeCataractError):
    """The command line or the call asks for something that cannot be done."""

    exit_code = 2


class RequestError(EdgeCataractError):
    """The service refuses a request over HTTP.

    Parameters
    ----------
    word, found, remedy
        As for every error.
    status
        What HTTP calls it, 400 to 503.
    retry_after_s
        Seconds after which it may be tried again; None: trying again does not help.
    """

    exit_code = 2

    def __init__(
        self, word: str, found: str, remedy: str, *, status: int = 400, retry_after_s: int | None = None
    ) -> None:
        super().__init__(word, found, remedy)
        self.status = status
        self.retry_after_s = retry_after_s


class LensNotFoundError(EdgeCataractError):
    """No pixel of the scan is lens, so its Cataract Fraction is undefined."""

    exit_code = 3


class CorrectionError(EdgeCataractError):
    """A corrected label map cannot be used; unlike a bad scan it ends an exam, as a correction is never left out."""

    exit_code = 65


class ScanError(EdgeCataractError):
    """The scan is malformed, truncated, of an unsupported kind or over a limit."""

    exit_code = 65


class AuditError(EdgeCataractError):
    """The record of what was computed is not as it was written."""

    exit_code = 65


class ScanMissingError(EdgeCataractError):
    """The scan is missing, cannot be opened, or is not a regular file."""

    exit_code = 66


class MissingExtraError(EdgeCataractError):
    """An optional part of the program is not installed; the remedy names the extra."""

    exit_code = 69


class MissingLibraryError(EdgeCataractError):
    """A library that the program stands on is missing or broken; the remedy names it."""

    exit_code = 69


class InternalError(EdgeCataractError):
    """A fault of this program."""

    exit_code = 70


class ResourceError(EdgeCataractError):
    """Memory, threads or descriptors ran out, or a memory cap cannot be kept."""

    exit_code = 71


def out_of_memory() -> ResourceError:
    """The error to raise when memory runs out, wherever that is noticed."""
    return ResourceError("out-of-memory", "Memory ran out.", "Set --max-memory, or free memory.")


def too_many_open_files() -> ResourceError:
    """The error to raise when the system opens no more files, wherever that is noticed."""
    return ResourceError("too-many-open-files", "No more files can be opened.", "Close files, or raise the limit.")


class OutputError(EdgeCataractError):
    """An output cannot be created: the folder is missing, read-only, or not a folder."""

    exit_code = 73


class WriteError(EdgeCataractError):
    """Writing an output failed part-way; nothing half-written is left behind."""

    exit_code = 74


class ModelMissingError(EdgeCataractError):
    """The model file is not there."""

    exit_code = 80


class ModelIntegrityError(EdgeCataractError):
    """The model's bytes are not the ones that were exported."""

    exit_code = 81


class ModelIncompatibleError(EdgeCataractError):
    """The file is no model of this contract."""

    exit_code = 82


class InferenceError(EdgeCataractError):
    """The network failed, or returned a number that is not finite."""

    exit_code = 83


class AnalysisCancelledError(EdgeCataractError):
    """The calling program set the event that it had passed as ``cancel``."""

    exit_code = 130


# What concerns one scan alone: the other scans of a command or an exam are analysed all the same.
FAULTS_OF_ONE_SCAN = (ScanError, ScanMissingError, InferenceError)
