from collections import defaultdict
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.music import midi_file, off, on, phrase

from corpus.errors import MidiFileError
from corpus.midiwrite import write_phrase
from corpus.reading.bulk import read_bulk
from corpus.reading.limits import Limits
from corpus.reading.midifile import SHORTEST, read_phrase, read_recording
from corpus.reading.parts import NotFlawlessError, Parts
from corpus.reading.recording import Recording
from corpus.reading.repair import read_tolerant
from corpus.reading.smf import read_frame


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
        "header only": whole[:14],
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
        "header only",
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


# Files that break the specification: byte for byte, since no library writes them.

END = b"\x00\xff\x2f\x00"
NOTE_C = b"\x00\x90\x3c\x50\x83\x60\x80\x3c\x40"  # one beat at 480 ticks a beat
ONE_NOTE = [(0.0, 1.0, 60, 80)]


def chunk(body: bytes, name: bytes = b"MTrk", length: int | None = None) -> bytes:
    return name + (len(body) if length is None else length).to_bytes(4, "big") + body


def smf(*chunks: bytes, type_: int = 1, division: bytes = b"\x01\xe0", count: int = 1) -> bytes:
    head = type_.to_bytes(2, "big") + count.to_bytes(2, "big") + division
    return chunk(head, b"MThd") + b"".join(chunks)


WHOLE = smf(chunk(NOTE_C + END))
RIFF = b"RIFF" + (len(WHOLE) + 12).to_bytes(4, "little") + b"RMIDdata"
BROKEN_BUT_READABLE = {
    "no end of track": smf(chunk(NOTE_C)),
    "length too short": smf(chunk(NOTE_C + END, length=4)),
    "length too long": smf(chunk(NOTE_C + END, length=400)),
    "length of another track too long": smf(chunk(END, length=9), chunk(NOTE_C + END)),
    "last track truncated": smf(chunk(NOTE_C + b"\x00\x90\x40", length=200)),
    "truncated in a delta": smf(chunk(NOTE_C + b"\x83", length=200)),
    "garbage after the end": WHOLE + b"\x00garbage\xff",
    "garbage between tracks": smf(chunk(END), b"\x00\x00\x01", chunk(NOTE_C + END)),
    "an unknown chunk": smf(chunk(b"whatever", b"XFIH"), chunk(NOTE_C + END)),
    "a RIFF around it": RIFF + len(WHOLE).to_bytes(4, "little") + WHOLE,
    "bytes before the header": bytes(128) + WHOLE,
    "a long header": chunk(b"\x00\x01\x00\x01\x01\xe0\x00\x00", b"MThd") + WHOLE[14:],
    "a header length of nonsense": WHOLE[:4] + b"\x00\x00\xff\x06" + WHOLE[8:],
    "too many tracks promised": smf(chunk(NOTE_C + END), count=12),
    "too few tracks promised": smf(chunk(END), chunk(NOTE_C + END), count=1),
    "type 7": smf(chunk(NOTE_C + END), type_=7),
    "no resolution": smf(chunk(NOTE_C + END), division=b"\x00\x00"),
    "a note-off without a note": smf(chunk(b"\x00\x80\x40\x40" + NOTE_C + END)),
    "running status after a meta event": smf(
        chunk(b"\x00\x90\x3c\x50\x00\xff\x01\x01x\x83\x60\x3c\x00" + END)
    ),
    "running status after a system event": smf(
        chunk(b"\x00\x90\x3c\x50\x00\xf0\x02\x01\xf7\x83\x60\x3c\x00" + END)
    ),
    "a realtime byte": smf(chunk(b"\x00\xf8" + NOTE_C + END)),
    "a tempo of nothing": smf(chunk(b"\x00\xff\x51\x03\x00\x00\x00" + NOTE_C + END)),
    "a metre of nothing": smf(chunk(b"\x00\xff\x58\x04\x00\x02\x18\x08" + NOTE_C + END)),
    "a metre without a length": smf(chunk(b"\x00\xff\x58\x04\x04\xff\x18\x08" + NOTE_C + END)),
    "a tempo of one byte": smf(chunk(b"\x00\xff\x51\x01\x07" + NOTE_C + END)),
    "a name that is not text": smf(chunk(b"\x00\xff\x03\x04\xdc\xff\xfe\x80" + NOTE_C + END)),
    "nonsense after the notes": smf(chunk(NOTE_C + b"\x00\xff\x01\xff\xff\xff\xff\x01")),
}


@pytest.mark.parametrize("fault", BROKEN_BUT_READABLE)
def test_what_is_broken_in_the_usual_ways_is_read(fault: str) -> None:
    recording = read_recording(BROKEN_BUT_READABLE[fault], "x")
    assert recording.notes.tolist() == ONE_NOTE
    assert recording.bars.tolist() == [(0.0, 4.0)]
    assert recording.tempos.tolist() == [(0.0, 120.0)]


@pytest.mark.parametrize(
    ("fault", "repair"),
    [
        ("no resolution", "no resolution in the header, 480 ticks a beat assumed"),
        ("length too long", "a track of another length than it says"),
        ("type 7", "type 7, read as type 1"),
        ("a RIFF around it", "bytes before the header"),
    ],
)
def test_what_was_mended_is_said(fault: str, repair: str) -> None:
    assert repair in read_recording(BROKEN_BUT_READABLE[fault], "x").repairs


def test_a_whole_file_needs_no_mending() -> None:
    recording = read_recording(WHOLE, "x")
    assert recording.repairs == ()
    assert recording.left_out == ()


def test_a_file_cut_off_in_a_note_keeps_the_time_that_passed() -> None:
    recording = read_recording(smf(chunk(NOTE_C[:7], length=12)), "x")
    assert recording.notes.tolist() == ONE_NOTE
    assert left_out(recording) == {"rest of a damaged track": 1}


def test_values_above_127_are_clipped() -> None:
    loud = b"\x00\x90\x3c\xd0\x83\x60\x80\x3c\x40\x00\xb0\x40\xff"
    recording = read_recording(smf(chunk(loud + END)), "x")
    assert recording.notes.tolist() == [(0.0, 1.0, 60, 127)]
    assert recording.pedals.tolist() == [(1.0, 64, 127)]


def test_a_note_of_no_length_is_a_short_one(tmp_path: Path) -> None:
    track = [on(60), off(60), on(60, 480), off(60, 480)]
    notes = read_recording(midi_file(tmp_path / "x.mid", [track])).notes
    assert notes["onset"].tolist() == [0.0, 1.0]
    assert notes["duration"].tolist() == [SHORTEST, 1.0]


def test_a_strike_may_come_just_before_the_release_of_the_note_before(tmp_path: Path) -> None:
    track = [on(60), on(60, 480, velocity=70), off(60), off(60, 480)]
    notes = read_recording(midi_file(tmp_path / "x.mid", [track])).notes
    assert notes.tolist() == [(0.0, 1.0, 60, 80), (1.0, 1.0, 60, 70)]


def test_a_key_struck_twice_at_once_is_one_note(tmp_path: Path) -> None:
    left = [on(60, velocity=50), off(60, 480)]
    right = [on(60, velocity=90), off(60, 240)]
    recording = read_recording(midi_file(tmp_path / "x.mid", [left, right]))
    assert recording.notes.tolist() == [(0.0, 1.0, 60, 90)]
    assert left_out(recording) == {"key struck twice at once": 1}


def test_one_hand_ends_the_note_that_the_other_holds(tmp_path: Path) -> None:
    left = [on(60, velocity=50), off(60, 1920)]
    right = [on(60, 960, velocity=90), off(60, 480)]
    notes = read_recording(midi_file(tmp_path / "x.mid", [left, right])).notes
    assert notes.tolist() == [(0.0, 2.0, 60, 50), (2.0, 1.0, 60, 90)]


def left_out(recording: Recording) -> dict[str, int]:
    return {item.reason: item.count for item in recording.left_out}


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    piano = [
        mido.MetaMessage("track_name", name="piano"),
        on(60),
        on(10),
        off(60, 480),
        off(10),
    ]
    drums = [on(36, channel=9), off(36, 9, channel=9)]
    program = mido.Message("program_change", program=33, channel=1)
    bass = [program, on(40, channel=1), off(40, 9, channel=1), on(41, channel=1), off(41, 9, 1)]
    melody = [mido.MetaMessage("track_name", name="Mel\nody"), on(72), off(72, 9)]
    path = midi_file(tmp_path / "x.mid", [piano, drums, bass, melody])
    recording = read_recording(path)
    assert recording.notes.tolist() == ONE_NOTE
    assert left_out(recording) == {
        "drums": 1,
        "another instrument (program 33)": 2,
        "another track (Mel ody)": 1,
        "note outside the piano's keys": 1,
    }


def test_every_part_but_drums_on_request(tmp_path: Path) -> None:
    piano = [mido.MetaMessage("track_name", name="piano"), on(60), off(60, 480)]
    melody = [on(72), off(72, 480)]
    drums = [on(36, channel=9), off(36, 9, channel=9)]
    path = midi_file(tmp_path / "x.mid", [piano, melody, drums])
    assert read_recording(path, every_part=True).notes["pitch"].tolist() == [60, 72]


def test_in_one_track_the_programs_tell_the_piano(tmp_path: Path) -> None:
    track = [
        mido.MetaMessage("track_name", name="Piano Concerto"),
        mido.Message("program_change", program=1, channel=0),
        mido.Message("program_change", program=48, channel=1),
        *(on(60), on(70, channel=1), off(60, 480), off(70, channel=1)),
    ]
    path = midi_file(tmp_path / "x.mid", [track], type_=0)
    assert read_recording(path).notes["pitch"].tolist() == [60]


def test_a_change_of_program_leaves_out_what_follows(tmp_path: Path) -> None:
    change = mido.Message("program_change", program=48)
    pedal = [mido.Message("control_change", control=64, value=v) for v in (99, 0)]
    track = [pedal[0], on(60), off(60, 480), change, pedal[1], on(70), off(70, 480)]
    recording = read_recording(midi_file(tmp_path / "x.mid", [track]))
    assert recording.notes["pitch"].tolist() == [60]
    assert left_out(recording) == {"another instrument (program 48)": 1}


def test_three_pedals_half_way_and_in_a_track_of_their_own(tmp_path: Path) -> None:
    moves = [(64, 40), (66, 127), (67, 3), (1, 9), (64, 90)]
    pedals = [mido.Message("control_change", control=c, value=v, time=240) for c, v in moves]
    path = midi_file(tmp_path / "x.mid", [[on(60), off(60, 1920)], pedals])
    expected = [(0.5, 64, 40), (1.0, 66, 127), (1.5, 67, 3), (2.5, 64, 90)]
    assert read_recording(path).pedals.tolist() == expected


def test_a_pedal_that_is_written_into_both_hands_moves_once(tmp_path: Path) -> None:
    pedal = mido.Message("control_change", control=64, value=90, time=240)
    hands = [[on(key), pedal, off(key, 240)] for key in (40, 60)]
    recording = read_recording(midi_file(tmp_path / "x.mid", hands))
    assert recording.pedals.tolist() == [(0.5, 64, 90)]


def test_smpte_time_is_read_at_120_bpm() -> None:
    two_seconds = b"\x00\x90\x3c\x50\x8f\x50\x80\x3c\x40"  # 2000 ticks
    slow = b"\x00\xff\x51\x03\x1e\x84\x80"  # 30 BPM, which means nothing here
    recording = read_recording(smf(chunk(slow + two_seconds + END), division=b"\xe7\x28"), "x")
    assert recording.notes.tolist() == [(0.0, 4.0, 60, 80)]
    assert recording.tempos.tolist() == [(0.0, 120.0)]
    assert recording.seconds(4.0) == pytest.approx(2.0)


def test_drop_frame_time_is_30_by_1001() -> None:
    ticks = b"\x00\x90\x3c\x50\x81\xea\x30\x80\x3c\x40"  # 30000 ticks of 1/2997 s and a bit
    recording = read_recording(smf(chunk(ticks + END), division=b"\xe3\x64"), "x")
    seconds = recording.seconds(float(recording.notes["duration"][0]))
    assert seconds == pytest.approx(30_000 / (100 * 30_000 / 1001))


def test_the_sequences_of_type_2_follow_each_other_from_bar_lines() -> None:
    waltz = b"\x00\xff\x58\x04\x03\x02\x18\x08\x00\xff\x51\x03\x0f\x42\x40"  # 3/4, 60 BPM
    recording = read_recording(smf(chunk(waltz + NOTE_C + END), chunk(NOTE_C + END), type_=2), "x")
    assert recording.notes.tolist() == [*ONE_NOTE, (3.0, 1.0, 60, 80)]
    assert recording.tempos.tolist() == [(0.0, 60.0), (3.0, 120.0)]
    assert recording.bars.tolist() == [(0.0, 3.0), (3.0, 4.0)]


def test_a_type_2_with_one_voice_is_a_type_1() -> None:
    conductor = b"\x00\xff\x51\x03\x0f\x42\x40"
    recording = read_recording(smf(chunk(conductor + END), chunk(NOTE_C + END), type_=2), "x")
    assert recording.notes.tolist() == ONE_NOTE
    assert recording.tempos.tolist() == [(0.0, 60.0)]


def test_the_last_of_several_tempos_at_one_tick_holds(tmp_path: Path) -> None:
    tempos = [tempo(bpm, time) for bpm in (70, 80, 90) for time in (480, 0, 0)]
    path = midi_file(tmp_path / "x.mid", [tempos * 10, [on(60), off(60, 480)]])
    values = [bpm for _, bpm in read_recording(path).tempos.tolist()]
    assert values == pytest.approx([120.0, *([70.0, 80.0, 90.0] * 10)], rel=1e-5)


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        (Limits(midi_bytes=20), "larger than 20 bytes"),
        (Limits(notes=3), "4 notes, at most 3"),
        (Limits(beats=3.5), "4 beats long, at most 3.5"),
        (Limits(midi_tracks=1), "more than 1 tracks"),
    ],
)
def test_limits_are_kept(tmp_path: Path, limits: Limits, fault: str) -> None:
    track = [message for key in range(60, 64) for message in (on(key), off(key, 480))]
    path = midi_file(tmp_path / "x.mid", [track, []])
    with pytest.raises(MidiFileError, match=fault):
        read_recording(path, limits=limits)


def test_bytes_are_read_like_the_file(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "x.mid", [[on(60), off(60, 480)]])
    from_bytes = read_recording(path.read_bytes(), "other", where="a.zip: x.mid")
    assert from_bytes.name == "other"
    assert from_bytes.notes.tolist() == read_recording(path).notes.tolist()
    with pytest.raises(MidiFileError, match=r"^a\.zip: x\.mid: "):
        read_recording(b"", "other", where="a.zip: x.mid")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.mid")
    with pytest.raises(MidiFileError, match="not a plain file"):
        read_recording(tmp_path / "pipe.mid")


def test_times_are_seconds_of_many_beats(tmp_path: Path) -> None:
    conductor = [tempo(120), tempo(60, 480 * 4), tempo(240, 480 * 4)]
    recording = read_recording(midi_file(tmp_path / "x.mid", [conductor, [on(60), off(60, 9600)]]))
    beats = np.array([-1.0, 0.0, 3.0, 4.0, 5.5, 8.0, 20.0])
    expected = [recording.seconds(beat) for beat in beats[1:].tolist()]
    assert recording.times(beats).tolist() == pytest.approx([-0.5, *expected])


def test_hours_are_read(tmp_path: Path) -> None:
    track = [message for _ in range(4 * 3600) for message in (on(60, 240), off(60, 720))]
    recording = read_recording(midi_file(tmp_path / "x.mid", [track]))
    assert len(recording.notes) == 4 * 3600
    assert recording.seconds(recording.beats) == pytest.approx(4 * 3600.0)


# Both readers against each other and against mido.

EVENTS = st.lists(
    st.tuples(
        st.integers(0, 3),  # ticks since the last event
        st.sampled_from([60, 61, 108, 109]),
        st.sampled_from([0, 1, 64, 127]),  # velocity; 0 is a release
        st.sampled_from([0, 1, 9]),  # channel
    ),
    max_size=30,
)


def messages(events: list[tuple[int, int, int, int]]) -> list[mido.Message]:
    return [on(key, time, velocity, channel) for time, key, velocity, channel in events]


def as_mido_has_it(path: Path) -> list[tuple[int, int, int, int]]:
    """Sorted (start, pitch, end, velocity) in ticks, note by note, by the rules of this reader."""
    notes: list[tuple[int, int, int, int]] = []
    for track in mido.MidiFile(path).tracks:
        notes += paired_by_mido(track)
    united: dict[tuple[int, int], tuple[int, int]] = {}
    for start, pitch, end, velocity in notes:
        known = united.get((pitch, start), (0, 0))
        united[pitch, start] = max(end, known[0]), max(velocity, known[1])
    result = []
    for (pitch, start), (end, velocity) in united.items():
        later = [s for p, s in united if p == pitch and s > start]
        if 21 <= pitch <= 108:
            result.append((start, pitch, min([end, *later]), velocity))
    return sorted(result)


def paired_by_mido(track: mido.MidiTrack) -> list[tuple[int, int, int, int]]:
    tick = 0
    pairs: dict[Any, list[list[int]]] = defaultdict(list)
    for message in track:
        tick += message.time
        if message.type == "note_on" and message.channel != 9:
            notes = pairs[message.channel, message.note]
            if message.velocity:
                notes.append([tick, -1, message.velocity])
            else:
                open_ = [note for note in notes if note[1] < 0]
                if open_:
                    open_[0][1] = tick
    found = []
    for (_, pitch), notes in pairs.items():
        ends = [tick if end < 0 else end for _, end, _ in notes]
        for (start, _, velocity), end in zip(notes, ends, strict=True):
            first = min(e for e in ends if e > start) if end > start else end
            found.append((start, pitch, first, velocity))
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=2))
def test_notes_are_those_that_mido_finds(
    tmp_path_factory: pytest.TempPathFactory, tracks: list[list[tuple[int, int, int, int]]]
) -> None:
    path = tmp_path_factory.mktemp("mido") / "x.mid"
    midi_file(path, [messages(events) for events in tracks], 8)
    expected = as_mido_has_it(path)
    if not expected:
        with pytest.raises(MidiFileError):
            read_recording(path)
        return
    notes = read_recording(path).notes
    found = [
        (round(o * 8), p, round((o + d) * 8) if d != SHORTEST else round(o * 8), v)
        for o, d, p, v in notes.tolist()
    ]
    assert found == expected


def content(parts: Parts) -> list[Any]:
    listed = [
        (p.track_name, p.channel, p.program, sorted(p.notes().T.tolist()), p.pedals().tolist())
        for p in parts.parts
        if p.size
    ]
    return [sorted(listed), parts.tempos, parts.metres]


@settings(max_examples=200, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=3), st.data())
def test_both_readers_agree(
    tmp_path_factory: pytest.TempPathFactory,
    tracks: list[list[tuple[int, int, int, int]]],
    data: st.DataObject,
) -> None:
    others = [tempo(93, 1), metre(3, 4, 2), mido.Message("control_change", control=64, value=3)]
    others += [mido.Message("sysex", data=[1, 2]), mido.Message("pitchwheel", pitch=3, time=1)]
    files = [messages(events) for events in tracks]
    for file in files:
        for message in data.draw(st.lists(st.sampled_from(others), max_size=3)):
            file.insert(data.draw(st.integers(0, len(file))), message)
    path = midi_file(tmp_path_factory.mktemp("both") / "x.mid", files, 8)
    bodies = read_frame(path.read_bytes(), "x", Limits()).bodies
    try:
        bulk = content(read_bulk(bodies))
    except NotFlawlessError:
        return
    assert bulk == content(read_tolerant(bodies))


def test_flawless_files_are_read_in_bulk(pop909: Path) -> None:
    for file in sorted(pop909.glob("*.mid"))[:5]:
        bodies = read_frame(file.read_bytes(), "x", Limits()).bodies
        assert content(read_bulk(bodies)) == content(read_tolerant(bodies))
