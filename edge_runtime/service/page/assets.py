"""The files of the page, by their names alone, and the policy under which a browser shows them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from edge_runtime.report.page.exam import style_digest

FOLDER = os.path.dirname(__file__)
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of the page, as it is sent."""

    content: bytes
    media_type: str


def read_asset(name: str) -> Asset | None:
    """A file of the page; None where the page has none of this name.

    The name is looked up among those that are there, so no path leads out of the folder, and Python is not served.
    """
    media_type = MEDIA_TYPES.get(os.path.splitext(name)[1])
    if media_type is None or name not in os.listdir(FOLDER):
        return None
    with open(os.path.join(FOLDER, name), "rb") as file:
        return Asset(file.read(), media_type)


def content_security_policy() -> str:
    """What the page may load: itself alone, its pictures from memory, and the style of the report that it prints."""
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' 'sha256-{style_digest()}'",
        "img-src": "'self' blob: data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
