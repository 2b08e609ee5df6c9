"""What the service can be asked, in one table: the routes, the checks of parameters and the OpenAPI description."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import RequestError
from edge_runtime.report.language import LANGUAGES
from edge_runtime.scan import Laterality

from .limits import MOST_PICTURES, MOST_SCANS

if TYPE_CHECKING:
    from collections.abc import Mapping

DIGITS = re.compile("[0-9]{1,4}")
_NUMBER, _MOST_LETTERS = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"), 32
DOCUMENT_DIGEST = "Document-SHA256"  # by which the line of an answer is found in the record
OCTETS, JSON, HTML, PNG, EVENTS = (
    "application/octet-stream",
    "application/json",
    "text/html",
    "image/png",
    "text/event-stream",
)


class Body(StrEnum):
    """What a request brings."""

    NOTHING = ""
    SCAN = OCTETS
    EXAM = JSON


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value in the path or the query.

    Attributes
    ----------
    name, text
        What it is called, and what it means.
    schema
        Its JSON Schema, by which it is checked, too.
    needed
        Whether it must be there; one of the path always is.
    """

    name: str
    text: str
    schema: Mapping[str, Any]
    needed: bool = False

    def value(self, text: str) -> Any:
        """The value that a request gives.

        Raises
        ------
        RequestError
            ``bad-request``.
        """
        schema = self.schema
        if "enum" in schema and text in schema["enum"]:
            return text
        if "pattern" in schema and re.fullmatch(schema["pattern"], text):
            return text
        if (number := self._number(text)) is not None and schema["minimum"] <= number <= schema["maximum"]:
            return number
        raise RequestError("bad-request", f"The parameter {self.name} has no value that it may have.", self.text)

    def _number(self, text: str) -> float | int | None:
        match self.schema.get("type"):
            case "integer" if DIGITS.fullmatch(text):
                return int(text)
            case "number" if len(text) <= _MOST_LETTERS and _NUMBER.fullmatch(text):
                return float(text)
        return None


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked.

    Attributes
    ----------
    name
        Names it in the description and in logs.
    method, path
        As HTTP has them; parts of the path in braces are parameters.
    summary
        What it does.
    answers
        The media type of each good answer by its status; "" for one without content.
    refusals
        Statuses of its own refusals, besides those that every operation has.
    place, query
        Parameters of the path and of the query.
    body
        What it brings.
    token
        Whether a token is needed.
    strict
        Whether a query that makes no sense is refused. The page comes all the same: a person reads what is answered.
    schemas
        The schema of an answer or a refusal by its status, as the description names it. Without one, JSON that answers
        is any object, and a refusal is an ``Error``.
    """

    name: str
    method: str
    path: str
    summary: str
    answers: Mapping[int, str]
    refusals: tuple[int, ...] = ()
    place: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    body: Body = Body.NOTHING
    token: bool = True
    strict: bool = True
    schemas: Mapping[int, str] = field(default_factory=dict)


_EYES = {"type": "string", "enum": [eye.value for eye in Laterality]}
_EYE = Parameter("eye", "The eye: OD or OS.", _EYES)
_NAMED = Parameter("named", "The eye that the file's name says, OD or OS: another than the exam's is warned of.", _EYES)
AGE = {"type": "number", "minimum": 0, "maximum": 120}
_AGE = Parameter("age", "Years of age, 0 to 120; it changes only the nuclear grade.", AGE)
_LANG = Parameter("lang", "Code of a language.", {"type": "string", "enum": list(LANGUAGES)})
_ID = Parameter("id", "The id of the exam.", {"type": "string", "pattern": "[0-9a-f]{32}"}, needed=True)
_SCAN = Parameter("n", "Number of the scan.", {"type": "integer", "minimum": 1, "maximum": MOST_SCANS}, needed=True)
_PICTURE = Parameter(
    "n", "Place of the scan in the document.", {"type": "integer", "minimum": 1, "maximum": MOST_PICTURES}, needed=True
)
_ASSET = Parameter("name", "Name of the file.", {"type": "string", "pattern": "[a-z0-9.-]{1,64}"}, needed=True)
_SPOKEN = Parameter(
    "lang", f"The first language of the page: {', '.join(LANGUAGES)}; otherwise en.", {"type": "string"}
)
_TEXTS = Parameter("lang", _LANG.text, _LANG.schema, needed=True)
_MISSING = (404,)

OPERATIONS: tuple[Operation, ...] = (
    Operation("page", "GET", "/", "The page.", {200: HTML}, query=(_SPOKEN,), token=False, strict=False),
    Operation("texts", "GET", "/page/texts/{lang}.json", "What the page says.", {200: JSON}, (404,), (_TEXTS,),
              token=False),
    Operation("asset", "GET", "/page/{name}", "A file of the page.", {200: "*/*"}, (404,), (_ASSET,), token=False),
    Operation("live", "GET", "/health/live", "Whether the service answers.", {200: JSON}, token=False),
    Operation("ready", "GET", "/health/ready", "Whether a model is loaded and proven, and how long the queue is.",
              {200: JSON}, (503,), token=False, schemas={200: "Readiness", 503: "Readiness"}),
    Operation("description", "GET", "/openapi.json", "This description.", {200: JSON}, token=False),
    Operation("session", "GET", "/v1/session", "The token, for the page of this service alone.", {200: JSON}, (403,),
              token=False),
    Operation("measure_scan", "POST", "/v1/scans", "Measure one scan.", {200: JSON}, (422, 429, 500, 503),
              query=(_EYE, _AGE), body=Body.SCAN, schemas={200: "Result"}),
    Operation("open_exam", "POST", "/v1/exams", "Begin an exam of one eye.", {201: JSON}, (429,), body=Body.EXAM),
    Operation("exam", "GET", "/v1/exams/{id}", "How far an exam is, and its document when it is done.", {200: JSON},
              _MISSING, (_ID,)),
    Operation("forget_exam", "DELETE", "/v1/exams/{id}", "Forget an exam, and all that is held of it.", {204: ""},
              _MISSING, (_ID,)),
    Operation("put_scan", "PUT", "/v1/exams/{id}/scans/{n}", "Give a scan to an exam, or another in its place.",
              {202: JSON}, (404, 409, 429, 503), (_ID, _SCAN), (_NAMED,), body=Body.SCAN),
    Operation("analyse", "POST", "/v1/exams/{id}/analysis", "Measure the scans of an exam together.", {202: JSON},
              (404, 409, 429, 503), (_ID,)),
    Operation("events", "GET", "/v1/exams/{id}/events", "Follow the analysis: progress, then done or failed.",
              {200: EVENTS}, _MISSING, (_ID,)),
    Operation("words", "GET", "/v1/exams/{id}/words", "What the report says of the eye, as data.", {200: JSON},
              (404, 409, 429, 500, 503), (_ID,), (_LANG,)),
    Operation("report", "GET", "/v1/exams/{id}/report", "The page of the exam, to print.", {200: HTML},
              (404, 409, 429, 500, 503), (_ID,), (_LANG,)),
    Operation("scan_picture", "GET", "/v1/exams/{id}/scans/{n}.png", "A scan as it was.", {200: PNG}, (404,),
              (_ID, _PICTURE)),
    Operation("overlay", "GET", "/v1/exams/{id}/overlays/{n}.png", "A scan with its colours.", {200: PNG}, (404,),
              (_ID, _PICTURE)),
    Operation("en_face", "GET", "/v1/exams/{id}/en-face.png", "The lens from the front.", {200: PNG}, _MISSING, (_ID,)),
)  # fmt: skip
