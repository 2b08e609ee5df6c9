"""The OpenAPI description of the service, from the table of its operations."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from edge_runtime.report.document import DISCLAIMER, SCHEMA_FILE
from edge_runtime.scan import Laterality
from edge_runtime.version import __version__

from .operations import AGE, DOCUMENT_DIGEST, JSON, OPERATIONS, Body

if TYPE_CHECKING:
    from .operations import Operation, Parameter

_MEANINGS = {
    200: "Here it is.",
    201: "Begun.",
    202: "Taken; it is not done yet.",
    204: "Done; there is nothing to say.",
    400: "The request has an invalid value, or names another host.",
    401: "The token is missing or wrong.",
    403: "A page of another site asks.",
    404: "It is not here.",
    408: "The body did not come in time.",
    409: "Not now: the exam is in work, has no scans, or no result.",
    411: "The length of the body is not stated.",
    413: "The body is too large, or more than an exam may have.",
    415: "The body is of another media type.",
    422: "The scan cannot be read; the code says why.",
    429: "The queue or the memory is full; Retry-After says when to come again.",
    500: "The scan ended the process that measured it, or the service has a fault.",
    503: "Not ready, about to end, or out of memory or time.",
}
_LATER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}
_DIGEST = {
    DOCUMENT_DIGEST: {
        "description": "document_sha256 of the record of answers.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint"],
            "properties": {name: {"type": "string"} for name in ("code", "message", "hint")},
        }
    },
}
_READINESS = {
    "type": "object",
    "required": ["ready", "version", "model", "queue", "exams", "notice"],
    "properties": {
        "ready": {"type": "boolean"},
        "version": {"type": "string"},
        "model": {"type": ["object", "null"]},
        "queue": {
            "type": "object",
            "required": ["taken", "places"],
            "properties": {name: {"type": "integer", "minimum": 0} for name in ("taken", "places")},
        },
        "exams": {"type": "integer", "minimum": 0},
        "notice": {"type": ["string", "null"]},
    },
}
EXAM_BODY = {
    "type": "object",
    "required": ["eye"],
    "additionalProperties": False,
    "properties": {"eye": {"type": "string", "enum": [eye.value for eye in Laterality]}, "age": AGE},
}


@cache
def description() -> dict[str, Any]:
    """The description, OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "edge-cataract",
            "version": __version__,
            "description": f"Scans of the anterior segment in, result documents out. {DISCLAIMER}",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": _ERROR, "Readiness": _READINESS, "Result": _result_schema()},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            *(_parameter(one, "path") for one in operation.place),
            *(_parameter(one, "query") for one in operation.query),
        ],
        "responses": {
            **{str(status): _good(operation, status, media) for status, media in operation.answers.items()},
            **{str(status): _refusal(operation, status) for status in _refusals(operation)},
        },
        "security": [{"token": []}] if operation.token else [],
    }
    if operation.body is Body.SCAN:
        schema = {"type": "string", "format": "binary", "minLength": 1}
        content["requestBody"] = {"required": True, "content": {operation.body.value: {"schema": schema}}}
    if operation.body is Body.EXAM:
        content["requestBody"] = {"required": True, "content": {operation.body.value: {"schema": EXAM_BODY}}}
    return content


def _refusals(operation: Operation) -> list[int]:
    """The statuses of all refusals of an operation."""
    own = {400, 403, 411, 413, *operation.refusals}
    if operation.token:
        own.add(401)
    if operation.body is not Body.NOTHING:
        own |= {408, 415}
    return sorted(own)


def _parameter(parameter: Parameter, where: str) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": where,
        "required": parameter.needed,
        "description": parameter.text,
        "schema": {**parameter.schema, **({"pattern": f"^{p}$"} if (p := parameter.schema.get("pattern")) else {})},
    }


def _good(operation: Operation, status: int, media: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": _MEANINGS[status]}
    if media == JSON:
        schema = operation.schemas.get(status)
        answer["content"] = {media: {"schema": {"type": "object"} if schema is None else _named(schema)}}
        if schema == "Result":
            answer["headers"] = _DIGEST
    elif media:
        answer["content"] = {media: {"schema": {"type": "string"}}}
    return answer


def _refusal(operation: Operation, status: int) -> dict[str, Any]:
    return {
        "description": _MEANINGS[status],
        "content": {JSON: {"schema": _named(operation.schemas.get(status, "Error"))}},
        **({"headers": _LATER} if status in (429, 503) else {}),
    }


def _named(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _result_schema() -> dict[str, Any]:
    with open(SCHEMA_FILE, encoding="utf-8") as file:
        schema: dict[str, Any] = json.load(file)
    own = {name: value for name, value in schema.items() if name not in ("$schema", "$id")}
    moved = json.dumps(own).replace('"#/', '"#/components/schemas/Result/')
    return dict(json.loads(moved))
