from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpus.demo
from corpus.cutting.precut import (
    COPY,
    PreCutName,
    cut_by_name,
    cut_whole,
    parse_name,
    same_music,
    unique,
    whole_beats,
)
from corpus.cutting.rotation import rotate
from corpus.cutting.segment import CutSettings, Segment, cut
from corpus.midiwrite import write_phrase
from corpus.reading.midifile import read_recording
from corpus.reading.recording import CHANGE, LeftOut, Recording
from models.notes import Phrase, note_array, pedal_array, transpose, transposed

DEMO = Path(corpus.demo.__file__).parent
TICK = 1 / 960


def demo(stem: str = "01-boogie-c", at: int = 2) -> Phrase:
    return cut(read_recording(DEMO / f"{stem}.mid")).segments[at].phrase


def written(folder: Path, stem: str, phrase: Phrase, offset: float = 1.0) -> Recording:
    write_phrase(folder / f"{stem}.mid", phrase, stem, offset)
    return read_recording(folder / f"{stem}.mid")


def only_segment(recording: Recording) -> Segment:
    found = cut_by_name(recording) or cut_whole(recording)
    assert found is not None
    (segment,) = found.segments
    return segment


def same_notes(one: Phrase, other: Phrase) -> bool:
    """Within a tick."""
    a, b = (
        p.notes[np.lexsort((p.notes["onset"].round(2), p.notes["pitch"]))] for p in (one, other)
    )
    return bool(
        len(a) == len(b)
        and (a["pitch"] == b["pitch"]).all()
        and (a["velocity"] == b["velocity"]).all()
        and np.allclose(a["onset"], b["onset"], atol=TICK)
        and np.allclose(a["duration"], b["duration"], atol=2 * TICK)
    )


def recording(onsets: list[float], end: float, bar: float = 4.0, name: str = "take") -> Recording:
    rows = [(onset, 0.4, 60 + i % 5, 80) for i, onset in enumerate(sorted(onsets))]
    rows[-1] = (rows[-1][0], end - rows[-1][0], rows[-1][2], 80)
    tempos, bars = np.array([(0, 120)], CHANGE), np.array([(0, bar)], CHANGE)
    return Recording(name, note_array(rows), pedal_array([]), tempos, bars, end)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("take_10-14", PreCutName("take", 10, 14)),
        ("my_take-2_10.5-14.25", PreCutName("my_take-2", 10.5, 14.25, precision=0.1)),
        ("take_10-14_t03s2", PreCutName("take", 10, 14, 3, 2, True)),
        ("take_10-14_t-3s00", PreCutName("take", 10, 14, -3, 0, True)),
        ("a_1-2_3.25-7.25_t+5s1.5", PreCutName("a_1-2", 3.25, 7.25, 5, 1.5, True, 0.01)),
    ],
)
def test_names_by_the_convention_are_read(stem: str, name: PreCutName) -> None:
    assert parse_name(stem) == name


@pytest.mark.parametrize(
    "stem",
    [
        "take",
        "_10-14",
        "take_14-10",
        "take_10-10",
        "take-10-14",
        "take_10-14_t3",
        "take_10-14_s3",
        "take_10-14_t03s2x",
        "20240131-96-02",
        "take_10",
        "take_-10-14",
        "take_1e3-2e3",
        "take_1-\u0662",
    ],
)
def test_names_that_follow_another_habit_say_nothing(stem: str) -> None:
    assert parse_name(stem) is None


@given(
    st.from_regex(r"[A-Za-z0-9_-]{1,12}[A-Za-z]", fullmatch=True),
    st.integers(0, 9999),
    st.integers(1, 99),
    st.integers(-11, 11),
    st.integers(0, 7),
)
def test_any_name_that_is_written_is_read(
    track: str, start: int, span: int, semitones: int, beats: int
) -> None:
    name = parse_name(f"{track}_{start}-{start + span}_t{semitones:02d}s{beats:02d}")
    assert name == PreCutName(track, start, start + span, semitones, beats, True)


def test_a_named_file_is_the_segment_that_was_written(tmp_path: Path) -> None:
    phrase = demo()
    seconds = 16 * 60 / phrase.bpm
    stem = f"my_boogie-1_{seconds:.2f}-{seconds + 8 * 60 / phrase.bpm:.2f}"
    segment = only_segment(written(tmp_path, stem, phrase))
    assert segment.id == "my_boogie-1@16"
    assert (segment.phrase.beats, segment.origin) == (8.0, stem)
    assert same_notes(segment.phrase, phrase)
    assert segment.loopability > 0.5


def test_where_the_seconds_count_the_lead_in_too_the_first_beat_is_one_later(
    tmp_path: Path,
) -> None:
    phrase = replace(demo(), bpm=120.0)
    assert only_segment(written(tmp_path, "take_7.5-12.0", phrase)).start_beat == 16
    assert only_segment(written(tmp_path, "take_8.0-12.0", phrase)).start_beat == 16
    assert only_segment(written(tmp_path, "take_8.2-12.2", phrase)).start_beat == 16.4


def test_of_the_beat_of_lead_in_only_the_lead_in_belongs_to_the_segment() -> None:
    onsets = [0.0, 0.5, 0.9, *(1 + i / 2 for i in range(16)), 8.95]
    take = recording(onsets, end=9.0, name="take_8-12")
    found = cut_by_name(take)
    assert found is not None
    assert found.segments[0].phrase.notes["onset"][:2].tolist() == pytest.approx([-0.1, 0.0])
    assert found.segments[0].phrase.notes["onset"].max() == 7.5
    assert found.left_out == (
        LeftOut("a note of what went before", 2),
        LeftOut("a note of what follows", 1),
    )
    wide = cut_by_name(take, settings=CutSettings(lead_in=0.5))
    assert wide is not None
    assert wide.segments[0].phrase.notes["onset"][0] == -0.5


@pytest.mark.parametrize(
    ("name", "beats", "end"),
    [("take_10-12", 9, 9.0), ("take_8-12", 30, 30.0), ("take_8-12", 1, 0.9)],
)
def test_a_file_that_is_not_what_its_name_says_is_not_believed(
    name: str, beats: int, end: float
) -> None:
    onsets = [i / 2 for i in range(2 * beats - 1)]
    assert cut_by_name(recording(onsets, end, name=name)) is None


@pytest.mark.parametrize(
    ("name", "bar", "last", "beats", "start"),
    [
        ("take_8.000-10.000", 4, 4.5, 4, 16),
        ("take_8.000-16.000", 4, 16.5, 16, 16),
        ("take_8.000-16.000", 4, 12.0, 16, 16),  # it ends with a rest
        ("take_8.000-10.500", 5, 5.5, 5, 16),
        ("take_8.000-11.000", 3, 6.5, 6, 16),
        ("take_8.000-11.500", 3.5, 7.5, 7, 16),
        ("take_5.250-8.750", 3.5, 7.5, 7, 10.5),
        ("take_8.000-10.250", 4.5, 4.5, 4.5, 16),
        ("take_8.000-11.500", 4, 7.5, 7, 16),  # whole beats, if not whole bars
        ("take_8.000-12.500", 3, 8.5, 9, 16),
        ("take_8.000-12.500", 4, 8.5, 8, 17),  # eight, and START is that of the lead-in
        ("take_8.000-12.500", 4, 9.0, 9, 16),  # more than eight
        ("take_8.000-12.150", 4, 8.5, 8, 16),  # about eight
        ("take_8-12", 3, 8.5, 8, 16),
        ("take_8-16", 4, 16.5, 16, 16),
        ("take_8.000-10.000_t00s01", 4, 8.5, 8, 16),
        ("take_8.000-12.500_t00s01", 3, 8.5, 8, 17),
    ],
)
def test_the_seconds_in_the_name_give_the_length(
    name: str, bar: float, last: float, beats: float, start: float
) -> None:
    take = recording([*np.arange(1, last, 0.5).tolist(), last], last + 0.4, bar, name)
    segment = only_segment(take)
    assert (segment.phrase.beats, segment.start_beat, segment.track) == (beats, start, "take")


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("take_8.000-10.000", 5.5),  # notes after its end
        ("take_8.000-9.000", 2.5),  # too short
        ("take_8.000-17.000", 17.0),  # too long
        ("take_8.000-10.650", 5.0),  # neither whole beats nor about eight
    ],
)
def test_seconds_that_are_not_those_of_the_file_say_nothing(name: str, last: float) -> None:
    take = recording([*np.arange(1, last, 0.5).tolist(), last], last + 0.4, name=name)
    assert cut_by_name(take) is None


@given(
    st.sampled_from([2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0]),
    st.integers(1, 8),
    st.integers(0, 10_000),
    st.integers(150_000, 2_000_000),
)
def test_whole_bars_of_any_metre_and_tempo_are_read_as_they_are_named(
    bar: float, count: int, place: int, pace: int
) -> None:
    """`pace` in microseconds a beat, as a file has it; the name is written from more digits."""
    beats, start = count * bar, place / 2
    if not 4 <= beats <= 16:
        return
    second = (pace + 0.4) / 1e6
    name = f"take_{start * second:.3f}-{(start + beats) * second:.3f}"
    take = recording([1.0, 2.0, beats + 0.9], beats + 1, bar, name)
    segment = only_segment(replace(take, tempos=np.array([(0, 6e7 / pace)], CHANGE)))
    assert (segment.phrase.beats, segment.start_beat) == (beats, start)


@pytest.mark.parametrize(
    ("last", "end", "bar", "beats"),
    [
        (7.5, 8.0, 4, 8),
        (7.5, 7.95, 4, 8),
        (7.5, 9.4, 4, 8),  # it rings on
        (6.5, 7.0, 4, 7),
        (7.0, 7.3, 4, 8),  # short, in the last half of a bar
        (5.0, 5.3, 4, None),
        (3.5, 4.0, 4, 4),
        (2.5, 3.0, 4, None),
        (15.5, 16.0, 4, 16),
        (16.5, 17.0, 4, None),
        (5.5, 6.0, 3, 6),
        (60.0, 64.0, 4, None),
    ],
)
def test_the_length_of_a_short_file(
    last: float, end: float, bar: float, beats: float | None
) -> None:
    onsets = [*np.arange(0, last, 0.5).tolist(), last]
    assert whole_beats(recording(onsets, end, bar)) == beats


def test_where_the_file_says_its_end_that_counts() -> None:
    take = recording([0, 1, 2, 3, 4, 5, 6, 6.5], end=8.6)
    assert whole_beats(take, end=7.0) == 7.0
    assert whole_beats(take, end=6.5) == 8.0


def test_a_short_file_is_taken_as_it_is(tmp_path: Path) -> None:
    phrase = demo("09-ballad-f")
    lead_in = phrase.notes["onset"] < 0
    phrase = replace(phrase, notes=phrase.notes[~lead_in])
    take = written(tmp_path, "waltz", phrase, offset=0.0)
    assert cut_by_name(take) is None
    segment = only_segment(take)
    assert (segment.id, segment.phrase.beats, segment.phrase.bar) == ("waltz@0", 6.0, 3.0)
    assert same_notes(segment.phrase, phrase)


def test_the_last_notes_of_a_short_file_are_its_own() -> None:
    take = recording([0, 1, 2, 3, 4, 5, 6, 7, 7.95], end=8.0)
    assert only_segment(take).phrase.notes["onset"].max() == 7.95


def variant(phrase: Phrase, semitones: int, beats: int) -> Phrase:
    turned = rotate(phrase.notes, phrase.beats, beats)
    return replace(phrase, notes=transpose(turned, semitones))


def family(folder: Path, kinds: list[tuple[int, int]], way: int = 1) -> list[Segment]:
    """The segments of files that are one original, so transposed and rotated."""
    phrase, found = replace(demo(), bpm=120.0), []
    for semitones, beats in kinds:
        stem = f"take_8-12_t{semitones:02d}s{beats:02d}"
        music = variant(phrase, semitones, way * beats)
        found.append(only_segment(written(folder, stem, music)))
    return found


@pytest.mark.parametrize("way", [1, -1])
def test_of_transposed_and_rotated_copies_the_original_stays(tmp_path: Path, way: int) -> None:
    segments = family(tmp_path, [(3, 2), (-5, 0), (0, 0), (0, 7), (2, 4)], way)
    found = unique(segments)
    assert found.segments == [segments[2]]
    assert found.left_out == (LeftOut(COPY, 4),)


def test_without_the_original_the_first_copy_stays(tmp_path: Path) -> None:
    segments = family(tmp_path, [(3, 2), (-5, 0), (2, 4)])
    found = unique(segments)
    assert found.segments == [segments[0]]
    assert (segments[0].id, segments[0].transposed, segments[0].rotated) == ("take@16", 3, 2)


def test_a_wrong_name_loses_no_music(tmp_path: Path) -> None:
    original = family(tmp_path, [(0, 0)])[0]
    notes = original.phrase.notes.copy()
    notes["pitch"][5] += 1
    strange = replace(
        original, phrase=replace(original.phrase, notes=notes), origin="take_8-12_t00s01"
    )
    fewer = replace(
        original, phrase=replace(original.phrase, notes=notes[:-3]), origin="other/take_8-12"
    )
    found = unique([original, strange, fewer])
    assert [segment.id for segment in found.segments] == [
        "take@16",
        "take_8-12_t00s01@0",
        "other/take_8-12@0",
    ]
    assert found.left_out == ()


def test_segments_of_long_recordings_are_never_copies() -> None:
    segments = cut(read_recording(DEMO / "11-funk-em.mid")).segments
    assert unique([*segments, *segments]).segments == [*segments, *segments]


def test_what_is_there_in_its_recording_too_is_a_copy(tmp_path: Path) -> None:
    copies = family(tmp_path, [(0, 0), (3, 2)])
    whole = Segment("take", 16.0, replace(demo(), bpm=120.0))
    found = unique([copies[0], whole, copies[1]])
    assert found.segments == [whole]
    other = unique([copies[0], replace(whole, phrase=demo("03-bossa-am"))]).segments
    assert [segment.id for segment in other] == ["take_8-12_t00s00@0", "take@16"]


@pytest.mark.parametrize("stem", ["03-bossa-am", "11-funk-em", "15-stride-bb", "20-rock-bm"])
def test_every_transposition_and_rotation_is_known_again_and_no_other_music(stem: str) -> None:
    segments = cut(read_recording(DEMO / f"{stem}.mid")).segments[:6]
    one, other = (replace(segment, origin="x") for segment in segments[:2])
    for semitones in range(-6, 6):
        for beats in range(8):
            copy = replace(
                one,
                phrase=variant(one.phrase, semitones, beats),
                transposed=semitones,
                rotated=float(beats),
            )
            assert same_music(one, copy)
            assert same_music(copy, one)
            assert not same_music(other, copy)
    assert not same_music(one, replace(one, phrase=transposed(one.phrase, 1)))
