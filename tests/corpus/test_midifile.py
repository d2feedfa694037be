from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.music import midi_file, off, on, phrase

from corpus.errors import MidiFileError
from corpus.midifile import TICKS_PER_BEAT, read_phrase, read_recording, write_phrase
from models.notes import Phrase, note_array, pedal_array


def tempo(bpm: float, time: int = 0) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm), time=time)


def metre(numerator: int, denominator: int, time: int = 0) -> mido.MetaMessage:
    return mido.MetaMessage(
        "time_signature", numerator=numerator, denominator=denominator, time=time
    )


@pytest.mark.parametrize("type_", [0, 1])
@pytest.mark.parametrize("resolution", [24, 96, 480, 10080])
def test_any_type_and_resolution_gives_beats(tmp_path: Path, type_: int, resolution: int) -> None:
    track = [on(60), off(60, resolution // 2), on(64, resolution // 2), off(64, resolution)]
    path = midi_file(tmp_path / "x.mid", [track], resolution, type_)
    notes = read_recording(path).notes
    assert notes.tolist() == [(0.0, 0.5, 60, 80), (1.0, 1.0, 64, 80)]


def test_the_tempo_map_gives_seconds_and_mean_tempo(tmp_path: Path) -> None:
    conductor = [tempo(120), tempo(60, 480 * 4)]
    track = [on(60), off(60, 480 * 8)]
    recording = read_recording(midi_file(tmp_path / "x.mid", [conductor, track]))
    assert recording.seconds(4) == pytest.approx(2.0)
    assert recording.seconds(8) == pytest.approx(6.0)
    assert recording.bpm(0, 8) == pytest.approx(80.0)


def test_time_carried_by_other_messages_counts(tmp_path: Path) -> None:
    track = [
        on(60),
        mido.Message("control_change", control=1, value=3, time=240),
        mido.MetaMessage("text", text="hello", time=240),
        off(60, 0),
        mido.Message("pitchwheel", pitch=100, time=480),
        on(62),
        off(62, 480),
    ]
    notes = read_recording(midi_file(tmp_path / "x.mid", [track])).notes
    assert notes["onset"].tolist() == [0.0, 2.0]
    assert notes["duration"].tolist() == [1.0, 1.0]


def test_a_key_struck_again_ends_its_earlier_note(tmp_path: Path) -> None:
    track = [on(60), on(60, 480), off(60, 480), off(60, 480)]
    notes = read_recording(midi_file(tmp_path / "x.mid", [track])).notes
    assert notes.tolist() == [(0.0, 1.0, 60, 80), (1.0, 1.0, 60, 80)]


def test_a_note_that_is_never_let_go_ends_with_its_track(tmp_path: Path) -> None:
    track = [on(60), on(64, 480), off(64, 480)]
    notes = read_recording(midi_file(tmp_path / "x.mid", [track])).notes
    assert notes.tolist() == [(0.0, 2.0, 60, 80), (1.0, 1.0, 64, 80)]


def test_repeated_notes_keep_their_lengths_and_chords_stay_together(tmp_path: Path) -> None:
    track = [on(60), on(64), off(60, 120), off(64), on(60, 120), on(64), off(60, 240), off(64)]
    notes = read_recording(midi_file(tmp_path / "x.mid", [track])).notes
    assert notes["onset"].tolist() == [0.0, 0.0, 0.5, 0.5]
    assert notes["duration"].tolist() == [0.25, 0.25, 0.5, 0.5]


def test_the_sustain_pedal_is_read(tmp_path: Path) -> None:
    pedal = [
        mido.Message("control_change", control=64, value=90, time=240),
        mido.Message("control_change", control=64, value=0, time=240),
    ]
    recording = read_recording(midi_file(tmp_path / "x.mid", [[on(60), *pedal, off(60, 240)]]))
    assert recording.pedals.tolist() == [(0.5, 64, 90), (1.0, 64, 0)]


def test_a_pedal_release_may_come_first(tmp_path: Path) -> None:
    release = mido.Message("control_change", control=64, value=0)
    recording = read_recording(midi_file(tmp_path / "x.mid", [[release, on(60), off(60, 480)]]))
    assert recording.pedals.tolist() == [(0.0, 64, 0)]


def test_the_piano_is_taken_by_name_and_drums_never(tmp_path: Path) -> None:
    piano = [mido.MetaMessage("track_name", name="Grand PIANO"), on(60), off(60, 480)]
    strings = [mido.MetaMessage("track_name", name="strings"), on(70), off(70, 480)]
    drums = [on(36, channel=9), off(36, 480, channel=9)]
    both = midi_file(tmp_path / "a.mid", [piano, strings, drums])
    assert read_recording(both).notes["pitch"].tolist() == [60]
    unnamed = midi_file(tmp_path / "b.mid", [strings, drums])
    assert read_recording(unnamed).notes["pitch"].tolist() == [70]


def test_the_metre_is_read(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "x.mid", [[metre(6, 8), on(60), off(60, 480)]])
    assert read_recording(path).bars.tolist() == [(0.0, 3.0)]


def broken(tmp_path: Path) -> dict[str, Path]:
    whole = midi_file(tmp_path / "whole.mid", [[on(60), off(60, 480)]]).read_bytes()
    bodies = {
        "empty": b"",
        "text": b"this is not music",
        "truncated": whole[: len(whole) - 6],
        "header only": whole[:14],
        "smpte": whole[:12] + b"\xe7\x28" + whole[14:],
        "type two": whole[:9] + b"\x02" + whole[10:],
        "no notes": midi_file(tmp_path / "n.mid", [[tempo(90)]]).read_bytes(),
        "drums only": midi_file(
            tmp_path / "d.mid", [[on(36, channel=9), off(36, 9, channel=9)]]
        ).read_bytes(),
    }
    paths = {}
    for name, body in bodies.items():
        paths[name] = tmp_path / f"{name}.mid"
        paths[name].write_bytes(body)
    return paths | {"missing": tmp_path / "nowhere.mid", "folder": tmp_path}


@pytest.mark.parametrize(
    "fault",
    [
        "empty",
        "text",
        "truncated",
        "header only",
        "smpte",
        "type two",
        "no notes",
        "drums only",
        "missing",
        "folder",
    ],
)
def test_a_broken_file_is_named_in_one_line(tmp_path: Path, fault: str) -> None:
    path = broken(tmp_path)[fault]
    with pytest.raises(MidiFileError) as caught:
        read_recording(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_mutated_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    body = bytearray(
        midi_file(folder / "x.mid", [[tempo(90), metre(3, 4), on(60), off(60, 480)]]).read_bytes()
    )
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    path = folder / "mutant.mid"
    path.write_bytes(body)
    try:
        recording = read_recording(path)
    except MidiFileError:
        return
    assert len(recording.notes)
    assert np.isfinite(recording.notes["onset"]).all()


ROWS = st.lists(
    st.tuples(
        st.integers(0, 7 * TICKS_PER_BEAT),
        st.integers(1, TICKS_PER_BEAT),
        st.integers(21, 108),
        st.integers(1, 127),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row[2],  # one strike a key: overlaps are another test
)


@settings(deadline=None)
@given(ROWS, st.sampled_from([0.0, 3.0, 4.0]))
def test_there_and_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, int, int, int]],
    offset: float,
) -> None:
    notes = note_array([(a / TICKS_PER_BEAT, b / TICKS_PER_BEAT, p, v) for a, b, p, v in rows])
    pedals = pedal_array([(0.0, 64, 0), (2.5, 64, 127), (4.0, 64, 0)])
    path = tmp_path_factory.mktemp("round") / "x.mid"
    write_phrase(path, Phrase(notes, pedals, 8.0, 93.0, 4.0), "x", offset)
    back = read_recording(path)
    notes["onset"] += offset
    for field in ("onset", "duration"):
        assert back.notes[field] == pytest.approx(notes[field], abs=1e-9)
    assert back.notes[["pitch", "velocity"]].tolist() == notes[["pitch", "velocity"]].tolist()
    assert back.bpm(0, 8) == pytest.approx(93.0, rel=1e-5)


def test_a_file_as_one_phrase_has_whole_beats(tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    write_phrase(path, phrase(beats=8.0), "x")
    assert read_phrase(path).beats == 8.0


def test_a_file_of_endless_silence_is_refused(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "gap.mid", [[on(60), off(60, 1), on(60, 0x0FFFFFF), off(60, 1)]], 1)
    with pytest.raises(MidiFileError, match="beats long"):
        read_recording(path)


def test_metres_and_tempos_that_cannot_be_are_not_heeded(tmp_path: Path) -> None:
    odd = [metre(1, 32), metre(255, 1), mido.MetaMessage("set_tempo", tempo=1)]
    recording = read_recording(midi_file(tmp_path / "x.mid", [[*odd, on(60), off(60, 480)]]))
    assert recording.bars.tolist() == [(0.0, 4.0)]
    assert recording.tempos.tolist() == [(0.0, 120.0)]
