"""A device keeps the model that is in use until another has proven itself, and always finds the way back."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.robustness.signing import Signer
from edge_runtime import CataractAnalyzer
from edge_runtime.errors import EdgeCataractError, ModelIntegrityError, ModelMissingError, OutputError, UsageError
from edge_runtime.slots import ModelSlots
from edge_runtime.slots.signature import read_keys
from edge_runtime.slots.state import SlotState, read_state, write_state
from tests.conftest import ROOT

from .conftest import MakeModel

FileOf = Callable[..., Path]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def word_of(call: Callable[[], object]) -> str:
    with pytest.raises(EdgeCataractError) as raised:
        call()
    return raised.value.word


def test_a_new_device_uses_the_bundled_model(tmp_path: Path) -> None:
    slots = ModelSlots(tmp_path)
    assert (slots.generation(), slots.current(), slots.installed()) == (0, None, [])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_not_the_bundled_model(tmp_path: Path) -> None:
    slots = ModelSlots(tmp_path / "mistyped")
    for ask in (slots.generation, slots.current):
        with pytest.raises(ModelMissingError, match="unreadable-slots"):
            ask()
    assert not (tmp_path / "mistyped").exists()


def test_only_an_install_makes_the_folder(tmp_path: Path) -> None:
    """Made by another, it would hide that a disk is not mounted."""
    slots = ModelSlots(tmp_path / "mistyped")
    for change in (slots.roll_back, lambda: slots.switch("bundled")):
        assert word_of(change) == "unreadable-slots"
    assert not (tmp_path / "mistyped").exists()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("umask", [0o027, 0o077])
def test_who_may_read_the_folder_reads_what_is_put_into_it(
    umask: int, slots: ModelSlots, file_of: FileOf, first: bytes
) -> None:
    """An administrator installs; the services only read."""
    folder = Path(slots.folder)
    if os.geteuid() == 0:
        os.chown(folder, -1, 12345)
    folder.chmod(0o750)
    before = os.umask(umask)
    try:
        slots.switch(slots.install(file_of(first)).sha256)
        slots.roll_back()
    finally:
        os.umask(before)
    model = folder / sha256(first)
    for path in (model, model / "model.onnx", model / "model.onnx.minisig", folder / "slots.json"):
        status = path.stat()
        assert (status.st_gid, status.st_mode & 0o777) == (folder.stat().st_gid, 0o750 if path == model else 0o640), (
            path
        )


@pytest.mark.usefixtures("quick")
def test_a_model_is_installed_switched_to_and_rolled_back_from(
    slots: ModelSlots, file_of: FileOf, first: bytes, second: bytes
) -> None:
    slot = slots.install(file_of(first))
    assert (slot.sha256, slot.name, slot.version) == (sha256(first), "tiny-grey-level", "1")
    assert (slots.generation(), slots.current()) == (0, None)  # installed, not in use
    path = slots.switch(slot.sha256[:8])
    assert path is not None
    assert Path(path).read_bytes() == first
    assert (slots.generation(), slots.current()) == (1, path)
    slots.install(file_of(second))
    assert [one.version for one in sorted(slots.installed(), key=lambda one: one.version)] == ["1", "2"]
    slots.switch(sha256(second))
    assert slots.roll_back() == path
    assert (slots.generation(), slots.roll_back()) == (3, None)
    assert word_of(slots.roll_back) == "no-earlier-model"
    assert len(slots.installed()) == 2


@pytest.mark.usefixtures("quick")
def test_another_process_sees_the_new_generation(slots: ModelSlots, file_of: FileOf, first: bytes) -> None:
    other = ModelSlots(slots.folder)
    slots.install(file_of(first))
    slots.switch(sha256(first))
    assert (other.generation(), other.current()) == (1, slots.current())


@pytest.mark.usefixtures("quick")
def test_switching_to_the_model_in_use_changes_nothing(slots: ModelSlots, file_of: FileOf, first: bytes) -> None:
    slots.install(file_of(first))
    slots.switch(sha256(first))
    before = slots.state()
    slots.switch(sha256(first))
    assert slots.state() == before


@pytest.mark.usefixtures("quick")
def test_installing_again_changes_nothing(slots: ModelSlots, file_of: FileOf, first: bytes) -> None:
    slots.install(file_of(first))
    slots.switch(sha256(first))
    slots.install(file_of(first))
    assert (slots.generation(), len(slots.installed())) == (1, 1)


@pytest.mark.usefixtures("quick")
def test_a_switch_to_the_bundled_model_can_be_rolled_back(
    slots: ModelSlots, file_of: FileOf, first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelSlots, "_prove_bundled", lambda _slots: None)
    slots.install(file_of(first))
    slots.switch(sha256(first))
    assert slots.switch("bundled") is None
    back = slots.roll_back()
    assert back is not None
    assert Path(back).read_bytes() == first


@pytest.mark.slow
def test_the_bundled_model_proves_itself(slots: ModelSlots, bundled_analyzer: CataractAnalyzer) -> None:
    assert slots.switch("bundled") is None
    assert slots.generation() == 0


@pytest.mark.slow
def test_the_bundled_model_can_be_installed_like_any_other(
    slots: ModelSlots, file_of: FileOf, bundled_analyzer: CataractAnalyzer
) -> None:
    data = next((ROOT / "edge_runtime/models").glob("edge-*-int8.onnx")).read_bytes()
    slots.install(file_of(data))
    slots.switch(sha256(data))
    assert slots.generation() == 1


REFUSED = [
    ({"golden": None}, "selftest-failed"),
    ({"golden": "{"}, "selftest-failed"),
    ({"classes": "background,lens"}, "model-metadata"),
    ({"classes": None}, "model-metadata"),
    ({"look": "edge-cataract/look/2"}, "model-metadata"),
    ({"profile": "another-device"}, "model-metadata"),
    ({"measures": "{"}, "model-metadata"),
    ({"schema": "edge-cataract/model/2"}, "model-schema"),
    ({"grid": "0"}, "model-metadata"),
]


@pytest.mark.parametrize(("changes", "word"), REFUSED)
def test_a_model_of_another_contract_is_not_installed(
    changes: dict[str, str | None], word: str, slots: ModelSlots, file_of: FileOf, make_model: MakeModel
) -> None:
    path = file_of(make_model(**changes))
    assert word_of(lambda: slots.install(path)) == word
    assert (slots.installed(), os.listdir(slots.folder)) == ([], ["trusted.pub"])


def test_a_model_that_finds_other_numbers_is_not_installed(
    slots: ModelSlots, file_of: FileOf, make_model: MakeModel, analyzer: CataractAnalyzer
) -> None:
    import json

    from edge_runtime.golden import sample_counts

    counts = sample_counts(analyzer)
    name = next(name for name, one in counts.items() if int(one["lens_px"]) > 0)
    counts[name]["cataract_px"] = int(counts[name]["cataract_px"]) + 5000
    path = file_of(make_model(golden=json.dumps(counts)))
    with pytest.raises(EdgeCataractError, match=f"self-test of the model failed: {name}: cataract_px"):
        slots.install(path)
    assert slots.installed() == []


@pytest.mark.slow
def test_a_model_that_proves_itself_is_used(slots: ModelSlots, file_of: FileOf, first: bytes) -> None:
    assert slots.install(file_of(first)) == slots.verify(sha256(first)) == slots.check(file_of(first))
    path = slots.switch(sha256(first))
    assert path is not None
    assert CataractAnalyzer(path).network.sha256 == sha256(first)


def test_nothing_that_is_not_signed_is_looked_at(
    slots: ModelSlots, file_of: FileOf, first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_runtime.slots.proof.prove", lambda _data: pytest.fail("it was looked at"))
    path = file_of(first, Signer(2).sign(first))
    assert word_of(lambda: slots.install(path)) == "untrusted-signature"
    file_of(first, Signer().sign(first + b" "))
    assert word_of(lambda: slots.install(path)) == "bad-signature"
    (path.parent / "model.onnx.minisig").unlink()
    assert word_of(lambda: slots.install(path)) == "unsigned-model"
    assert word_of(lambda: slots.check(path)) == "unsigned-model"
    assert os.listdir(slots.folder) == ["trusted.pub"]


def test_without_the_makers_key_nothing_is_trusted(tmp_path: Path, file_of: FileOf, first: bytes) -> None:
    assert word_of(lambda: ModelSlots(tmp_path / "new").install(file_of(first))) == "no-trusted-key"


def test_a_model_that_was_damaged_before_it_was_signed_is_refused(
    slots: ModelSlots, file_of: FileOf, first: bytes
) -> None:
    damaged = first[:-20] + bytes([first[-20] ^ 1]) + first[-19:]
    assert word_of(lambda: slots.install(file_of(damaged))) == "damaged-model"


@pytest.mark.usefixtures("quick")
def test_a_signature_elsewhere_can_be_named(slots: ModelSlots, file_of: FileOf, first: bytes, tmp_path: Path) -> None:
    path = file_of(first, b"")
    (tmp_path / "elsewhere").write_bytes(Signer().sign(first, "from elsewhere"))
    assert slots.install(path, tmp_path / "elsewhere").comment == "from elsewhere"


@pytest.mark.parametrize("name", ["missing", ".", "model.onnx"])
def test_a_file_that_is_no_model_is_refused(name: str, slots: ModelSlots, tmp_path: Path, signer: Signer) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    signature = tmp_path / "signature"
    signature.write_bytes(signer.sign(b"no model"))
    word = word_of(lambda: slots.install(tmp_path / name, signature))
    assert word == ("not-a-model" if name == "model.onnx" else "missing-model")


def damage(slots: ModelSlots, data: bytes) -> Path:
    path = Path(slots.folder) / sha256(data) / "model.onnx"
    path.write_bytes(data[:-1])
    return path


@pytest.mark.usefixtures("quick")
def test_a_damaged_model_in_use_is_said_and_the_way_back_is_open(
    slots: ModelSlots, file_of: FileOf, first: bytes, second: bytes
) -> None:
    for data in (first, second):
        slots.install(file_of(data))
        slots.switch(sha256(data))
    damage(slots, second)
    assert word_of(slots.current) == "damaged-model"
    assert [one.version for one in slots.installed()] == ["1"]
    assert slots.unusable() == [sha256(second)]
    back = slots.roll_back()
    assert back is not None
    assert Path(back).read_bytes() == first


@pytest.mark.usefixtures("quick")
def test_a_damaged_earlier_model_is_passed_over(
    slots: ModelSlots, file_of: FileOf, first: bytes, second: bytes
) -> None:
    for data in (first, second):
        slots.install(file_of(data))
        slots.switch(sha256(data))
    shutil.rmtree(damage(slots, second).parent)
    assert slots.unusable() == [sha256(second)]
    shutil.rmtree(damage(slots, first).parent)
    assert slots.roll_back() is None  # the bundled one


@pytest.mark.usefixtures("quick")
def test_a_damaged_model_is_installed_again(slots: ModelSlots, file_of: FileOf, first: bytes) -> None:
    slots.install(file_of(first))
    slots.switch(sha256(first))
    damage(slots, first)
    slots.install(file_of(first))
    assert slots.current() is not None


@pytest.mark.usefixtures("quick")
def test_a_model_that_was_changed_after_it_was_installed_is_not_switched_to(
    slots: ModelSlots, file_of: FileOf, first: bytes
) -> None:
    slots.install(file_of(first))
    damage(slots, first)
    assert word_of(lambda: slots.switch(sha256(first))) == "damaged-model"
    assert word_of(lambda: slots.verify(sha256(first)[:6])) == "damaged-model"
    assert slots.generation() == 0


@pytest.mark.usefixtures("quick")
def test_a_key_that_is_not_trusted_any_more_ends_switching_but_not_the_way_back(
    slots: ModelSlots, file_of: FileOf, first: bytes, second: bytes
) -> None:
    for data in (first, second):
        slots.install(file_of(data))
        slots.switch(sha256(data))
    (Path(slots.folder) / "trusted.pub").write_bytes(Signer(2).public_key)
    assert word_of(lambda: slots.switch(sha256(first))) == "untrusted-signature"
    assert slots.roll_back() is not None


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", ["", "abc12", "0" * 64, "../..", "bundle", "Bundled"])
def test_a_model_that_is_not_installed_is_not_switched_to(
    name: str, slots: ModelSlots, file_of: FileOf, first: bytes
) -> None:
    slots.install(file_of(first))
    with pytest.raises(ModelMissingError) as refused:
        slots.switch(name)
    assert (refused.value.word, refused.value.exit_code) == ("unknown-model", 80)


DAMAGED = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"schema":"edge-cataract/slots/1"}',
    b'{"schema":"edge-cataract/slots/2","generation":1,"current":null,"before":[]}',
    b'{"schema":"edge-cataract/slots/1","generation":"1","current":null,"before":[]}',
    b'{"schema":"edge-cataract/slots/1","generation":1,"current":"../../etc","before":[]}',
    b'{"schema":"edge-cataract/slots/1","generation":1,"current":null,"before":[7]}',
    b'{"schema":"edge-cataract/slots/1","generation":1,"current":null,"before":3}',
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_state_is_said_and_the_way_back_is_open(content: bytes, slots: ModelSlots) -> None:
    (Path(slots.folder) / "slots.json").write_bytes(content)
    for asked in (slots.generation, slots.current, slots.state):
        with pytest.raises(ModelIntegrityError) as said:
            asked()
        assert said.value.word == "damaged-slots"
    assert slots.roll_back() is None
    assert slots.generation() > 1_000_000  # one that no service has seen


@pytest.mark.usefixtures("quick")
def test_a_record_that_is_lost_is_not_the_bundled_model(slots: ModelSlots, file_of: FileOf, first: bytes) -> None:
    """With models beside it, the record was there: every install begins it."""
    slots.install(file_of(first))
    record = Path(slots.folder) / "slots.json"
    assert record.exists()
    record.unlink()
    for ask in (slots.generation, slots.current, lambda: slots.switch(sha256(first))):
        assert word_of(ask) == "damaged-slots"
    assert slots.verify(sha256(first)[:8]).sha256 == sha256(first)
    assert slots.roll_back() is None
    assert slots.generation() > 1


@pytest.mark.usefixtures("quick")
def test_a_model_in_use_that_is_gone_is_named_with_the_way_back(
    slots: ModelSlots, file_of: FileOf, first: bytes
) -> None:
    slots.switch(slots.install(file_of(first)).sha256)
    shutil.rmtree(Path(slots.folder) / sha256(first))
    for ask in (slots.current, lambda: slots.verify(sha256(first)[:8])):
        with pytest.raises(ModelMissingError, match=r"missing-model.*model rollback"):
            ask()
    assert slots.unusable() == [sha256(first)]


@pytest.mark.parametrize(
    ("number", "word"),
    [(errno.EMFILE, "too-many-open-files"), (errno.EACCES, "unreadable-slots"), (errno.EIO, "damaged-slots")],
)
def test_a_state_that_cannot_be_opened_now_is_not_damaged_and_not_replaced(
    number: int, word: str, slots: ModelSlots, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_state(slots.folder, SlotState(3, "ab" * 32))

    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr("edge_runtime.slots.state.open", refused, raising=False)
        assert word_of(slots.generation) == word
        if word != "damaged-slots":
            assert word_of(slots.roll_back) == word
    assert slots.generation() == 3


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    state = SlotState(7, "ab" * 32, (None, "cd" * 32))
    write_state(str(tmp_path), state)
    assert read_state(str(tmp_path)) == state


def test_the_states_that_are_kept_are_bounded() -> None:
    state = SlotState()
    for number in range(40):
        state = state.switched(f"{number:064x}")
    assert (state.generation, len(state.before), state.before[-1]) == (40, 16, f"{38:064x}")


@pytest.mark.usefixtures("quick")
def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, signer: Signer, file_of: FileOf, first: bytes) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "key").write_bytes(signer.public_key)
    with pytest.raises(OutputError):
        ModelSlots(tmp_path / "file" / "slots", key=tmp_path / "key").install(file_of(first))


def test_a_missing_library_names_its_extra(slots: ModelSlots, file_of: FileOf, first: bytes) -> None:
    path = file_of(first)
    program = (
        "import sys; sys.modules['nacl'] = None\n"
        "from edge_runtime.slots import ModelSlots\n"
        "from edge_runtime.errors import MissingExtraError\n"
        "slots = ModelSlots(sys.argv[1])\n"
        "print(slots.current(), slots.generation())\n"
        "try:\n    slots.install(sys.argv[2])\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, slots.folder, path], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert done.stdout.startswith("None 0\n")
    assert "edge-cataract[slots]" in done.stdout


def test_the_key_of_tests_is_one_of_minisign(signer: Signer) -> None:
    assert len(read_keys(signer.public_key)) == 1
    with pytest.raises(UsageError):
        read_keys(signer.public_key[:-9])
