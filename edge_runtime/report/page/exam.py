"""The page of one exam: one or both eyes, in one file that needs nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import UsageError
from edge_runtime.printable import printable
from edge_runtime.report.bundled_samples import SAMPLE_NOTE, is_bundled_sample
from edge_runtime.report.claims import owners_of
from edge_runtime.report.document import DISCLAIMER, document
from edge_runtime.report.language import Language, language_of, needs_report

from .pictures import colour_bar
from .view import eye_view, step_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_runtime.results import EyeResult
    from edge_runtime.scan import Laterality

FOLDER = os.path.dirname(__file__)
MOST_LETTERS = 64  # of a label
SHOWN_DIGITS = 16  # of a hash, in print
_ORDER = ("OD", "OS", "")  # as a reader who faces the patient sees them


@dataclass(frozen=True, slots=True)
class Origin:
    """Which program, model and libraries found the numbers of a page."""

    tool: str
    model: str
    model_sha256: str
    trained_on: str
    doubts: str
    libraries: str


def exam_page(
    eyes: Sequence[EyeResult], *, language: str = "en", label: str | None = None, created: str | None = None
) -> str:
    """Write the page of an exam.

    Parameters
    ----------
    eyes
        The results of one eye, or of both eyes of one patient.
    language
        Code of a language of `LANGUAGES`.
    label
        Of the exam, given by its user; never a person's name. Nothing else on the page comes from outside: not even the
        names of files, which may be a patient's.
    created
        UTC time of the analysis, ISO 8601; None: now.

    Returns
    -------
    str
        HTML with its style and its pictures inside, without a script.

    Raises
    ------
    UsageError
        For no eye, more than two, or one eye twice; for an unknown language; for a label that is too long.
    MissingExtraError
        When the extra `report` is not installed.
    """
    _check(eyes, label)
    spoken = language_of(language)
    when = created or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    ordered = sorted(eyes, key=lambda eye: _ORDER.index(_side(eye.laterality)))
    views = [eye_view(eye, spoken) for eye in ordered]
    samples = any(is_bundled_sample(scan.scan.sha256) for eye in ordered for scan in eye.scans)
    return render(
        "exam.html",
        spoken,
        label=None if label is None else printable(label),
        day=spoken.day(when),
        eyes=views,
        mark=" ".join(owners_of(ordered)),
        steps=step_places(),
        colour_bar=colour_bar(),
        origins=list(dict.fromkeys(_origin(eye, spoken) for eye in ordered)),
        sample_note=SAMPLE_NOTE if samples else None,
    )


def render(template: str, language: Language, **values: Any) -> str:
    """Fill in one of the page's templates, whose style alone the page lets be used.

    Raises
    ------
    MissingExtraError
        When the extra `report` is not installed.
    """
    jinja2 = needs_report("jinja2")
    markup = needs_report("markupsafe").Markup
    style = _style()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return str(
        environment.get_template(template).render(
            **values,
            language=language,
            say=language.say,
            style=markup(style),
            style_digest=style_digest(),
            disclaimer=DISCLAIMER,
            shown_digits=SHOWN_DIGITS,
        )
    )


def style_digest() -> str:
    """The sha256 of the page's style in base64, by which a content security policy lets it be used."""
    return base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode("ascii")


def _style() -> str:
    with open(os.path.join(FOLDER, "page.css"), encoding="utf-8") as file:
        return file.read()


def _check(eyes: Sequence[EyeResult], label: str | None) -> None:
    sides = [_side(eye.laterality) for eye in eyes]
    if not 1 <= len(eyes) <= 2 or len(set(sides)) < len(sides):
        raise UsageError(
            "usage", "A page is about one eye, or the right and the left eye of one patient.", "Give these eyes."
        )
    if label is not None and len(label) > MOST_LETTERS:
        raise UsageError("usage", f"A label has {MOST_LETTERS} letters at most.", "Give a shorter one.")


def _side(laterality: Laterality | None) -> str:
    return "" if laterality is None else laterality.value


def _origin(eye: EyeResult, language: Language) -> Origin:
    content = document(eye)
    tool, model, runtime = content["tool"], content["model"], content["runtime"]
    return Origin(
        tool=f"{tool['name']} {tool['version']}",
        model=printable(f"{model['name']} {model['version']} ({model['precision']})"),
        model_sha256=model["sha256"],
        trained_on=language.say(printable(model["trained_on"].partition(":")[0].rstrip("."))),
        doubts=printable(model.get("doubts", "")),
        libraries=f"onnxruntime {runtime['onnxruntime']}, OpenCV {runtime['opencv']}, numpy {runtime['numpy']}",
    )
