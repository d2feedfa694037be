"""What was found, as a MIDI file: read back, it holds the notes as they were found."""

from pathlib import Path

import numpy as np
import pytest
from support.music import make_bundle, phrase

from corpus.cutting.rotation import rotate
from corpus.drawing.medley import REST, as_found, medley, write_nearest
from corpus.keeping.bundle import Bundle
from corpus.neighbours import NEIGHBOUR
from corpus.reading.midifile import read_recording
from models.notes import Phrase, note_array, pedal_array

TICK = 1 / 960


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("medley") / "boogies")


def found(*rows: tuple[int, int, int]) -> np.ndarray:
    return np.array([(*row, 0.9) for row in rows], NEIGHBOUR)


def test_the_file_holds_the_query_then_each_transposed(bundle: Bundle, tmp_path: Path) -> None:
    query = bundle.phrase(0)
    write_nearest(bundle, query, found((3, -2, 0), (7, 5, 0)), tmp_path / "found.mid")
    heard = read_recording(tmp_path / "found.mid")
    assert heard.tempos["value"] == pytest.approx([query.bpm], abs=1e-3)
    expected = [
        (0, query.notes, 0),
        (9, bundle.phrase(3).notes, -2),
        (18, bundle.phrase(7).notes, 5),
    ]
    for start, notes, semitones in expected:
        onset = heard.notes["onset"]
        part = heard.notes[(onset >= start) & (onset < start + 9)]
        assert part["pitch"].tolist() == (notes["pitch"].astype(int) + semitones).tolist()
        assert part["velocity"].tolist() == notes["velocity"].tolist()
        np.testing.assert_allclose(part["onset"] - start, notes["onset"], atol=TICK)
        np.testing.assert_allclose(part["duration"], notes["duration"], atol=TICK)
    assert len(heard.notes) == 3 * 16


def test_everything_is_at_the_querys_tempo_and_the_same_bytes_twice(
    bundle: Bundle, tmp_path: Path
) -> None:
    query = phrase(bpm=77.0, bar=3.0, beats=6.0)
    for name in ("one.mid", "two.mid"):
        write_nearest(bundle, query, found((1, 0, 0)), tmp_path / name)
    assert (tmp_path / "one.mid").read_bytes() == (tmp_path / "two.mid").read_bytes()
    heard = read_recording(tmp_path / "one.mid")
    assert heard.tempos["value"] == pytest.approx([77.0], abs=1e-3)
    assert heard.bars["value"].tolist() == [3.0]


def test_a_name_in_any_script_can_be_written(bundle: Bundle, tmp_path: Path) -> None:
    named = make_bundle(tmp_path / "夜曲")
    write_nearest(named, named.phrase(0), named.neighbours[0][:3], tmp_path / "found.mid")
    assert len(read_recording(tmp_path / "found.mid").notes) == 4 * 16


def test_a_rotated_answer_is_entered_at_its_beat(bundle: Bundle) -> None:
    one = found((2, 3, 2))[0]
    expected = rotate(bundle.phrase(2).notes, 8.0, 2)
    heard = as_found(bundle, one).notes
    assert heard["onset"].tolist() == expected["onset"].tolist()
    assert heard["pitch"].tolist() == (expected["pitch"] + 3).tolist()


def test_lead_ins_have_room_and_ringing_notes_stop_before_them() -> None:
    rows = [(-0.5, 0.25, 60, 80), (0.0, 30.0, 48, 80), (7.5, 9.0, 50, 80)]
    ringing = Phrase(note_array(rows), pedal_array([(0.0, 64, 127)]), 8.0, 100.0)
    joined = medley([ringing, ringing])
    onsets = joined.notes["onset"]
    assert onsets.tolist() == [0.5, 1.0, 8.5, 9.5, 10.0, 17.5]
    ends = onsets + joined.notes["duration"]
    assert ends.tolist() == [0.75, 9.5, 9.5, 9.75, 19.0, 19.0]
    assert joined.beats == 1 + 2 * (8 + REST)


def test_pedals_are_let_go_at_the_end_of_each() -> None:
    events = pedal_array([(0.0, 64, 127), (0.0, 67, 40), (4.0, 64, 90), (9.0, 64, 1)])
    pedalled = Phrase(note_array([(0.0, 1.0, 60, 80)]), events, 8.0, 100.0)
    joined = medley([pedalled, pedalled])
    once = [(0, 64, 127), (0, 67, 40), (4, 64, 90), (8, 64, 0), (8, 67, 0)]
    again = [(beat + 9, control, value) for beat, control, value in once]
    assert joined.pedals.tolist() == once + again


def test_the_query_alone_is_played(bundle: Bundle, tmp_path: Path) -> None:
    write_nearest(bundle, bundle.phrase(0), found(), tmp_path / "alone.mid")
    assert len(read_recording(tmp_path / "alone.mid").notes) == 16
