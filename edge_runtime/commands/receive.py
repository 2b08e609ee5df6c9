"""``edge-cataract receive QUEUE --to ARCHIVE``: scans from a device by DICOM, results to an archive."""

from __future__ import annotations

import argparse
import ipaddress
import json
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from edge_runtime.errors import ResourceError, UsageError, WriteError
from edge_runtime.program_signals import Interrupted, heard_out
from edge_runtime.report.language import LANGUAGES
from edge_runtime.token_file import read_token

from .arguments import (
    AnalyzerOptions,
    SpeechOptions,
    add_model_options,
    add_reading_options,
    add_slots_option,
    path_argument,
)
from .audit_output import AuditOptions, add_audit_options
from .console import print_data, say
from .dicom_results import kinds_argument
from .kept_files import check_audit, files_to_keep
from .whole_numbers import MOST, whole_number

if TYPE_CHECKING:
    from edge_runtime.batch.work import AnalyzerSettings
    from edge_runtime.dicom_net.archive import Archive
    from edge_runtime.dicom_net.events import Event
    from edge_runtime.dicom_net.settings import Bounds, Patience, Station, Wishes

_MEGABYTE = 1_000_000
_MOST_PORT = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "queue",
        type=path_argument,
        metavar="QUEUE",
        help="folder of its own for what was received and not yet answered for; failed/ in it needs a person",
    )
    parser.add_argument(
        "--to",
        required=True,
        metavar="ARCHIVE",
        help="where results go: TITLE@HOST:PORT (C-STORE), or the URL of a DICOMweb service (STOW-RS)",
    )
    parser.add_argument(
        "--token-file", type=path_argument, metavar="PATH", help="bearer token that the DICOMweb service wants"
    )
    parser.add_argument(
        "--results",
        type=kinds_argument,
        default=kinds_argument("sr,seg"),
        metavar="KINDS",
        help="which: sr (Structured Report), pdf (a page), seg (Segmentation); default: sr,seg",
    )
    parser.add_argument(
        "--lang",
        choices=tuple(LANGUAGES),
        default="en",
        metavar="CODE",
        help=f"language of the page: {', '.join(LANGUAGES)} (default: en)",
    )
    _add_station_options(parser)
    _add_bounds(parser)
    parser.add_argument("--keep", action="store_true", help="keep received objects (kept/) when all was sent")
    parser.add_argument("--retry", action="store_true", help="judge and send anew what failed")
    add_model_options(parser)
    add_reading_options(parser)
    add_slots_option(parser, "at the next start")
    add_audit_options(parser)


def _add_station_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--aet", type=_title, default="EDGE", metavar="TITLE", help="its own AE title (default: EDGE)")
    parser.add_argument("--port", type=whole_number(0), default=11112, metavar="N", help="default: 11112; 0: any")
    parser.add_argument("--address", default="127.0.0.1", metavar="IP", help="where to listen (default: 127.0.0.1)")
    parser.add_argument(
        "--allow-network",
        action="store_true",
        help="listen on another address than loopback; DICOM knows neither passwords nor secrecy",
    )
    parser.add_argument(
        "--from",
        dest="peers",
        type=_title,
        action="append",
        default=[],
        metavar="TITLE",
        help="AE title of a device that may send; may be repeated (default: any)",
    )


def _add_bounds(parser: argparse.ArgumentParser) -> None:
    for name, least, most, default, metavar, text in (
        ("--wait", 0, 86_400, 60, "SECONDS", "after the last single frame of a study, before it is judged"),
        ("--remember", 0, 87_600, 24, "HOURS", "in which an object that is sent again gets no second result"),
        ("--max-associations", 1, 1000, 4, "N", "that are open at one time"),
        ("--max-object", 1, 1_000_000, 256, "MB", "of one object"),
        ("--max-queue", 1, MOST, 8192, "MB", "of the whole queue; beyond it devices are asked to try again"),
        ("--min-free", 0, MOST, 512, "MB", "that must be left on the disk"),
    ):
        parser.add_argument(
            name, type=whole_number(least, most), default=default, metavar=metavar, help=f"{text} (default: {default})"
        )


def run(options: argparse.Namespace) -> int:
    """Run the verb until it is asked to end; returns the exit code."""
    from edge_runtime.dicom_net.library import require_network

    require_network()
    from edge_runtime.dicom_net.receiver import Receiver

    speech = SpeechOptions.of(options)
    station, patience = _station(options), _patience(options)
    _check_results(options)
    recorded, analyzer = AuditOptions.of(options), AnalyzerOptions.of(options)
    check_audit(recorded, files_to_keep([options.token_file], analyzer, slots=options.slots))
    audit = recorded.open()
    receiver = Receiver(
        folder=options.queue,
        analyzer=_analyzer(analyzer, options.slots),
        archive=_archive(options, station, patience),
        station=station,
        bounds=_bounds(options),
        patience=patience,
        wishes=_wishes(options),
        retry=options.retry,
        record=None if audit is None else audit.append,
    )
    try:
        receiver.run(_Console(speech).tell)
    except (KeyboardInterrupt, Interrupted):
        heard_out()
        if not speech.quiet:
            say("stopped; what was received is in the queue, and the same command continues.")
        raise


def _station(options: argparse.Namespace) -> Station:
    from edge_runtime.dicom_net.settings import Station

    try:
        loopback = ipaddress.ip_address(options.address).is_loopback
    except ValueError as error:
        raise UsageError(
            "usage", f"--address {options.address!r} is no IP address.", "Give one of this machine, such as 127.0.0.1."
        ) from error
    if options.port > _MOST_PORT:
        raise UsageError("usage", f"--port {options.port} was given.", f"Give 0 to {_MOST_PORT}.")
    if not options.allow_network and not loopback:
        raise UsageError(
            "usage",
            f"--address {options.address} can be reached by others, and DICOM knows neither passwords nor secrecy.",
            "Add --allow-network where the network is trusted, and name the devices with --from.",
        )
    return Station(options.aet, options.address, options.port, tuple(options.peers))


def _patience(options: argparse.Namespace) -> Patience:
    from edge_runtime.dicom_net.settings import Patience

    return Patience(quiet_s=float(options.wait), remember_s=options.remember * 3600.0)


def _bounds(options: argparse.Namespace) -> Bounds:
    from edge_runtime.dicom_net.settings import Bounds

    return Bounds(
        associations=options.max_associations,
        object_bytes=options.max_object * _MEGABYTE,
        queue_bytes=options.max_queue * _MEGABYTE,
        free_bytes=options.min_free * _MEGABYTE,
    )


def _wishes(options: argparse.Namespace) -> Wishes:
    from edge_runtime.dicom_net.settings import Wishes
    from edge_runtime.dicom_out.files import Kind

    return Wishes(tuple(Kind(kind) for kind in options.results), options.lang, options.keep)


def _check_results(options: argparse.Namespace) -> None:
    """Before anything is received: no cap on memory, what a page needs, and its language."""
    if options.max_memory is not None:
        raise ResourceError("memory-cap", "Results as DICOM keep no cap on memory.", "Leave out --max-memory.")
    if "pdf" not in options.results:
        return
    from edge_runtime.report.language import language_of, needs_report
    from edge_runtime.report.page.pdf import find_chromium

    for module in ("jinja2", "babel"):
        needs_report(module)
    find_chromium()
    language_of(options.lang)


def _archive(options: argparse.Namespace, station: Station, patience: Patience) -> Archive:
    from edge_runtime.dicom_net.archive import archive_of

    token = None if options.token_file is None else read_token(options.token_file)
    return archive_of(options.to, station.title, patience.peer_s, token)


def _analyzer(wanted: AnalyzerOptions, slots: str | None) -> AnalyzerSettings:
    """The model that was named, or the one in use of a folder of slots."""
    if slots is None:
        return wanted.settings()
    from edge_runtime.slots.in_use import ModelInUse

    return ModelInUse.now(slots, wanted.settings(slots))


def _title(text: str) -> str:
    """An AE title: 1 to 16 letters of ASCII."""
    if not re.fullmatch(r"[\x21-\x5b\x5d-\x7e]([\x20-\x5b\x5d-\x7e]{0,15})", text) or text != text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is no AE title: 1 to 16 letters of ASCII, without a backslash")
    return text


class _Console:
    """Tells a person, or a log, what happens; whether anybody reads it changes nothing. Threads may share it."""

    def __init__(self, speech: SpeechOptions) -> None:
        self._speech, self._lock = speech, threading.Lock()

    def tell(self, event: Event) -> None:
        """Say one event in one line; with --json as a document."""
        with self._lock, suppress(WriteError):
            if self._speech.json:
                told = {"event": event.happened, "exam": event.exam, "word": event.word, "status": event.status}
                print_data(json.dumps({**told, "text": event.text}))
            elif event.word or not self._speech.quiet:
                place = f"exam {event.exam}: " if event.exam else ""
                word = f"[{event.word}]" if event.word else ""
                say(f"{place}{event.happened}{word}: {event.text}")
