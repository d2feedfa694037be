import hashlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from models import tflite
from models.errors import ModelError
from models.note_tokens import FIELDS
from models.notes_encoder import FILE
from models.tflite import Signature, TfliteModel, seal

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason="models/notes_encoder.tflite is not there: it is still to be trained"
)
has_runtime = pytest.mark.skipif(
    not any(importlib.util.find_spec(name.partition(".")[0]) for name in tflite.RUNTIMES),
    reason="neither tflite-runtime nor ai-edge-litert is installed",
)


@pytest.fixture(scope="module")
def model() -> TfliteModel:
    return TfliteModel(FILE)


@has_runtime
def test_a_model_runs_and_says_what_it_takes(model: TfliteModel) -> None:
    signature = model.signatures["embed_32"]
    assert signature.input == (1, 32, len(FIELDS))
    found = model.run("embed_32", np.full(signature.input, 40, np.int32))
    assert found.shape == signature.output
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-3)


@has_runtime
def test_the_digest_is_that_of_the_file(model: TfliteModel) -> None:
    assert model.sha256 == hashlib.sha256(FILE.read_bytes()).hexdigest()


def test_a_seal_is_the_digest_after_the_content() -> None:
    assert seal(b"x")[:1] == b"x"
    assert seal(b"x").endswith(hashlib.sha256(b"x").digest())


def damaged(where: int) -> bytes:
    content = bytearray(FILE.read_bytes())
    content[where] ^= 1
    return bytes(content)


@has_runtime
@pytest.mark.parametrize("where", [8, 3000, -60, -1])
def test_one_wrong_bit_is_found(tmp_path: Path, where: int) -> None:
    path = tmp_path / "bad.tflite"
    path.write_bytes(damaged(where))
    with pytest.raises(ModelError, match=r"bad\.tflite: damaged"):
        TfliteModel(path)


@has_runtime
@pytest.mark.parametrize("length", [0, 6, 100, 10_000, 1_000_000])
def test_a_file_cut_short_is_one_clear_line(tmp_path: Path, length: int) -> None:
    path = tmp_path / "short.tflite"
    path.write_bytes(FILE.read_bytes()[:length])
    with pytest.raises(ModelError, match=r"short\.tflite: .*pitch-histogram") as caught:
        TfliteModel(path)
    assert "\n" not in str(caught.value)


def test_a_file_without_a_seal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plain.tflite"
    path.write_bytes(FILE.read_bytes()[:-48])
    with pytest.raises(ModelError, match=r"plain\.tflite: .*not sealed"):
        TfliteModel(path)


@has_runtime
def test_a_sealed_file_that_is_no_model_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "half.tflite"
    content = FILE.read_bytes()[:-48]
    path.write_bytes(seal(content[: len(content) // 2]))
    with pytest.raises(ModelError, match=r"half\.tflite: not a model that can be run") as caught:
        TfliteModel(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"MThd" * 9])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"song\.mid: not a TFLite model"):
        TfliteModel(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.tflite: no model file"):
        TfliteModel(tmp_path / "none.tflite")


def test_a_missing_runtime_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflite, "RUNTIMES", ("no_such_runtime_anywhere",))
    with pytest.raises(ModelError, match="pitch-histogram"):
        TfliteModel(FILE)


@has_runtime
def test_the_runtime_says_nothing_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    TfliteModel(FILE)
    print("heard", file=sys.stderr)
    assert capfd.readouterr().err == "heard\n"


@has_runtime
def test_signatures_are_values(model: TfliteModel) -> None:
    wanted = Signature(
        (1, 64, len(FIELDS)), "int32", model.signatures["embed_64"].output, "float32"
    )
    assert model.signatures["embed_64"] == wanted
