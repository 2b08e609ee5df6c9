"""The pages of a study: Markdown from its results, by the templates beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from train.data.scan_checks import some

from .aims import aims_of
from .baselines import MEASURES
from .formatting import counts, estimate, number, p_value

if TYPE_CHECKING:
    from .results import StudyResults

TEMPLATES = Path(__file__).parent / "templates"


def report_page(results: StudyResults) -> str:
    """Return report.md of a study."""
    return _environment().get_template("report.md.j2").render(results=results, measures=MEASURES)


def study_page(found: Mapping[str, StudyResults]) -> str:
    """Return study.md: every aim with what was measured, and the cohorts.

    Parameters
    ----------
    found
        Results by the name of their cohort, in the order of the page.
    """
    return (
        _environment()
        .get_template("study.md.j2")
        .render(
            found=found,
            measured_aims=aims_of(found),
            models=sorted({results.model.sha256 for results in found.values()}),
            revisions=sorted({results.code_revision for results in found.values()}),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, not HTML
    )
    environment.filters |= {"number": number, "estimate": estimate, "counts": counts, "p_value": p_value, "some": some}
    return environment
