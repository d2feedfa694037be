import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.music import phrase

from models import tokens
from models.errors import ModelError
from models.tokens import END, TimedNotes, encode, event, sustained, timed_notes, token

FILES = 100


def words(window: list[int]) -> list[str]:
    assert window[-1] == END
    return [f"{e.kind} {e.value}" for e in map(event, window[:-1])]


def note(start: float, end: float, pitch: int, program: int = 0, drum: bool = False) -> TimedNotes:
    return timed_notes([(start, end, pitch, 80, program, drum)])


def test_ids_are_the_published_ones() -> None:
    rows = {"shift": 3, "pitch": 1004, "velocity": 1132, "tie": 1134, "program": 1135, "drum": 1263}
    assert {kind: token(kind, 0) for kind in rows} == rows
    assert token("drum", 127) == 1390 < tokens.SIZE


@given(st.integers(tokens.UNKNOWN + 1, 1390))
def test_an_id_and_its_event_are_one(number: int) -> None:
    assert token(*event(number)) == number


@pytest.mark.parametrize(("kind", "value"), [("shift", 1001), ("pitch", -1), ("swing", 0)])
def test_an_event_without_an_id_is_refused(kind: str, value: int) -> None:
    with pytest.raises(ModelError, match=kind):
        token(kind, value)


@pytest.mark.parametrize("number", [0, 2, 1391, 1535])
def test_an_id_without_an_event_is_refused(number: int) -> None:
    with pytest.raises(ModelError, match=str(number)):
        event(number)


def test_a_note_is_spelt_out() -> None:
    (window,) = encode(note(0.5, 1.0, 60))
    assert words(window) == [
        *("tie 0", "shift 50", "program 0", "velocity 1", "pitch 60"),
        *("shift 100", "velocity 0", "pitch 60"),
    ]


def test_what_has_not_changed_is_not_said_again() -> None:
    chord = np.concatenate([note(0, 1, 64), note(0, 1, 60)])
    assert words(encode(chord)[0]) == [
        *("tie 0", "program 0", "velocity 1", "pitch 60", "pitch 64"),
        *("shift 100", "velocity 0", "pitch 60", "pitch 64"),
    ]


def test_a_note_over_the_window_is_tied() -> None:
    first, second = encode(note(5.0, 6.0, 60))
    assert words(first) == ["tie 0", "shift 500", "program 0", "velocity 1", "pitch 60"]
    assert words(second) == ["program 0", "pitch 60", "tie 0", "shift 88", "velocity 0", "pitch 60"]


def test_a_drum_has_no_program_and_no_end() -> None:
    assert words(encode(note(0, 0.1, 38, drum=True))[0]) == ["tie 0", "velocity 1", "drum 38"]


def test_a_program_becomes_one_that_the_model_knows() -> None:
    assert "program 0" in words(encode(note(0, 1, 60, program=3))[0])
    assert "program 88" in words(encode(note(0, 1, 60, program=127))[0])


def test_the_pedal_holds_until_it_is_let_go_or_the_key_is_struck_again() -> None:
    notes = np.concatenate([note(0, 1, 60), note(0, 1, 64), note(2, 3, 60)])
    held = sustained(notes, [(0.5, 127), (2.5, 0)])
    assert held["end"].tolist() == [2.0, 2.5, 3.0]


def test_the_pedal_pressed_to_the_end_holds_to_the_end() -> None:
    notes = np.concatenate([note(0, 1, 60), note(2, 3, 64)])
    assert sustained(notes, [(0.5, 64)])["end"].tolist() == [3.0, 3.0]


def test_a_phrase_begins_with_its_lead_in() -> None:
    boogie = phrase(bpm=60.0, pedal=0)
    boogie.notes["onset"][0] = -0.1
    found = tokens.phrase_notes(boogie)
    assert found["start"][0] == 0
    assert found["start"][1] == pytest.approx(0.6)


# -- beside the reference, where it is installed ---------------------------------------------------


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    pytest.importorskip("note_seq", reason="the reference needs note-seq")
    pytest.importorskip("diffusers", reason="diffusers is not installed")
    name = "diffusers.pipelines.deprecated.spectrogram_diffusion.midi_utils"
    try:
        return importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f"this diffusers has no spectrogram diffusion: {error}")


@pytest.mark.slow
def test_files_give_the_tokens_of_the_reference(reference: ModuleType, pop909: Path) -> None:
    processor = reference.MidiProcessor()
    files = sorted(pop909.glob("*.mid"))[::8][:FILES]
    assert len(files) == FILES
    for path in files:
        wanted = [unpadded(window) for window in processor(str(path))]
        assert encode(read_all(reference.note_seq, path)) == wanted, path.name


def unpadded(window: list[int]) -> list[int]:
    return [int(number) for number in window[: window.index(END) + 1]]


def read_all(note_seq: ModuleType, path: Path) -> TimedNotes:
    """Every instrument's notes with its own pedal, by the reference's reading of the file only."""
    sequence = note_seq.midi_to_note_sequence(path.read_bytes())
    pedals = [change for change in sequence.control_changes if change.control_number == 64]
    times = [one.end_time for one in sequence.notes if not one.is_drum]
    until = max(times + [change.time for change in pedals])
    parts = []
    for number in sorted({one.instrument for one in sequence.notes}):
        rows = [one for one in sequence.notes if one.instrument == number]
        pedal = [
            (change.time, change.control_value) for change in pedals if change.instrument == number
        ]
        values = [
            (n.start_time, n.end_time, n.pitch, n.velocity, n.program, n.is_drum) for n in rows
        ]
        parts.append(sustained(timed_notes(values), pedal, until))
    return np.concatenate(parts)


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.floats(0, 12), st.floats(0.01, 3), st.integers(21, 108), st.integers(1, 127)),
        min_size=1,
        max_size=30,
    )
)
def test_every_note_starts_and_ends_once(rows: list[tuple[float, float, int, int]]) -> None:
    notes = timed_notes(
        (start, start + long, key, loud, 0, False) for start, long, key, loud in rows
    )
    changes = [change for window in encode(notes) for change in changed(words(window))]
    for velocity in (0, 1):
        assert sorted(p for p, v in changes if v == velocity) == sorted(notes["pitch"].tolist())


def changed(window: list[str]) -> list[tuple[int, int]]:
    """(pitch, velocity) of what starts and ends in a window, after its ties."""
    found, velocity = [], -1
    for word in window[window.index("tie 0") :]:
        kind, value = word.split()
        if kind == "velocity":
            velocity = int(value)
        elif kind == "pitch":
            found.append((int(value), velocity))
    return found
