"""How archives are named, and what the answers of one that speaks DICOMweb mean."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.dicom_net.archive import DicomNode, DicomWeb, archive_of
from edge_runtime.dicom_net.archive_answers import StoreAnswer, StoreOutcome
from edge_runtime.dicom_net.library import hushed
from edge_runtime.errors import OutputError, UsageError

from .conftest import encoded, exam


@pytest.mark.parametrize(
    ("text", "archive"),
    [
        ("PACS@10.0.0.7:104", DicomNode("PACS", "10.0.0.7", 104, "EDGE", 5.0)),
        ("MY PACS@pacs.example:11112", DicomNode("MY PACS", "pacs.example", 11112, "EDGE", 5.0)),
        ("PACS@[::1]:104", DicomNode("PACS", "::1", 104, "EDGE", 5.0)),
        ("https://pacs.example/dicom-web/", DicomWeb("https://pacs.example/dicom-web", 5.0)),
    ],
)
def test_archives_are_named_by_title_and_address_or_by_url(text: str, archive: Any) -> None:
    assert archive_of(text, "EDGE", 5.0) == archive


@pytest.mark.parametrize(
    "text", ["", "PACS", "PACS@host", "PACS@host:0", "PACS@host:70000", "@host:104", "A" * 17 + "@host:104", "ftp://x",
             "https://user:secret@pacs.example/dicom-web", "PACS@a..b:104", "P\xc4CS@host:104", "P\x07CS@host:104",
             "PACS@" + "a" * 64 + ":104", "https://host:99999/x", "https://[::1", "https://host:port/x", "https:///x",
             "PACS@[::1:104"]
)  # fmt: skip
def test_anything_else_is_no_archive(text: str) -> None:
    with pytest.raises(UsageError):
        archive_of(text, "EDGE", 5.0)


class Web:
    """A DICOMweb service that answers what it is told to."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.media_type = "application/dicom+json"
        self.tokens: list[str | None] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self._body()
                web.tokens.append(self.headers.get("Authorization"))
                status, content = web.answers.pop(0)
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                if status // 100 == 3:
                    self.send_header("Location", "/login")
                self.send_header("Content-Type", web.media_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                web.tokens.append("of another address")
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _body(self) -> None:
                if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                    self.rfile.read(int(self.headers["Content-Length"]))
                    return
                while size := int(self.rfile.readline(), 16):
                    self.rfile.read(size + 2)
                self.rfile.readline()

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/dicom-web"


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    with hushed():
        yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def result(tmp_path: Path) -> str:
    path = tmp_path / "result.dcm"
    path.write_bytes(encoded(exam()))
    return str(path)


def item(instance: str, reason: int | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {"00081155": {"vr": "UI", "Value": [instance]}}
    if reason is not None:
        content["00081197"] = {"vr": "US", "Value": [reason]}
    return content


def failed(reason: int) -> dict[str, Any]:
    return {"00081198": {"vr": "SQ", "Value": [item(str(exam().SOPInstanceUID), reason)]}}


def stored() -> dict[str, Any]:
    return {"00081199": {"vr": "SQ", "Value": [item(str(exam().SOPInstanceUID))]}}


@pytest.mark.parametrize(
    ("status", "content", "outcome", "said"),
    [
        (200, stored(), StoreOutcome.THERE, None),
        (200, b"", StoreOutcome.LATER, None),
        (202, b"", StoreOutcome.LATER, None),
        (200, {}, StoreOutcome.LATER, None),
        (200, {"00081199": {"vr": "SQ", "Value": [item("1.2.3")]}}, StoreOutcome.LATER, None),
        (200, {"00081198": {"vr": "SQ", "Value": [item("1.2.3", 0x0111)]}}, StoreOutcome.LATER, None),
        (200, {"00081198": {"vr": "LO", "Value": ["text"]}}, StoreOutcome.LATER, None),
        (200, [], StoreOutcome.LATER, None),
        (200, b"{", StoreOutcome.LATER, None),
        (409, {"00081198": {"vr": "LO", "Value": ["text"]}}, StoreOutcome.REFUSED, "HTTP 409"),
        (409, [], StoreOutcome.REFUSED, "HTTP 409"),
        (202, failed(0xC000), StoreOutcome.REFUSED, "0xC000"),
        (202, failed(0xA700), StoreOutcome.LATER, "0xA700"),
        (409, failed(0x0111), StoreOutcome.THERE, "0x0111"),
        (409, failed(0x0122), StoreOutcome.REFUSED, "0x0122"),
        (400, b"", StoreOutcome.REFUSED, "HTTP 400"),
        (500, b"", StoreOutcome.LATER, "HTTP 500"),
        (507, {}, StoreOutcome.LATER, "HTTP 507"),
    ],
)
def test_what_an_archive_answers_over_http(
    status: int, content: Any, outcome: StoreOutcome, said: str | None, web: Web, result: str
) -> None:
    web.answers = [(status, content)]
    assert list(DicomWeb(web.url, 5.0, "secret").send([result])) == [StoreAnswer(outcome, said)]
    assert web.tokens == ["Bearer secret"]


@pytest.mark.parametrize(
    ("media_type", "content", "answer"),
    [
        ("text/html", b"<html>It works!</html>", StoreOutcome.LATER),
        ("application/dicom+xml", b"<NativeDicomModel>", StoreOutcome.LATER),
        ("application/dicom+json", b"<html>", StoreOutcome.LATER),
        ("", b"text", StoreOutcome.LATER),
        ("Application/DICOM+JSON; charset=utf-8", stored(), StoreOutcome.THERE),
    ],
)
def test_only_an_answer_that_can_be_read_says_that_a_result_is_there(
    media_type: str, content: Any, answer: StoreOutcome, web: Web, result: str
) -> None:
    web.answers, web.media_type = [(200, content)], media_type
    assert list(DicomWeb(web.url, 5.0).send([result])) == [StoreAnswer(answer)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_result_follows_no_redirect(status: int, web: Web, result: str) -> None:
    web.answers = [(status, b""), (200, stored())]
    with pytest.raises(OutputError) as caught:
        list(DicomWeb(web.url, 5.0, "secret").send([result]))
    assert caught.value.word == "archive-unreachable"
    assert web.tokens == ["Bearer secret"]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 502, 503, 504])
def test_a_service_that_cannot_take_anything_now_is_not_there(status: int, web: Web, result: str) -> None:
    web.answers = [(status, b"")]
    with pytest.raises(OutputError) as caught:
        list(DicomWeb(web.url, 5.0).send([result]))
    assert (caught.value.word, str(status) in caught.value.found) == ("archive-unreachable", True)


def test_nobody_at_the_address_is_not_there_either(web: Web, result: str) -> None:
    for archive in (DicomWeb("http://127.0.0.1:9/dicom-web", 5.0), DicomNode("PACS", "127.0.0.1", 9, "EDGE", 5.0)):
        with pytest.raises(OutputError) as caught:
            list(archive.send([result]))
        assert caught.value.word == "archive-unreachable"
