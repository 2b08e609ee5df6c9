"""The files of the touch page are served by name, load nothing from elsewhere, and store nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from edge_runtime.report.page.exam import FOLDER as REPORT
from edge_runtime.service.page import content_security_policy, read_asset
from edge_runtime.service.page.assets import FOLDER, MEDIA_TYPES

FILES = sorted(path.name for path in Path(FOLDER).iterdir() if path.suffix in MEDIA_TYPES)
STORES = (
    "localStorage", "sessionStorage", "indexedDB", "caches", "cookie", "pushState", "replaceState", "serviceWorker",
)  # fmt: skip
AS_HTML = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")


def text_of(name: str) -> str:
    found = read_asset(name)
    assert found is not None
    return found.content.decode("utf-8")


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("kiosk.css", "text/css; charset=utf-8"),
        ("main.js", "text/javascript; charset=utf-8"),
        ("favicon.svg", "image/svg+xml"),
    ],
)
def test_a_file_of_the_page_is_read_with_its_media_type(name: str, media_type: str) -> None:
    found = read_asset(name)
    assert found is not None
    assert found.media_type == media_type
    assert found.content == (Path(FOLDER) / name).read_bytes()


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "words.py", "__init__.py", "none.js", "../page/main.js", "/etc/passwd", "main.js/", "..\\main.js",
     "main.js\0", "MAIN.JS", "__pycache__"],
)  # fmt: skip
def test_nothing_else_is_served(name: str) -> None:
    assert read_asset(name) is None


def test_every_file_is_used_by_the_page() -> None:
    used = set(re.findall(r'/page/([\w.]+)"', text_of("index.html")))
    for name in FILES:
        if name.endswith(".js"):
            used |= set(re.findall(r'from "\./([\w.]+)"', text_of(name)))
    assert used | {"index.html"} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_the_page_stores_nothing_and_reads_no_text_as_html(name: str) -> None:
    assert [word for word in (*STORES, *AS_HTML) if word in text_of(name)] == []


@pytest.mark.parametrize("name", FILES)
def test_the_page_names_no_other_place(name: str) -> None:
    addresses = set(re.findall(r"https?://[^\"' )]+", text_of(name)))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, which is never asked for


def test_the_policy_lets_the_page_load_itself_and_the_style_of_the_report_alone() -> None:
    style = hashlib.sha256((Path(REPORT) / "page.css").read_bytes()).digest()
    rules = dict(rule.split(" ", 1) for rule in content_security_policy().split("; "))
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' 'sha256-{base64.b64encode(style).decode()}'",
        "img-src": "'self' blob: data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
