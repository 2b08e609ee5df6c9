"""Fill the Markdown templates of benchmarks/templates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

FOLDER = Path(__file__).parents[1] / "templates"


def fill(template: str, **values: Any) -> str:
    """Return the text of a template.

    Parameters
    ----------
    template
        File name in benchmarks/templates.
    **values
        What the template may name. A name that is missing is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=jinja2.select_autoescape(),  # which leaves Markdown as it is
    )
    environment.filters |= {"estimate": estimate, "rate": rate}
    return environment.get_template(template).render(**values)


def estimate(one: Mapping[str, Any], digits: int = 3) -> str:
    """Format an estimate of results.json with its 95 % interval: 0.980 (0.957 to 0.996)."""
    value, low, high = (f"{one[name]:.{digits}f}" for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def rate(sorting: Mapping[str, Any], of: str) -> str:
    """Format a count of eyes that were called right: 86 of 89; `of` is "positives" or "negatives"."""
    return f"{sorting['counts'][f'true_{of}']} of {sorting['counts'][of]}"
