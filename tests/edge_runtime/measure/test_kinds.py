"""The list of opacity kinds: data and reports that are written today must be read the same way tomorrow."""

from __future__ import annotations

import pickle

import pytest

from edge_runtime.measure.kinds import ClinicalGroup, OpacityKind

# As in every dataset and report since the first version.
WRITTEN = {
    0: "unknown", 1: "nuclear", 2: "cortical haze", 3: "cortical spokes", 4: "posterior subcapsular",
    5: "posterior polar", 6: "anterior subcapsular", 7: "water clefts", 8: "retrodots", 9: "vacuoles",
    10: "lamellar separation", 11: "white", 12: "Morgagnian", 13: "dots",
}  # fmt: skip


def test_codes_and_names_that_were_written_keep_their_meaning() -> None:
    assert {code: OpacityKind(code).label for code in WRITTEN} == WRITTEN


def test_no_two_kinds_share_a_name() -> None:
    assert len({kind.label for kind in OpacityKind}) == len(OpacityKind)


@pytest.mark.parametrize(
    ("group", "labels"),
    [
        ("nuclear", ["nuclear"]),
        ("cortical", ["cortical haze", "cortical spokes"]),
        ("posterior subcapsular", ["posterior subcapsular"]),
    ],
)
def test_a_clinical_group_knows_its_kinds(group: str, labels: list[str]) -> None:
    assert [kind.label for kind in ClinicalGroup(group).kinds] == labels


def test_a_kind_survives_the_way_to_another_process() -> None:
    assert all(pickle.loads(pickle.dumps(kind)) is kind for kind in OpacityKind)
