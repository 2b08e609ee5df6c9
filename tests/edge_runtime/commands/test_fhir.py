"""``exam --fhir PATH`` from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime import cli
from tests.edge_runtime.pictures import empty_frame, encoded, lens_frame
from tests.edge_runtime.report.fhir.bundles import broken_rules, observation, resources

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the program on two scans and what is none; returns code, output and messages."""
    monkeypatch.setenv("EDGE_CATARACT_MODEL", str(tiny_model))
    monkeypatch.chdir(tmp_path)
    for name, rows in (("Miller_one", 80), ("Miller_two", 84)):
        Path(f"{name}.png").write_bytes(encoded(".png", lens_frame(cataract_rows=rows)))
    Path("empty.png").write_bytes(encoded(".png", empty_frame()))
    Path("cut.png").write_bytes(encoded(".png", lens_frame())[:1000])

    def call(*words: str) -> tuple[int, str, str]:
        code = cli.main(("exam", *words, "--eye", "OD"))
        return (code, *capsys.readouterr())

    return call


def test_a_bundle_is_written_beside_the_document(run: Run) -> None:
    Path("out").mkdir()
    words = ("Miller_one.png", "Miller_two.png", "-o", "out", "--fhir", "exam.fhir.json")
    code, _, err = run(*words, "--fhir-subject", "Patient/123")
    assert (code, err) == (0, "")
    text = Path("exam.fhir.json").read_text(encoding="ascii")
    bundle = json.loads(text)
    assert broken_rules(bundle) == []
    document = json.loads(Path("out/exam-OD.json").read_text(encoding="utf-8"))
    stated = observation(bundle, "cataract-fraction")
    assert stated["valueQuantity"]["value"] == round(document["eye"]["cataract_fraction"], 6)
    assert (stated["subject"]["reference"], stated["issued"]) == ("Patient/123", document["created"])
    assert "Miller" not in text


def test_a_second_run_replaces_its_own_bundle_and_no_other(run: Run) -> None:
    assert run("Miller_one.png", "--fhir", "exam.json")[0] == 0
    names = [entry["fullUrl"] for entry in json.loads(Path("exam.json").read_bytes())["entry"]]
    assert run("Miller_one.png", "--fhir", "exam.json")[0] == 0
    assert [entry["fullUrl"] for entry in json.loads(Path("exam.json").read_bytes())["entry"]] == names
    code, out, err = run("Miller_two.png", "--fhir", "exam.json")
    assert (code, out) == (2, "")
    assert "error[output-taken]" in err
    assert run("Miller_two.png", "--fhir", "exam.json", "--overwrite")[0] == 0


@pytest.mark.parametrize(
    "content", ['{"resourceType": "Bundle"}', '{"resourceType": "Bundle", "entry": []}', "[]", "{}"]
)
def test_a_file_of_another_program_is_kept(run: Run, content: str) -> None:
    Path("exam.json").write_text(content, encoding="utf-8")
    code, _, err = run("Miller_one.png", "--fhir", "exam.json")
    assert code == 2
    assert "error[output-taken]" in err
    assert Path("exam.json").read_text(encoding="utf-8") == content


def test_scans_that_are_not_graded_or_not_read_are_absent_values(run: Run) -> None:
    assert run("empty.png", "--fhir", "exam.json")[0] == 3
    bundle = json.loads(Path("exam.json").read_bytes())
    assert "dataAbsentReason" in observation(bundle, "cataract-fraction")
    assert run("Miller_one.png", "cut.png", "--fhir", "exam.json", "--overwrite")[0] == 4
    scans = resources(json.loads(Path("exam.json").read_bytes()), "Observation")[:2]
    assert ["dataAbsentReason" in one for one in scans] == [False, True]


@pytest.mark.parametrize(
    ("words", "code", "word"),
    [
        (("--fhir", "exam.json", "--fhir-subject", "Miller"), 2, "bad-subject"),
        (("--fhir", "nowhere/exam.json"), 73, "output-folder"),
        (("--fhir", "Miller_one.png"), 2, "output-taken"),
    ],
)
def test_what_cannot_be_written_is_told_before_any_work(run: Run, words: tuple[str, ...], code: int, word: str) -> None:
    found, out, err = run("Miller_one.png", *words)
    assert (found, out) == (code, "")
    assert f"error[{word}]" in err
    assert "Miller" not in err.replace("Miller_one.png", "")
