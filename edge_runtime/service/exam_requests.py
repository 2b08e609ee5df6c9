"""Answers to requests about exams: begin, give scans, measure, follow, see, print, forget."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response, StreamingResponse

from edge_runtime.audit.entry import document_sha256
from edge_runtime.errors import EdgeCataractError, RequestError
from edge_runtime.report.page.exam import style_digest

from .answers import error_content, internal
from .exams import HeldExam, State
from .operations import EVENTS, HTML, JSON, PNG
from .tasks import Kind, Progress, Task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping

    from .asked import Asked
    from .exams import HeldExams
    from .turns import Turns

    Handler = Callable[[Asked], Awaitable[Response]]

_HEARTBEAT_S = 5.0


class ExamRequests:
    """Answers them.

    Parameters
    ----------
    turns
        The queue.
    held
        The exams.
    """

    def __init__(self, turns: Turns, held: HeldExams) -> None:
        self._turns, self._held = turns, held
        self._running: set[asyncio.Task[None]] = set()

    def handlers(self) -> Mapping[str, Handler]:
        """What answers each operation, by its name."""
        return {
            "open_exam": self._open,
            "exam": self._exam,
            "forget_exam": self._forget,
            "put_scan": self._put_scan,
            "analyse": self._analyse,
            "events": self._events,
            "words": self._words,
            "report": self._report,
            "scan_picture": self._scan_picture,
            "overlay": self._overlay,
            "en_face": self._en_face,
        }

    async def _open(self, asked: Asked) -> Response:
        eye, age_years = await asked.exam()
        exam = self._held.open(eye, age_years)
        return JSONResponse(_content(exam), 201, {"Location": f"/v1/exams/{exam.id}"})

    async def _exam(self, asked: Asked) -> Response:
        return JSONResponse(_content(self._found(asked)))

    async def _forget(self, asked: Asked) -> Response:
        self._held.forget(self._found(asked))
        return Response(status_code=204)

    async def _put_scan(self, asked: Asked) -> Response:
        exam, number = self._found(asked), asked.values["n"]
        _check_idle(exam)
        with self._held.room(asked.length, exam, number):
            content = await asked.body()
        exam = self._found(asked)  # it may have been forgotten, or asked for, meanwhile
        _check_idle(exam)
        exam.scans[number], exam.named[number] = content, asked.named
        exam.reset()
        return JSONResponse(_content(exam), 202)

    async def _analyse(self, asked: Asked) -> Response:
        exam = self._found(asked)
        _check_idle(exam)
        if not exam.scans:
            raise RequestError("no-scans", "The exam has no scan yet.", "Send its scans first.", status=409)
        place = ExitStack()
        place.enter_context(self._turns.place())
        exam.reset()
        exam.state = State.WAITING
        for number in sorted(exam.scans):
            exam.tell("progress", {"scan": number, "state": "waiting"})
        exam.work = self._start(self._measured(exam))
        exam.work.add_done_callback(lambda _: place.close())  # cancelled before it began, too
        return JSONResponse(_content(exam), 202)

    async def _measured(self, exam: HeldExam) -> None:
        """Measure an exam in its turn; what comes out, or why nothing does, is kept with it."""

        def tell(progress: Progress) -> None:
            exam.state = State.WORKING
            exam.tell("progress", {"scan": progress.scan, "state": progress.state})

        task, contents = _task(Kind.EXAM, exam)
        try:
            done = await self._turns.result(task, contents, tell)
            document = json.loads(done.text)
            with self._held.room(sum(map(len, done.pictures.values())), exam):
                exam.pictures = done.pictures
        except Exception as error:  # noqa: BLE001 - whatever it is, an exam that stays in work would never be forgotten
            known = error if isinstance(error, EdgeCataractError) else internal()
            exam.state, exam.error = State.FAILED, error_content(known)["error"]
            exam.tell("failed", {"error": exam.error})
        else:
            exam.state, exam.document = State.DONE, document
            exam.tell("done", {})

    async def _events(self, asked: Asked) -> Response:
        return StreamingResponse(self._told(self._found(asked)), media_type=EVENTS)

    async def _told(self, exam: HeldExam) -> AsyncIterator[bytes]:
        """All events of the analysis so far, then what comes, until it is done or failed.

        A service that is about to end sends the events of what is in work, and ends the rest.
        """
        key, given = exam.key, 0
        yield b": edge-cataract\n\n"
        while not exam.forgotten:
            seen = exam.changes
            if exam.key != key:
                key, given = exam.key, 0
            for event in exam.events[given:]:
                given += 1
                yield event.encoded()
                if event.name != "progress":
                    return
            if self._turns.stopping and not exam.busy:
                return
            await exam.changed(seen, _HEARTBEAT_S)
            if exam.changes == seen:
                yield b": still here\n\n"

    async def _words(self, asked: Asked) -> Response:
        return Response(await self._shown(asked, Kind.WORDS), media_type=JSON)

    async def _report(self, asked: Asked) -> Response:
        headers = {"Content-Security-Policy": _report_policy()}
        return Response(await self._shown(asked, Kind.REPORT), media_type=f"{HTML}; charset=utf-8", headers=headers)

    async def _shown(self, asked: Asked, kind: Kind) -> str:
        exam = self._done(asked)
        task, contents = _task(kind, exam, asked.values.get("lang", "en"))
        with self._turns.place():
            done = await self._turns.result(task, contents)
        return done.text

    async def _scan_picture(self, asked: Asked) -> Response:
        return self._picture(asked, f"scans/{asked.values['n']}")

    async def _overlay(self, asked: Asked) -> Response:
        return self._picture(asked, f"overlays/{asked.values['n']}")

    async def _en_face(self, asked: Asked) -> Response:
        return self._picture(asked, "en-face")

    def _picture(self, asked: Asked, name: str) -> Response:
        content = self._found(asked).pictures.get(name)
        if content is None:
            raise RequestError(
                "no-picture", "There is no such picture: not yet, or of no such scan.", "See the document.", status=404
            )
        return Response(content, media_type=PNG)

    def _found(self, asked: Asked) -> HeldExam:
        return self._held.find(asked.values["id"])

    def _done(self, asked: Asked) -> HeldExam:
        exam = self._found(asked)
        if exam.state is not State.DONE:
            raise RequestError("no-result", "The exam has no result.", "Ask for its analysis first.", status=409)
        return exam

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        running = asyncio.ensure_future(work)
        self._running.add(running)  # or nothing would hold it
        running.add_done_callback(self._ended)
        return running

    def _ended(self, running: asyncio.Task[None]) -> None:
        self._running.discard(running)
        if not running.cancelled():
            running.exception()  # taken, so that nothing is printed of it

    def wake_all(self) -> None:
        """Have everybody who follows an exam look again, as when the service is about to end."""
        for exam in self._held:
            exam.wake()


def _check_idle(exam: HeldExam) -> None:
    if exam.busy:
        raise RequestError("exam-in-work", "The exam is being measured.", "Wait until it is done.", status=409)


def _content(exam: HeldExam) -> dict[str, Any]:
    """An exam as the API writes it."""
    states: dict[str, str] = {str(number): "waiting" for number in sorted(exam.scans)}
    for event in exam.events:
        if event.name == "progress":
            states[str(event.data["scan"])] = event.data["state"]
    return {
        "id": exam.id,
        "eye": exam.eye.value,
        "age": exam.age_years,
        "state": exam.state.value,
        "scans": states,
        "pictures": sorted(exam.pictures),
        "result": exam.document,
        "document_sha256": None if exam.document is None else document_sha256(exam.document),
        "error": exam.error,
    }


def _task(kind: Kind, exam: HeldExam, language: str = "en") -> tuple[Task, list[bytes]]:
    """What is asked of the worker about an exam, and the bytes of its scans."""
    numbers = tuple(sorted(exam.scans))
    named = tuple(exam.named.get(one) for one in numbers)
    task = Task(kind, numbers, exam.eye, exam.age_years, exam.key, language=language, named=named)
    if exam.document is not None:  # words and reports are about it
        task = replace(task, model=exam.document["model"]["sha256"], created=exam.document["created"])
    return task, [exam.scans[one] for one in numbers]


def _report_policy() -> str:
    """What the printed page may load: its own style, and pictures that are inside of it."""
    style = f"'sha256-{style_digest()}'"
    return f"default-src 'none'; img-src data:; style-src {style}; base-uri 'none'; form-action 'none'"
