"""The verb model, as a user runs it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from benchmarks.robustness.signing import Signer
from edge_runtime.cli import main
from edge_runtime.model.onnx_file import inspect
from edge_runtime.slots import proof
from tests.make_tiny_model import TinyModel, tiny_model_bytes


@pytest.fixture
def sha256(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The hash of a signed model in the folder of the process; the folder of models holds the maker's key."""
    data = tiny_model_bytes(TinyModel())
    (tmp_path / "new.onnx").write_bytes(data)
    (tmp_path / "new.onnx.minisig").write_bytes(Signer().sign(data, "tiny 0\x1b[2J"))
    (tmp_path / "slots").mkdir()
    (tmp_path / "slots" / "trusted.pub").write_bytes(Signer().public_key)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(proof, "prove", inspect)
    return hashlib.sha256(data).hexdigest()


def test_a_model_is_installed_used_and_given_up(sha256: str, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> str:
        assert main(["model", *arguments, "--slots", "slots"]) == 0
        return capsys.readouterr().out

    assert run("list") == "* bundled\n"
    assert run("verify", "new.onnx").startswith(f"verified: {sha256[:12]}  tiny-grey-level 0 fp32")
    assert run("list") == "* bundled\n"
    assert run("install", "new.onnx").startswith(f"installed: {sha256[:12]}  tiny-grey-level 0 fp32")
    assert run("list").splitlines()[0] == "* bundled"
    assert run("switch", sha256[:6]) == f"in use: {sha256[:12]}\n"
    assert run("verify", sha256[:6]).startswith("verified")
    bundled, installed = run("list").splitlines()
    assert (bundled, installed[:15]) == ("  bundled", f"* {sha256[:12]} ")
    assert "\x1b" not in installed
    assert run("rollback") == "in use: the bundled model\n"
    assert main(["model", "rollback", "--slots", "slots"]) == 2
    assert "error[no-earlier-model]" in capsys.readouterr().err


def test_everything_is_told_as_json(sha256: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for arguments in (["install", "new.onnx"], ["switch", sha256], ["list"], ["rollback"]):
        assert main(["model", *arguments, "--slots", "slots", "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    installed, switched, listed, back = found
    assert (installed["sha256"], installed["key"]) == (sha256, "1")
    assert switched == {"generation": 1, "current": sha256}
    assert listed == {"generation": 1, "current": sha256, "before": [None], "installed": [installed], "unusable": []}
    assert back == {"generation": 2, "current": None}


def test_a_damaged_model_in_use_is_shown(sha256: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "install", "new.onnx", "--slots", "slots"]) == 0
    assert main(["model", "switch", sha256, "--slots", "slots"]) == 0
    Path("slots", sha256, "model.onnx").write_bytes(b"")
    capsys.readouterr()
    assert main(["model", "list", "--slots", "slots"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith(f"* {sha256[:12]}  not usable")
    assert main(["model", "verify", sha256, "--slots", "slots"]) == 81


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["install", "missing.onnx"], 80),
        (["install", "new.onnx", "--key", "missing"], 2),
        (["install", "new.onnx", "--signature", "missing"], 81),
        (["install"], 2),
        (["list", "new.onnx"], 2),
        (["switch", "0123456789"], 80),
        (["remove", "new.onnx"], 2),
    ],
)
def test_what_cannot_be_done_ends_with_its_code(
    arguments: list[str], code: int, sha256: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", *arguments, "--slots", "slots"]) == code
    assert capsys.readouterr().out == ""


def test_the_folder_of_models_must_be_named(sha256: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "list"]) == 2
    assert "--slots" in capsys.readouterr().err
