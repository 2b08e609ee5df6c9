"""``edge-cataract serve``: a service on this machine that measures the scans that are sent to it, and its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.program_signals import INTERRUPTED

from .arguments import (
    AnalyzerOptions,
    add_model_options,
    add_reading_options,
    add_slots_option,
    path_argument,
)
from .audit_output import AuditOptions, add_audit_options
from .console import print_data, say
from .kept_files import check_audit, files_to_keep
from .whole_numbers import whole_number

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from edge_runtime.audit import AuditTrail
    from edge_runtime.service.models import ModelSource


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("--address", default="127.0.0.1", metavar="IP", help="where to listen (default: 127.0.0.1)")
    parser.add_argument("--port", type=whole_number(), default=8477, metavar="N", help="0: a free one (default: 8477)")
    parser.add_argument(
        "--allow-network",
        action="store_true",
        help="listen at an address that other machines reach; needs --token-file, --tls-cert and --tls-key",
    )
    parser.add_argument(
        "--host-name", action="append", default=[], metavar="NAME", help="a further name by which it may be asked"
    )
    parser.add_argument(
        "--token-file",
        type=path_argument,
        metavar="PATH",
        help="the token that requests must know (default: a random one, which the page of the service is given)",
    )
    parser.add_argument("--tls-cert", type=path_argument, metavar="PATH", help="certificate, PEM")
    parser.add_argument("--tls-key", type=path_argument, metavar="PATH", help="its key, PEM, without a password")
    parser.add_argument("--queue", type=whole_number(), default=8, metavar="N", help="scans that may wait (default: 8)")
    parser.add_argument(
        "--exams", type=whole_number(), default=8, metavar="N", help="exams held at a time (default: 8)"
    )
    parser.add_argument(
        "--held-mb",
        type=whole_number(),
        default=512,
        metavar="MB",
        help="of scans and pictures held at a time (default: 512)",
    )
    parser.add_argument(
        "--forget-after",
        type=float,
        default=15,
        metavar="MINUTES",
        help="without use, after which an exam is forgotten (default: 15)",
    )
    add_model_options(parser)
    add_reading_options(parser)
    add_slots_option(parser, "between two scans")
    add_audit_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the verb; returns the exit code of the signal that has ended the service."""
    from edge_runtime.service.library import require_serve

    require_serve()
    from edge_runtime.service.address import Address
    from edge_runtime.service.limits import ServiceLimits
    from edge_runtime.service.server import Service
    from edge_runtime.workers.bounds import memory_bound_mb

    address = Address(
        options.address,
        options.port,
        options.allow_network,
        tuple(options.host_name),
        options.tls_cert,
        options.tls_key,
        options.token_file,
    )
    limits = ServiceLimits(
        waiting=options.queue,
        exams=options.exams,
        held_mb=options.held_mb,
        forget_after_s=60 * options.forget_after,
        worker_mb=memory_bound_mb(options.max_memory),
    )

    def started(url: str) -> None:
        if options.json:
            from edge_runtime.report.document import to_json

            print_data(to_json({"url": url}))
        elif not options.quiet:
            say(f"ready at {url}")

    def told(line: str) -> None:
        if not options.quiet or "error[" in line:
            say(line)

    secrets = (options.token_file, options.tls_cert, options.tls_key)
    recorded, analyzer = AuditOptions.of(options), AnalyzerOptions.of(options)
    check_audit(recorded, files_to_keep(secrets, analyzer, slots=options.slots))
    audit = recorded.open()
    source = _source(analyzer, options.slots)
    service = Service(address, source, limits, told, started, None if audit is None else _kept(audit))
    return INTERRUPTED[service.run()]


def _kept(audit: AuditTrail) -> Callable[[str], None]:
    """Records a document, given as JSON."""
    import json

    return lambda text: audit.append(json.loads(text))


def _source(wanted: AnalyzerOptions, slots: str | None) -> ModelSource:
    """The model that was named, or the one in use of a folder of slots."""
    from edge_runtime.service.models import ModelOfSlots, OneModel

    if slots is None:
        return OneModel(wanted.settings())
    from edge_runtime.slots import ModelSlots

    return ModelOfSlots(ModelSlots(slots), wanted.settings(slots))
