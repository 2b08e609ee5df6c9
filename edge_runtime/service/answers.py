"""Answers of the service: errors as JSON, and the headers that every answer has."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from edge_runtime.errors import EdgeCataractError, InternalError, RequestError

# What HTTP calls an error of the program, by its exit code; the rest are faults of this service.
_STATUS = {2: 400, 3: 422, 65: 422, 66: 422, 69: 422, 71: 503, 73: 503, 74: 503, 130: 503}
_LATER_S = 5

# Of every answer: no other page may read or frame it, nothing is guessed or kept.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def error_content(error: EdgeCataractError) -> dict[str, Any]:
    """An error as the API writes it; nothing of a path or of a file name is in it."""
    return {"error": {"code": error.word, "message": error.found, "hint": error.remedy}}


def refusal(error: EdgeCataractError) -> Response:
    """The answer that an error becomes."""
    status = error.status if isinstance(error, RequestError) else _STATUS.get(error.exit_code, 500)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    later = error.retry_after_s if isinstance(error, RequestError) else _LATER_S if status == 503 else None
    if later is not None:
        headers["Retry-After"] = str(later)
    return JSONResponse(error_content(error), status, headers)


def internal() -> InternalError:
    """The error that a fault of the service itself becomes."""
    return InternalError("internal", "This is a fault of the service.", "Report it.")
