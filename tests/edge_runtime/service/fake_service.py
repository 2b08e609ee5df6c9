"""A service with the API of issue 18, for as long as the real one is not there. Usage: fake_service.py PORT"""

import asyncio
import json
import secrets
import sys

import cv2
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.report.eye_picture import draw_map
from edge_runtime.report.overlay import draw_original, draw_panel, panel_shape
from edge_runtime.report.page import exam_page
from edge_runtime.service import page

TOKEN = secrets.token_hex(16)
EXAMS = {}
ANALYZER = CataractAnalyzer()
SLOW = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0


def asset(request):
    found = page.read_asset(request.path_params.get("name", "index.html"))
    if not found:
        return Response(status_code=404)
    return Response(found.content, media_type=found.media_type, headers={"Content-Security-Policy": page.content_security_policy(), "Cache-Control": "no-store"})


def texts(request):
    return JSONResponse(page.page_texts(request.path_params["lang"]))


def session(request):
    return JSONResponse({"token": TOKEN})


def guarded(function):
    async def wrapped(request):
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"error": {"code": "unauthorized"}}, 401)
        if "id" in request.path_params and request.path_params["id"] not in EXAMS:
            return JSONResponse({"error": {"code": "unknown-exam"}}, 404)
        return await function(request)

    return wrapped


@guarded
async def create(request):
    body = await request.json()
    id = secrets.token_hex(8)
    EXAMS[id] = {"eye": body["eye"], "scans": {}, "events": [], "result": None}
    return JSONResponse({"id": id}, 201)


@guarded
async def put(request):
    EXAMS[request.path_params["id"]]["scans"][request.path_params["n"]] = await request.body()
    return Response(status_code=202)


async def work(exam):
    given = [exam["scans"][n] for n in sorted(exam["scans"])]
    for n in range(1, len(given) + 1):
        exam["events"].append(("progress", {"scan": n, "state": "analysing"}))
        await asyncio.sleep(SLOW)
        exam["events"].append(("progress", {"scan": n, "state": "done"}))
    try:
        exam["result"] = await asyncio.to_thread(ANALYZER.analyze_exam, given, laterality=Laterality(exam["eye"]))
        exam["events"].append(("done", {}))
    except Exception as error:
        exam["events"].append(("failed", {"error": {"code": getattr(error, "word", "internal"), "message": str(error)}}))


@guarded
async def analysis(request):
    exam = EXAMS[request.path_params["id"]]
    exam["task"] = asyncio.create_task(work(exam))
    return Response(status_code=202)


@guarded
async def events(request):
    exam = EXAMS[request.path_params["id"]]

    async def stream():
        sent = 0
        while True:
            while sent < len(exam["events"]):
                name, data = exam["events"][sent]
                sent += 1
                yield f"event: {name}\ndata: {json.dumps(data)}\n\n"
                if name != "progress":
                    return
            await asyncio.sleep(0.05)

    return StreamingResponse(stream(), media_type="text/event-stream")


@guarded
async def state(request):
    return JSONResponse({"state": "done" if EXAMS[request.path_params["id"]]["result"] else "running"})


def png(picture):
    return Response(cv2.imencode(".png", picture)[1].tobytes(), media_type="image/png")


@guarded
async def picture(request):
    result = EXAMS[request.path_params["id"]]["result"]
    kind, n = request.path_params["kind"], request.path_params["n"]
    entry = result.entries[n - 1]
    if not hasattr(entry, "maps") or (kind == "overlays" and not entry.gradable):
        return Response(status_code=404)
    draw = draw_original if kind == "scans" else draw_panel
    return png(draw(entry, panel_shape(entry.maps.scan_shape, entry.maps.frame_shape)))


@guarded
async def en_face(request):
    result = EXAMS[request.path_params["id"]]["result"]
    return png(draw_map(result)) if result.findings.measures else Response(status_code=404)


@guarded
async def words(request):
    return JSONResponse(page.eye_words(EXAMS[request.path_params["id"]]["result"], request.query_params["lang"]))


@guarded
async def report(request):
    return Response(exam_page([EXAMS[request.path_params["id"]]["result"]], language=request.query_params["lang"]), media_type="text/html")


@guarded
async def delete(request):
    del EXAMS[request.path_params["id"]]
    return Response(status_code=204)


def ready(request):
    return JSONResponse({})


E = "/v1/exams/{id}"
app = Starlette(routes=[
    Route("/", asset), Route("/page/texts/{lang}.json", texts), Route("/page/{name}", asset), Route("/v1/session", session),
    Route("/health/ready", ready), Route("/v1/exams", create, methods=["POST"]), Route(E + "/scans/{n:int}", put, methods=["PUT"]),
    Route(E + "/analysis", analysis, methods=["POST"]), Route(E + "/events", events), Route(E, state), Route(E, delete, methods=["DELETE"]),
    Route(E + "/en-face.png", en_face), Route(E + "/words", words), Route(E + "/report", report), Route(E + "/{kind}/{n:int}.png", picture),
])
if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", timeout_graceful_shutdown=1)
