"""The verb: how the service starts, what it asks for before other machines may reach it, and how it ends."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from benchmarks.robustness.running_service import OCTETS, RunningService
from edge_runtime.locked_file import open_locked
from tests.conftest import ROOT, RunProgram

from .conftest import PROGRAM, new_exam, png, tls_files, wait_for_end

pytestmark = pytest.mark.slow
SERVE = (sys.executable, "-m", "edge_runtime", "serve", "--port", "0", "--json")


def children(process: int) -> list[str]:
    return [one for path in Path(f"/proc/{process}/task").glob("*/children") for one in path.read_text().split()]


def environment(model: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "EDGE_CATARACT_MODEL": str(model), **more}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_order_with_an_open_stream(proven_model: Path, number: int) -> None:
    with RunningService(environment=environment(proven_model)) as service:
        exam = new_exam(service)
        told: list[Any] = []
        follower = threading.Thread(target=lambda: told.append(wait_for_end(service, exam)))
        follower.start()
        service.process.send_signal(number)
        assert service.process.wait(30) == 128 + number
        follower.join(20)
        assert not follower.is_alive()
    assert service.errors == ""


def test_a_signal_ends_it_while_its_model_loads(proven_model: Path) -> None:
    options = json.dumps({"model": str(proven_model), "loads_s": 600})
    with subprocess.Popen([*PROGRAM, options], cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            while not list(children(process.pid)):
                assert process.poll() is None
                time.sleep(0.02)
            process.terminate()
            assert process.wait(30) == 143
            assert process.stderr is not None
            assert process.stderr.read() == ""
        finally:
            process.kill()


@contextmanager
def waits_for_its_record(model: Path, folder: Path) -> Iterator[tuple[RunningService, threading.Thread]]:
    """A service whose record is locked, and a thread that asked it for an answer."""
    audit = folder / "audit.jsonl"
    options = json.dumps({"model": str(model), "audit": str(audit), "limits": {"stop_s": 1.0}})
    with RunningService([options], PROGRAM) as service, open_locked(str(audit), what="audit"):
        sender = threading.Thread(target=lambda: with_suppressed(lambda: service.request("POST", "/v1/scans", png())))
        sender.start()
        while service.request("GET", "/health/ready").json["queue"]["taken"] != 1:
            time.sleep(0.02)
        yield service, sender


def test_a_second_signal_ends_it_at_once_while_an_answer_waits_for_its_record(
    proven_model: Path, tmp_path: Path
) -> None:
    with waits_for_its_record(proven_model, tmp_path) as (service, sender):
        service.process.terminate()
        sender.join(30)  # its connection is closed, and the service waits for the thread that waits for the record
        ends = time.monotonic() + 30
        while service.process.poll() is None and time.monotonic() < ends:
            service.process.terminate()
            time.sleep(0.2)
        assert service.process.poll() == 143


def test_one_signal_ends_it_within_a_time_while_an_answer_waits_for_its_record(
    proven_model: Path, tmp_path: Path
) -> None:
    with waits_for_its_record(proven_model, tmp_path) as (service, sender):
        service.process.terminate()
        assert service.process.wait(30) == 143
        sender.join(30)
    assert service.errors == "No answer is given, as none can be recorded: error[write-failed].\n"


def test_a_signal_that_it_was_started_to_ignore_does_not_end_it(proven_model: Path) -> None:
    """As by nohup."""
    program = ("/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", *SERVE)
    with RunningService(program=program, environment=environment(proven_model)) as service:
        service.process.send_signal(signal.SIGHUP)
        assert service.request("POST", "/v1/scans", png()).status == 200
        service.process.terminate()
        assert service.process.wait(30) == 143


def with_suppressed(ask: Callable[[], object]) -> None:
    with suppress(OSError, http.client.HTTPException):
        ask()


def test_a_scan_in_work_is_answered_before_the_service_ends(proven_model: Path) -> None:
    with RunningService(environment=environment(proven_model)) as service:
        (worker,) = service.workers()
        os.kill(worker, signal.SIGSTOP)
        answers: list[int] = []
        sender = threading.Thread(target=lambda: answers.append(service.request("POST", "/v1/scans", png()).status))
        sender.start()
        while service.request("GET", "/health/ready").json["queue"]["taken"] != 1:
            pass
        service.process.terminate()
        os.kill(worker, signal.SIGCONT)
        sender.join(30)
        assert answers == [200]
        assert service.process.wait(30) == 143


def test_an_exam_in_work_is_told_to_its_end_before_the_service_ends(proven_model: Path) -> None:
    with RunningService(environment=environment(proven_model)) as service:
        (worker,) = service.workers()
        exam = new_exam(service)
        service.request("PUT", f"/v1/exams/{exam}/scans/1", png())
        os.kill(worker, signal.SIGSTOP)
        service.request("POST", f"/v1/exams/{exam}/analysis")
        connection = http.client.HTTPConnection(service.host, service.port, timeout=60)
        connection.request("GET", f"/v1/exams/{exam}/events", headers={"Authorization": f"Bearer {service.token}"})
        events = connection.getresponse()
        while b"waiting" not in events.readline():  # from now on somebody follows it
            pass
        service.process.terminate()
        while not refused(service):
            time.sleep(0.02)
        os.kill(worker, signal.SIGCONT)
        assert b"event: done\n" in events.read()
        connection.close()
        assert service.process.wait(30) == 143
    assert service.errors == ""


def refused(service: RunningService) -> bool:
    """Whether it listens no more."""
    try:
        socket.create_connection((service.host, service.port), 5).close()
    except OSError:
        return True
    return False


def test_nothing_is_written_and_nothing_of_a_scan_is_said(proven_model: Path, tmp_path: Path) -> None:
    folders = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"), str(tmp_path))
    with RunningService(["-v"], environment=environment(proven_model, **folders)) as service:
        exam = new_exam(service)
        service.request("PUT", f"/v1/exams/{exam}/scans/1", png())
        service.request("POST", f"/v1/exams/{exam}/analysis")
        wait_for_end(service, exam)
        service.request("GET", f"/v1/exams/{exam}/report")
        service.request("GET", "/v1/Smith_Jane.png?name=Smith")
        service.stop()
    assert list(tmp_path.iterdir()) == []
    assert "Smith" not in service.errors
    assert exam not in service.errors


def test_a_port_that_is_taken_is_refused(proven_model: Path, run_program: RunProgram) -> None:
    with RunningService(environment=environment(proven_model)) as service:
        second = run_program("serve", "--port", str(service.port))
    assert (second.returncode, b"error[address-taken]" in second.stderr) == (73, True)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--address", "0.0.0.0"], 2),
        (["--address", "192.0.2.1", "--allow-network"], 2),
        (["--address", "192.0.2.1", "--token-file", "token", "--tls-cert", "a", "--tls-key", "b"], 2),
        (["--address", "localhost"], 2),
        (["--port", "65536"], 2),
        (["--tls-cert", "a"], 2),
        (["--tls-cert", "a", "--tls-key", "b"], 2),
        (["--token-file", "missing"], 66),
        (["--queue", "-1"], 2),
        (["--slots", "slots", "--precision", "fp32"], 2),
        (["--audit-key", "key"], 2),
        (["--model", "missing.onnx"], 80),
    ],
)
def test_what_makes_no_sense_does_not_start(
    run_program: RunProgram, tmp_path: Path, options: list[str], code: int
) -> None:
    run = run_program("serve", "--port", "0", *options, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (code, b"")
    assert run.stderr.startswith(b"edge-cataract: ")


@pytest.mark.parametrize(
    ("content", "mode"), [(b"short", 0o600), (b"x" * 31, 0o600), (b"a b" * 20, 0o600), (b"x" * 40, 0o644),
     (b"\xff" * 40, 0o600)]
)  # fmt: skip
def test_a_token_file_that_holds_no_secret_is_refused(
    run_program: RunProgram, tmp_path: Path, content: bytes, mode: int
) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    path.chmod(mode)
    run = run_program("serve", "--port", "0", "--token-file", path)
    assert (run.returncode, b"error[bad-token-file]" in run.stderr) == (2, True)


def test_a_token_of_a_file_is_not_given_out(proven_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("s" * 40 + "\n")
    path.chmod(0o600)
    with RunningService(["--token-file", str(path)], environment=environment(proven_model)) as service:
        session = service.request("GET", "/v1/session", headers={"Sec-Fetch-Site": "same-origin"})
        assert (session.status, session.code) == (403, "token-not-given")
        assert service.request("POST", "/v1/scans", png()).status == 401
        service.token = "s" * 40
        assert service.request("POST", "/v1/scans", png()).status == 200


def test_other_machines_reach_it_by_tls_a_token_and_its_name(
    proven_model: Path, tmp_path: Path, program: Callable[[str], str]
) -> None:
    token = tmp_path / "token"
    certificate, key = tls_files(tmp_path, program)
    token.write_text("s" * 40)
    token.chmod(0o600)
    options = ["--address", "0.0.0.0", "--allow-network", "--host-name", "kiosk.example", "--token-file", str(token)]
    process = subprocess.Popen(
        [*SERVE, *options, "--tls-cert", str(certificate), "--tls-key", str(key)],
        env=environment(proven_model), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        port = int(json.loads(process.stdout.readline())["url"].rstrip("/").rpartition(":")[2])
        trusting = ssl.create_default_context(cafile=str(certificate))
        trusting.check_hostname = False

        def asked(host: str) -> int:
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=trusting, timeout=30)
            connection.request("POST", "/v1/scans", png(), {
                "Host": f"{host}:{port}", "Authorization": f"Bearer {'s' * 40}", "Content-Type": OCTETS,
            })  # fmt: skip
            status = connection.getresponse().status
            connection.close()
            return status

        assert (asked("kiosk.example"), asked("127.0.0.1")) == (200, 400)
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 143
