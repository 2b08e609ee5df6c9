"""Tools alter pictures as their names say, by their seed alone, and truth moves with what is shown."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from edge_runtime.look.tissues import Picture, Tissue
from train.phantom.cohorts.catalogue import plan_cohort
from train.phantom.imaging.plan import Geometry, ScanPlan, Tool
from train.phantom.patient import Eye, make_eye
from train.phantom.render import RenderedScan, altered, render

PLAN = ScanPlan(1, 0.0, rows=365, columns=430)
MOVING = (Tool.CUT, Tool.CUT_AND_RESIZED, Tool.PAGE, Tool.TURNED, Tool.UPSIDE_DOWN)
MARKING = (Tool.TEXT, Tool.CALLIPERS, Tool.BOX, Tool.ARROW, Tool.PARTLY_BLACK)
MAPS = ("labels", "excess", "kind", "observable", "zone", "mask", "tissue")


@pytest.fixture(scope="module")
def eye() -> Eye:
    return make_eye(plan_cohort("altered", patients=2)[1].eyes[0][0])


@pytest.fixture(scope="module")
def as_written(eye: Eye) -> RenderedScan:
    return render(eye, PLAN)


def digest(scan: RenderedScan) -> str:
    return hashlib.sha256(scan.picture.tobytes() + scan.truth.labels.tobytes()).hexdigest()


@pytest.mark.parametrize("tool", Tool)
def test_a_tool_changes_the_picture_and_the_seed_alone_decides_how(
    tool: Tool, eye: Eye, as_written: RenderedScan
) -> None:
    changed = render(eye, replace(PLAN, tool=tool))
    assert digest(changed) == digest(altered(as_written, eye, PLAN, tool))
    assert not np.array_equal(changed.picture, as_written.picture)
    others = {digest(altered(as_written, eye, replace(PLAN, meridian_deg=float(angle)), tool)) for angle in range(9)}
    assert len(others) > 1 or tool is Tool.EQUALISED  # there is one way only to make a histogram flat
    assert str(tool) in str(changed.notes["artefacts"]).split()
    assert changed.notes["profile"] == ""
    for name in MAPS:
        assert getattr(changed.truth, name).shape == changed.picture.shape
    if tool not in (*MOVING, *MARKING):
        assert altered(as_written, eye, PLAN, tool).truth is as_written.truth
    kind = Picture.NATURAL_LENS if tool is Tool.JPEG else Picture.ALTERED
    assert changed.notes["picture"] == kind


@pytest.mark.parametrize("tool", MARKING)
def test_a_mark_is_a_mark_in_the_map_of_tissues_alone(tool: Tool, eye: Eye, as_written: RenderedScan) -> None:
    for angle in range(6):
        changed = altered(as_written, eye, replace(PLAN, meridian_deg=float(angle)), tool)
        mark = changed.truth.tissue == Tissue.MARK
        assert mark.any()
        assert not (changed.picture != as_written.picture)[~mark].any()
        assert np.array_equal(changed.truth.tissue[~mark], as_written.truth.tissue[~mark])
        assert changed.truth.labels is as_written.truth.labels


def test_the_margins_of_a_page_are_marks(eye: Eye, as_written: RenderedScan) -> None:
    tissue = altered(as_written, eye, PLAN, Tool.PAGE).truth.tissue
    assert (tissue == Tissue.MARK).any()
    assert not (as_written.truth.tissue == Tissue.MARK).any()


@pytest.mark.parametrize("tool", MOVING)
def test_truth_moves_with_the_lens(tool: Tool, eye: Eye, as_written: RenderedScan) -> None:
    changed = altered(as_written, eye, PLAN, tool)
    lens = changed.truth.labels > 0
    assert lens.any()
    usual = as_written.picture[as_written.truth.labels > 0].mean()
    assert changed.picture[lens].mean() == pytest.approx(usual, rel=0.25)
    assert set(np.unique(changed.truth.excess[~lens])) == {72}
    assert np.array_equal(changed.truth.tissue == Tissue.NATURAL_LENS, lens)


def test_raw_scans_of_16_bits_are_not_altered(eye: Eye) -> None:
    with pytest.raises(ValueError, match="16"):
        render(eye, ScanPlan(1, 0.0, Geometry.RAW, tool=Tool.TEXT))


def test_the_cohort_has_every_tool_equally_often_and_pairs_with_scans_as_written() -> None:
    plans, partners = plan_cohort("altered", 7, 9), plan_cohort("altered-without", 7, 9)
    tools = [scan.tool for p in plans for _, scans in p.eyes for scan in scans]
    assert set(Counter(tools).values()) == {3}
    assert tools != [scan.tool for p in plan_cohort("altered", 8, 9) for _, scans in p.eyes for scan in scans]
    for p, partner in zip(plans, partners, strict=True):
        assert [(eye, tuple(replace(scan, tool=None) for scan in scans)) for eye, scans in p.eyes] == list(partner.eyes)
