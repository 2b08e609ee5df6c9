"""A service whose worker dies, hangs or runs out of memory on scans that ask for it; started as a program by tests."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np

from edge_runtime import CataractAnalyzer, Limits
from edge_runtime.audit import AuditTrail
from edge_runtime.program_signals import INTERRUPTED
from edge_runtime.service.address import Address
from edge_runtime.service.limits import ServiceLimits
from edge_runtime.service.models import OneModel
from edge_runtime.service.server import Service

DIES, HANGS, BLOATS, FAILS, LINGERS = 71, 72, 73, 74, 75  # grey of the first pixel
LINGERS_S = 0.5


class Deadly(CataractAnalyzer):
    """Looks at the first pixel before anything else."""

    def _grade(self, one: Any) -> Any:
        match int(one.scan.pixels[0, 0]):
            case 71:
                os.kill(os.getpid(), signal.SIGSEGV)
            case 72:
                time.sleep(600)
            case 73:
                return np.ones(1 << 40)
            case 74:
                raise ZeroDivisionError
            case 75:
                time.sleep(LINGERS_S)
        return super()._grade(one)


@dataclass(frozen=True)
class DeadlySettings:
    """Loads it."""

    model: str
    loads_s: float = 0.0
    draws_s: float = 0.0  # of each scan, and once more for the page
    limits: Limits = Limits(threads=1)  # noqa: RUF009 - it never changes

    def load(self) -> CataractAnalyzer:
        time.sleep(self.loads_s)
        if self.draws_s:
            self._draw_slowly()
        return Deadly(self.model, limits=self.limits)

    def _draw_slowly(self) -> None:
        from edge_runtime.report import overlay, page

        draw, write = overlay.draw_original, page.exam_page

        def draw_slowly(*arguments: Any) -> Any:
            time.sleep(self.draws_s)
            return draw(*arguments)

        def write_slowly(eyes: Any, **options: Any) -> Any:
            time.sleep(self.draws_s * sum(len(eye.entries) for eye in eyes))
            return write(eyes, **options)

        overlay.draw_original, page.exam_page = draw_slowly, write_slowly


def tell(stream: TextIO, line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()


def main() -> int:
    wanted = json.loads(sys.argv[1])
    audit = AuditTrail(wanted["audit"]) if "audit" in wanted else None
    service = Service(
        Address(port=0, certificate=wanted.get("certificate"), key=wanted.get("key")),
        OneModel(DeadlySettings(wanted["model"], wanted.get("loads_s", 0.0))),
        ServiceLimits(**wanted.get("limits", {})),
        lambda line: tell(sys.stderr, line),
        lambda url: tell(sys.stdout, json.dumps({"url": url})),
        None if audit is None else lambda text: audit.append(json.loads(text)),
    )
    return INTERRUPTED[service.run()]


if __name__ == "__main__":
    sys.exit(main())
