import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.music import phrase

from models import specdiff
from models.errors import ModelError
from models.notes import Phrase, note_array
from models.specdiff import LONGEST, SETTING, SpecDiff, fitted, model_file, phrase_tokens
from models.tflite import Signature
from models.tokens import END, encode, event, phrase_notes

Row = tuple[float, float, int, int]

WIDTH = 8
TABLE = np.random.default_rng(0).normal(size=(1536, WIDTH)).astype(np.float32)


class TableModel:
    """Stands for a converted encoder: each token's output is its row of TABLE."""

    sizes: tuple[int, ...] = (64, 32)

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.path = path
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.signatures = {
            f"encode_{size}": Signature((1, size), "int32", (1, size, WIDTH), "float32")
            for size in self.sizes
        }

    def run(self, signature: str, value: Any) -> Any:
        assert value.shape == self.signatures[signature].input
        assert value.dtype == np.int32
        return TABLE[value]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(specdiff, "TfliteModel", TableModel)
    path = tmp_path / "specdiff.tflite"
    path.write_bytes(b"weights")
    return path


def lasting(seconds: float) -> Phrase:
    """Four quarters at a tempo that makes them last so long."""
    rows = [(beat, 0.9, 60 + beat, 80) for beat in range(4)]
    return replace(phrase(), notes=note_array(rows), beats=4.0, bpm=240.0 / seconds)


def ends(one: Phrase) -> float:
    """When the last note of the fitted phrase ends, as a share of the phrase."""
    return float(fitted(one)["end"].max()) / (3.9 / 4)


@pytest.mark.parametrize("seconds", [4.5, 4.8, 5.119])
def test_a_phrase_that_fits_is_left_alone(seconds: float) -> None:
    assert ends(lasting(seconds)) == pytest.approx(seconds)


@pytest.mark.parametrize("seconds", [1.0, 4.49, 5.12, 16.0])
def test_another_is_stretched_to_fit(seconds: float) -> None:
    assert ends(lasting(seconds)) == pytest.approx(LONGEST)


def test_tempo_alone_makes_no_difference_outside_the_window() -> None:
    assert phrase_tokens(lasting(2), 2048) == phrase_tokens(lasting(9), 2048)


def test_a_note_that_rings_on_and_a_lead_in_count() -> None:
    ringing, early = lasting(5.0), lasting(5.0)
    ringing.notes["duration"][3] = 1.5
    early.notes["onset"][0] = -0.5
    assert fitted(ringing)["end"].max() == pytest.approx(LONGEST)
    assert fitted(early)["end"].max() == pytest.approx(4.4 / 4.5 * LONGEST)


@given(
    st.lists(
        st.tuples(st.floats(-1, 8), st.floats(0.01, 30), st.integers(0, 127), st.integers(1, 127)),
        min_size=1,
        max_size=20,
    ),
    st.floats(20, 400),
)
def test_every_phrase_fits_one_window(
    rows: list[tuple[float, float, int, int]], bpm: float
) -> None:
    one = replace(phrase(), notes=note_array(rows), bpm=bpm)
    assert len(encode(fitted(one))) == 1


def test_too_many_notes_are_told_in_parts_that_leave_nothing_out() -> None:
    rows = [(i / 16, 1 / 16, 40 + i % 40, 80) for i in range(128)]
    dense = replace(phrase(), notes=note_array(rows))
    whole, parts = phrase_tokens(dense, 2048), phrase_tokens(dense, 200)
    assert len(whole) == 1
    assert all(len(part) <= 200 for part in parts)
    assert [p for part in parts for p in pitches(part)] == pitches(whole[0])
    assert all(part[-1] == END for part in parts)


def pitches(tokens: list[int]) -> list[int]:
    """Of the notes that start, in order."""
    found, starts = [], False
    for one in map(event, tokens[:-1]):
        starts = bool(one.value) if one.kind == "velocity" else starts
        if one.kind == "pitch" and starts:
            found.append(one.value)
    return found


def test_the_vector_is_the_mean_over_the_tokens(path: Path) -> None:
    one = lasting(5.0)
    mean = TABLE[encode(phrase_notes(one))[0]].mean(axis=0)
    found = SpecDiff(path).embed([one])
    assert found.dtype == np.float32
    assert np.abs(found[0] - mean / np.linalg.norm(mean)).max() < 1e-6


def test_the_mean_is_over_all_parts(path: Path) -> None:
    busy = replace(phrase(), notes=note_array([(i / 4, 0.2, 40 + i, 80) for i in range(32)]))
    parts = phrase_tokens(busy, 64)
    assert len(parts) > 2
    mean = TABLE[[token for part in parts for token in part]].mean(axis=0)
    found = SpecDiff(path).embed([busy])[0]
    assert np.abs(found - mean / np.linalg.norm(mean)).max() < 1e-6


def test_an_empty_batch_gives_no_rows(path: Path) -> None:
    assert SpecDiff(path).embed([]).shape == (0, WIDTH)


def test_an_empty_phrase_is_named(path: Path) -> None:
    with pytest.raises(ModelError, match="phrase 1"):
        SpecDiff(path).embed([phrase(), replace(phrase(), notes=note_array([]))])


def test_weights_are_named_by_their_digest(path: Path) -> None:
    before = SpecDiff(path).sha256
    assert before == SpecDiff(path).sha256
    path.write_bytes(b"other weights")
    assert SpecDiff(path).sha256 != before


def test_vectors_that_are_not_numbers_are_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "TABLE", np.full_like(TABLE, np.nan))
    with pytest.raises(ModelError, match="not numbers"):
        SpecDiff(path).embed([phrase()])


@pytest.mark.parametrize(
    "signatures",
    [
        {},
        {"embed_64": Signature((1, 64, 4), "int32", (1, WIDTH), "float32")},
        {"encode_64": Signature((1, 32), "int32", (1, 32, WIDTH), "float32")},
        {"encode_64": Signature((1, 64), "float32", (1, 64, WIDTH), "float32")},
        {"encode_64": Signature((), "int32", (), "float32")},
    ],
)
def test_a_model_with_other_signatures_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch, signatures: dict[str, Signature]
) -> None:
    class Other(TableModel):
        def __init__(self, path: Path, threads: int = 1) -> None:
            super().__init__(path, threads)
            self.signatures = signatures

    monkeypatch.setattr(specdiff, "TfliteModel", Other)
    with pytest.raises(ModelError, match=r"specdiff\.tflite: not a converted"):
        SpecDiff(path)


def test_where_the_file_is_looked_for() -> None:
    assert model_file({SETTING: "/models/x.tflite"}) == Path("/models/x.tflite")
    assert model_file({"XDG_DATA_HOME": "/data"}) == Path("/data/smartlooper/specdiff.tflite")
    home = Path.home() / ".local/share/smartlooper/specdiff.tflite"
    assert model_file({}) == model_file({SETTING: ""}) == home


def test_a_missing_file_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, str(tmp_path / "none.tflite"))
    with pytest.raises(
        ModelError, match=r"none\.tflite: .*models\.convert specdiff.*SMART"
    ) as found:
        SpecDiff()
    assert "\n" not in str(found.value)
