"""The error tree has the exit codes of the contract, and messages of one line."""

from __future__ import annotations

import re

import pytest

from edge_runtime import errors
from edge_runtime.errors import EdgeCataractError, WriteError

CONTRACT = {  # contract, section 3
    "UsageError": 2,
    "RequestError": 2,  # an addition: of the service, which answers it by a status of HTTP
    "LensNotFoundError": 3,
    "ScanError": 65,
    "CorrectionError": 65,  # an addition
    "AuditError": 65,  # an addition
    "ScanMissingError": 66,
    "MissingExtraError": 69,
    "MissingLibraryError": 69,
    "InternalError": 70,
    "ResourceError": 71,
    "OutputError": 73,
    "WriteError": 74,
    "ModelMissingError": 80,
    "ModelIntegrityError": 81,
    "ModelIncompatibleError": 82,
    "InferenceError": 83,
    "AnalysisCancelledError": 130,  # an addition: as for SIGINT
}
KINDS = {
    kind.__name__: kind
    for kind in EdgeCataractError.__subclasses__()
    if kind.__module__ == EdgeCataractError.__module__  # other tests may have imported those of training and export
}


def test_tree_has_the_exit_codes_of_the_contract() -> None:
    assert {name: kind.exit_code for name, kind in KINDS.items()} == CONTRACT


def test_tree_drawn_at_the_top_is_the_tree() -> None:
    drawn = dict(re.findall(r"^ +[|`]-- (\w+) +(\d+) ", errors.__doc__ or "", re.MULTILINE))
    listed = set(re.findall(r"^ +[|`]-- (\w+)", errors.__doc__ or "", re.MULTILINE))
    assert listed == set(CONTRACT)
    assert {name: int(code) for name, code in drawn.items()}.items() <= CONTRACT.items()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_message_says_what_was_found_what_was_lost_and_what_to_do(kind: type[EdgeCataractError]) -> None:
    error = kind("some-word", "This was found.", "Do that.")
    assert str(error) == "error[some-word]: This was found. Nothing was written. Do that."
    assert (error.word, error.found, error.remedy, error.lost) == (
        "some-word",
        "This was found.",
        "Do that.",
        "Nothing was written.",
    )


def test_what_was_lost_can_be_told_apart() -> None:
    assert "Half of it." in str(WriteError("write-failed", "Found.", "Do.", lost="Half of it."))


def test_an_error_survives_the_way_between_processes() -> None:
    """Workers send their errors to the process that started them."""
    import pickle

    error = errors.ScanError("cut-file", "It ends early.", "Copy it again.", lost="The exam was judged without it.")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.word, copy.lost) == (str(error), "cut-file", error.lost)
