from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.music import midi_file, off, on

import corpus.cutting.segment
from corpus.cutting.segment import LEAD_IN, CutSettings, Segment, bars_within, cut_phrase
from corpus.cutting.segment import cut as cut_all
from corpus.errors import CorpusError
from corpus.reading.midifile import read_recording
from corpus.reading.recording import Recording
from models.notes import note_array, pedal_array

CHANGE = np.dtype([("beat", "<f8"), ("value", "<f8")])


def recording(
    rows: list[tuple[float, float, int, int]],
    pedals: list[tuple[float, int, int]] | None = None,
    bar: float = 4.0,
) -> Recording:
    notes = note_array(rows)
    end = float((notes["onset"] + notes["duration"]).max())
    tempos, bars = np.array([(0, 120)], CHANGE), np.array([(0, bar)], CHANGE)
    return Recording("take", notes, pedal_array(pedals or []), tempos, bars, end)


def cut(take: Recording, settings: CutSettings | None = None) -> list[Segment]:
    return cut_all(take, settings).segments


def quarters(count: int, early: float = 0.0) -> list[tuple[float, float, int, int]]:
    return [(max(0.0, i - early), 0.9, 40 + i % 12, 80) for i in range(count)]


def test_a_take_is_cut_at_every_second_bar() -> None:
    segments = cut(recording(quarters(32)))
    assert [segment.start_beat for segment in segments] == [0, 8, 16, 24]
    assert [segment.id for segment in segments][:2] == ["take@0", "take@8"]
    assert all(segment.phrase.beats == 8 for segment in segments)


def test_a_note_just_before_the_bar_is_the_lead_in_of_what_follows() -> None:
    segments = cut(recording(quarters(16, early=0.1)))
    assert segments[1].phrase.notes["onset"][0] == pytest.approx(-0.1)
    assert segments[0].phrase.notes["onset"].max() < 8 - LEAD_IN


@given(
    st.lists(
        st.tuples(st.floats(0, 63), st.floats(0.05, 6), st.integers(30, 80), st.integers(1, 127)),
        min_size=12,
        max_size=120,
    )
)
def test_no_note_belongs_to_two_segments(rows: list[tuple[float, float, int, int]]) -> None:
    take = recording(rows)
    found = []
    for segment in cut(take):
        onsets = segment.phrase.notes["onset"]
        assert (onsets >= -LEAD_IN - 1e-9).all()
        assert (onsets < segment.phrase.beats - LEAD_IN + 1e-9).all()
        found += (onsets + segment.start_beat).round(6).tolist()
    everything = take.notes["onset"].round(6).tolist()
    for onset in set(found):
        assert found.count(onset) <= everything.count(onset)


def test_tails_keep_their_length() -> None:
    rows = [*quarters(15), (15.5, 6.0, 90, 80)]
    last = cut(recording(rows))[-1]
    assert last.phrase.notes["duration"].max() == 6.0


def test_the_pedal_state_at_the_start_is_part_of_a_segment() -> None:
    pedals = [(6.0, 64, 127), (9.0, 64, 0), (20.0, 67, 127)]
    segments = cut(recording(quarters(32), pedals))
    assert segments[0].phrase.pedals.tolist() == [(0.0, 64, 0), (6.0, 64, 127)]
    assert segments[1].phrase.pedals.tolist() == [(0.0, 64, 127), (1.0, 64, 0)]
    assert segments[3].phrase.pedals.tolist() == [(0.0, 64, 0), (0.0, 67, 127)]


@given(
    st.lists(
        st.tuples(st.floats(0, 64), st.sampled_from([64, 65, 66, 67]), st.integers(0, 127)),
        max_size=30,
    ),
    st.integers(0, 60),
)
def test_the_state_of_each_pedal_is_what_its_last_event_said(
    rows: list[tuple[float, int, int]], start: int
) -> None:
    take = recording(quarters(64), rows)
    events = take.pedals.tolist()
    state = dict.fromkeys((64,), 0) | {
        control: value
        for beat, control, value in events
        if beat <= start and control in (64, 66, 67)
    }
    inside = [(b - start, control, value) for b, control, value in events if start < b < start + 4]
    found = cut_phrase(take, float(start), 4.0, 4.0).pedals.tolist()
    assert found == [(0.0, control, state[control]) for control in sorted(state)] + inside


def test_silence_at_the_start_and_in_the_middle_is_left_out() -> None:
    rows = [row for row in quarters(40) if row[0] >= 8 and not 16 <= row[0] < 24]
    assert [segment.start_beat for segment in cut(recording(rows))] == [8, 24, 32]


@pytest.mark.parametrize(
    ("bar", "beats", "length"),
    [(4, 8, 8), (3, 8, 6), (2, 8, 8), (5, 8, 5), (3.5, 8, 7), (3, 4, 6), (4, 4, 4), (4, 16, 16)],
)
def test_segments_are_whole_bars(bar: float, beats: int, length: float) -> None:
    assert bars_within(bar, beats) == length


def test_a_change_of_metre_starts_afresh(tmp_path: Path) -> None:
    conductor = [
        mido.MetaMessage("time_signature", numerator=4, denominator=4),
        mido.MetaMessage("time_signature", numerator=3, denominator=4, time=480 * 12),
    ]
    track = [message for i in range(24) for message in (on(40 + i), off(40 + i, 480))]
    segments = cut(read_recording(midi_file(tmp_path / "x.mid", [conductor, track])))
    spans = [(segment.start_beat, segment.phrase.beats) for segment in segments]
    assert spans == [(0, 8), (12, 6), (18, 6)]


def left_out(take: Recording, settings: CutSettings | None = None) -> list[tuple[str, int]]:
    return [(one.reason, one.count) for one in cut_all(take, settings).left_out]


def test_a_metre_that_changes_inside_a_bar_is_not_overrun() -> None:
    take = recording(quarters(30))
    bars = np.array([(0, 4), (14, 4)], CHANGE)
    segments = cut(replace(take, bars=bars))
    assert [segment.start_beat for segment in segments] == [0, 14, 22]
    assert left_out(replace(take, bars=bars)) == [
        ("less than 8 beats before the metre changes (first at beat 8)", 1)
    ]


def test_what_is_left_out_is_counted_by_reason_and_said_where() -> None:
    gaps = [(8, 16), (28, 32), (52, 56)]
    rows = [row for row in quarters(70) if not any(a <= row[0] < b for a, b in gaps)]
    assert left_out(recording(rows)) == [
        ("silence (first at beat 8)", 1),
        (
            "does not loop: its second half is empty (score 0.00 of 0.50 needed, first at beat 24)",
            2,
        ),
        ("less than 8 beats before its end (first at beat 64)", 1),
    ]


@given(
    st.lists(st.integers(0, 4000).map(lambda eighth: eighth / 8), min_size=1, max_size=8),
    st.sampled_from([1.5, 3.0, 3.5, 4.0]),
    st.sampled_from([0.0, 0.125, 0.1, 1.0]),
)
def test_long_silence_is_counted_as_if_it_were_cut(
    onsets: list[float], bar: float, lead_in: float
) -> None:
    take = recording([(onset, 0.5, 60, 80) for onset in onsets], bar=bar)
    found = cut_all(take, CutSettings(lead_in=lead_in, min_loopability=0))
    counts = {one.reason.split(" (")[0]: one.count for one in found.left_out}
    length, empty, filled = bars_within(bar, 8), 0, []
    heard = [onset for onset in onsets if onset < take.beats - lead_in]
    whole, inside = divmod(min(heard, default=take.beats) + lead_in, bar)
    start = (whole + (inside > bar / 2 and len(heard) > 1)) * bar
    while start + length <= take.beats + bar / 2 + 1e-6:
        if any(start - lead_in <= onset < start + length - lead_in for onset in onsets):
            filled.append(start)
        else:
            empty += 1
        start += length
    assert [segment.start_beat for segment in found.segments] == filled
    assert counts.get("silence", 0) == empty


def test_days_of_silence_are_passed_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[float] = []
    known = corpus.cutting.segment._piece

    def counted(recording: Recording, start: float, *rest: Any) -> Any:
        judged.append(start)
        return known(recording, start, *rest)

    monkeypatch.setattr(corpus.cutting.segment, "_piece", counted)
    far = [(onset + 160_000, *rest) for onset, *rest in quarters(16)]
    take = recording([*quarters(16), *far])  # type: ignore[list-item]
    assert left_out(take) == [("silence (first at beat 16)", 19_998)]
    assert judged == [0, 8, 16, 160_000, 160_008]
    after = replace(take, beats=199_999.0)
    assert ("silence (first at beat 16)", 19_998 + 4_998) in left_out(after)


def test_bars_that_are_longer_than_any_segment_are_left_out() -> None:
    take = recording(quarters(60), bar=17)
    assert cut(take) == []
    assert left_out(take) == [("bars of 17 beats, more than 16 (first at beat 0)", 1)]


def test_an_upbeat_does_not_shift_the_bars() -> None:
    rows = [row for row in quarters(24) if row[0] >= 3]
    assert [segment.start_beat for segment in cut(recording(rows))] == [4, 12]
    reasons = [reason for reason, _ in left_out(recording(rows))]
    assert reasons[0] == "an upbeat before the first whole bar (first at beat 4)"


def test_a_segment_says_how_well_it_loops_and_the_threshold_is_a_setting() -> None:
    rows = [row for row in quarters(16) if not 5 <= row[0] < 8]
    everything = cut(recording(rows), CutSettings(min_loopability=0))
    assert [segment.start_beat for segment in everything] == [0, 8]
    assert everything[0].loopability < 0.5 < everything[1].loopability
    assert [segment.start_beat for segment in cut(recording(rows))] == [8]


def two_phrases(bars: int, rest: int) -> list[tuple[float, float, int, int]]:
    """So many bars of one thing, then of another."""
    low = [(float(i), 0.9, (36, 43, 40, 43)[i % 4], 80) for i in range(4 * bars)]
    high = [(float(4 * bars + i), 0.4, (77, 74, 72, 69)[i % 4], 60) for i in range(4 * rest)]
    return low + high


@pytest.mark.parametrize(
    ("beats", "starts", "lengths"),
    [
        (8, [*range(0, 64, 8), 64, 68, 76, 84, 92, 100, 108], [8] * 8 + [4] + [8] * 6),
        (16, [0, 16, 32, 48, 64, 68, 84, 100], [16, 16, 16, 16, 4, 16, 16, 16]),
    ],
)
def test_segments_begin_anew_where_a_phrase_does(
    beats: int, starts: list[int], lengths: list[int]
) -> None:
    take = recording(two_phrases(17, 12))
    segments = cut(take, CutSettings(beats=beats, cut="phrases"))
    assert [segment.start_beat for segment in segments] == starts
    assert [segment.phrase.beats for segment in segments] == lengths
    straight = cut(take, CutSettings(beats=beats))
    assert 68 not in [segment.start_beat for segment in straight]


def test_bars_too_few_for_a_segment_before_a_phrase_are_left_out() -> None:
    low = [(float(i), 0.9, (36, 43, 40)[i % 3], 80) for i in range(51)]
    high = [(float(51 + i), 0.4, (77, 74, 72)[i % 3], 60) for i in range(36)]
    take = recording(low + high, bar=3)
    segments = cut(take, CutSettings(cut="phrases"))
    assert [segment.start_beat for segment in segments][7:10] == [42, 51, 57]
    assert left_out(take, CutSettings(cut="phrases")) == [
        ("less than 4 beats before the next phrase (first at beat 48)", 1)
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"beats": 3},
        {"beats": 17},
        {"lead_in": -0.1},
        {"lead_in": 2},
        {"cut": "notes"},
        {"min_loopability": 1.1},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(CorpusError, match=r"give|has 4 to 16"):
        CutSettings(**wrong)


@given(
    st.lists(st.tuples(st.floats(0, 90), st.integers(30, 80)), min_size=1, max_size=60),
    st.lists(st.sampled_from([2.0, 3.0, 3.5, 4.0, 5.0]), min_size=1, max_size=4),
    st.integers(4, 16),
    st.sampled_from(["bars", "phrases"]),
)
def test_segments_never_overlap_and_have_ids_of_their_own(
    played: list[tuple[float, int]], metres: list[float], beats: int, mode: str
) -> None:
    take = recording([(onset, 0.5, pitch, 80) for onset, pitch in played])
    bars = np.array([(30.0 * i, bar) for i, bar in enumerate(metres)], CHANGE)
    settings = CutSettings(beats=beats, cut=mode, min_loopability=0)
    segments = cut(replace(take, bars=bars), settings)
    assert len({segment.id for segment in segments}) == len(segments)
    for segment, after in pairwise(segments):
        assert segment.start_beat + segment.phrase.beats <= after.start_beat + 1e-6
    for segment in segments:
        assert 4 <= segment.phrase.beats <= 16
        assert (segment.phrase.beats / segment.phrase.bar).is_integer()
