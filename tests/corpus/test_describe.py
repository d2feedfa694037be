"""Descriptions: worked by hand, against plain loops, and finite for anything legal."""

from dataclasses import replace
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.bench.layer_finding import take_layers
from corpus.demo.model import Track
from corpus.demo.takes import STYLES, TRACKS
from corpus.hearing import swing
from corpus.hearing.chords import CHORD
from corpus.hearing.describe import (
    BATCH_BEATS,
    DESCRIPTION,
    DESCRIPTORS,
    PERCENTILES,
    RANKED,
    Description,
    describe,
    describe_all,
    percentiles,
)
from corpus.hearing.key import Key
from corpus.hearing.swing import STRAIGHT, SWUNG, TERNARY
from corpus.hearing.voices import BASS, CHORDS, MELODY
from models.errors import ModelError
from models.notes import Phrase, note_array, pedal_array

Rows = list[tuple[float, float, int, int]]


def phrase(
    rows: Rows,
    beats: float = 8.0,
    bar: float = 4.0,
    pedals: list[tuple[float, int, int]] | None = None,
    bpm: float = 120.0,
) -> Phrase:
    return Phrase(note_array(rows), pedal_array(pedals or []), beats, bpm, bar)


def line(onsets: list[float], length: float = 0.4, pitch: int = 40) -> Rows:
    return [(onset, length, pitch, 80) for onset in onsets]


def eighths(off: float, beats: int = 8) -> list[float]:
    return [beat + place for beat in range(beats) for place in (0.0, off)]


def value(name: str, rows: Rows, **about: object) -> float:
    return float(describe(phrase(rows, **about)).row[name])  # type: ignore[arg-type]


TWO_CHORDS: Rows = [
    (0.0, 2.0, 36, 60),
    (0.0, 1.0, 60, 70),
    (0.0, 1.0, 64, 80),
    (4.0, 1.0, 43, 90),
    (4.0, 6.0, 67, 100),
]


def test_plain_numbers_by_hand() -> None:
    row = describe(phrase(TWO_CHORDS)).row
    assert row["density"] == 5 / 8
    assert row["onset_density"] == 2 / 8
    assert row["polyphony"] == (2 + 1 + 1 + 1 + 4) / 8  # the last note only to the end
    assert (row["low"], row["high"], row["span"]) == (36, 67, 31)
    assert row["mean_pitch"] == 54
    assert row["mean_velocity"] == 80
    assert row["velocity_range"] == pytest.approx(96 - 64)
    assert (row["triple"], row["off_beat"], row["syncopation"], row["timing_spread"]) == (0,) * 4
    assert row["bass_notes"] + row["chord_notes"] + row["melody_notes"] == 5


@pytest.mark.parametrize(("bar", "triple"), [(3.0, 1), (6.0, 1), (4.0, 0), (3.5, 0), (2.0, 0)])
def test_metre(bar: float, triple: int) -> None:
    assert value("triple", TWO_CHORDS, bar=bar) == triple


def test_articulation_is_length_against_the_next_onset() -> None:
    assert value("articulation", line([0, 1, 2, 3], 0.25), beats=4.0) == 0.25
    assert value("articulation", line([0, 1, 2, 3], 1.0), beats=4.0) == 1.0
    assert value("articulation", line([0], 1.0), beats=4.0) == 0.25  # round the loop
    assert value("articulation", line([0, 1, 2, 3], 100.0), beats=4.0) == 4.0


def test_a_pedal_makes_short_notes_long() -> None:
    rows = line([0, 1, 2, 3], 0.25)
    held = [(0.0, 64, 127), (3.5, 64, 0)]
    lengths = [3.5, 2.5, 1.5, 0.5]  # until the pedal goes up
    found = describe(phrase(rows, 4.0, pedals=held)).row
    assert found["articulation"] == median(lengths)
    assert found["pedal_share"] == 3.5 / 4
    assert value("articulation", rows, beats=4.0, pedals=[(0.0, 67, 127)]) == 0.25  # soft pedal
    assert value("articulation", rows, beats=4.0, pedals=[(0.0, 64, 63)]) == 0.25  # half down


def test_pedal_share_counts_what_is_down() -> None:
    pedals = [(-0.1, 64, 127), (1.0, 64, 10), (5.0, 64, 64), (6.0, 64, 100), (7.0, 64, 0)]
    assert value("pedal_share", TWO_CHORDS, pedals=pedals) == pytest.approx(3 / 8)
    assert value("pedal_share", TWO_CHORDS, pedals=[(0.0, 64, 127)]) == 1
    assert value("pedal_share", TWO_CHORDS) == 0


@pytest.mark.parametrize("place", [0.5, 0.54, 0.58, 0.6, 2 / 3, 0.72])
@pytest.mark.parametrize("late", [-0.05, 0.0, 0.06])
def test_swing_ratio_whatever_the_lag(place: float, late: float) -> None:
    rows = line([onset + late for onset in eighths(place)])
    row = describe(phrase(rows)).row
    assert row["swing_ratio"] == pytest.approx(place / (1 - place), rel=0.02)
    assert row["swing_confidence"] == pytest.approx(0.8, abs=0.02)
    assert row["feel"] == (SWUNG if place > 0.55 else STRAIGHT)


def test_swing_needs_pairs_that_agree() -> None:
    quarters = describe(phrase(line([0, 1, 2, 3, 4, 5, 6, 7]))).row
    assert (quarters["swing_ratio"], quarters["swing_confidence"]) == (1, 0)
    mixed = [b + (0.0, p)[i] for b, p in enumerate([0.5, 0.7] * 4) for i in (0, 1)]
    agreed = value("swing_confidence", line(eighths(0.6)))
    assert value("swing_confidence", line(mixed)) < agreed / 4


def test_triplets_are_ternary_and_sixteenths_straight() -> None:
    triplets = [beat + part / 3 for beat in range(8) for part in range(3)]
    sixteenths = [beat + part / 4 for beat in range(8) for part in range(4)]
    assert value("feel", line(triplets, 0.2)) == TERNARY
    assert value("feel", line(sixteenths, 0.2)) == STRAIGHT
    assert value("feel", line([0, 1, 2, 3])) == STRAIGHT


def test_syncopation_is_off_the_beat_and_over_the_next() -> None:
    assert value("syncopation", line(eighths(0.5))) == 0
    assert value("off_beat", line(eighths(0.5))) == 0.5
    tresillo = line([bar + place for bar in (0, 4) for place in (0, 1.5, 3)])
    assert value("syncopation", tresillo) == pytest.approx(2 / 6)  # 1.5 is held over beat 2


def test_timing_spread_in_milliseconds() -> None:
    late = line([beat + 0.02 * (-1) ** beat for beat in range(8)])
    assert value("timing_spread", late, bpm=60.0) == pytest.approx(20, rel=1e-5)
    assert value("timing_spread", late, bpm=120.0) == pytest.approx(10, rel=1e-5)
    assert value("timing_spread", line(eighths(0.6))) == pytest.approx(0, abs=1e-3)


def test_harmony() -> None:
    chords = [(36, 60, 64, 67), (41, 60, 65, 69)]
    rows = [(4.0 * i, 4.0, p, 80) for i, chord in enumerate(chords) for p in chord]
    found = describe(phrase(rows), Key(0, "major"))
    assert found.row["harmonic_rhythm"] == 1 / 2  # one change in two bars
    assert found.row["chromaticism"] == 0
    assert found.row["chord_confidence"] > 0.9
    assert list(found.chords["root"]) == [0] * 4 + [5] * 4
    assert (found.key.name, found.chords.dtype) == ("C major", CHORD)
    outside = describe(phrase([*rows, (0.0, 8.0, 66, 80)]), Key(0, "major"))
    assert outside.row["chromaticism"] == pytest.approx(8 / 40)


def test_layers_are_counted() -> None:
    found = describe(phrase(line([0, 1, 2, 3], 0.9, 38)))
    assert set(found.layers) == {BASS}
    assert (found.row["bass_notes"], found.row["chord_notes"]) == (4, 0)


# Those that swing in sixteenths are left out: `swing_ratio` is about eighths.
IN_EIGHTHS = [t for t in TRACKS if STYLES[t.style].swing == 0.5 or STYLES[t.style].pair == 1.0]


@pytest.mark.parametrize("track", IN_EIGHTHS, ids=lambda track: track.file)
def test_swing_of_the_demo_takes_is_what_their_style_writes(track: Track) -> None:
    style = STYLES[track.style]
    found = [one.row for one in describe_all(take_phrases(track))]
    sure = [row for row in found if row["swing_confidence"] >= swing.SWUNG_CONFIDENCE]
    ratio = median(float(row["swing_ratio"]) for row in sure)
    assert ratio == pytest.approx(style.swing / (1 - style.swing), rel=0.06)
    feels = [int(row["feel"]) for row in sure]
    assert feels.count(SWUNG if style.swing > 0.55 else STRAIGHT) >= 0.75 * len(feels)


def take_phrases(track: Track) -> list[Phrase]:
    """A take of the demo corpus in two bars each."""
    notes, _ = take_layers(track)
    style = STYLES[track.style]
    length, found = 2 * style.beats, []
    for start in range(0, int(notes["onset"].max()), length):
        inside = (notes["onset"] >= start - 0.125) & (notes["onset"] < start + length - 0.125)
        part = notes[inside].copy()
        part["onset"] -= start
        if len(part):
            bpm = float(track.bpm)
            found.append(Phrase(part, pedal_array([]), float(length), bpm, float(style.beats)))
    return found


NOTE_ROWS = st.lists(
    st.tuples(
        st.floats(-0.125, 15.9), st.floats(1e-6, 40.0), st.integers(0, 127), st.integers(1, 127)
    ),
    min_size=1,
    max_size=30,
)
PHRASES = st.builds(
    phrase,
    NOTE_ROWS,
    st.sampled_from([4.0, 5.0, 6.0, 7.0, 8.0, 10.5, 12.0, 16.0]),
    st.sampled_from([1.5, 2.0, 3.0, 3.5, 4.0, 5.0]),
    st.lists(
        st.tuples(st.floats(-1.0, 20.0), st.sampled_from([64, 66, 67]), st.integers(0, 127)),
        max_size=8,
    ),
    st.floats(20.0, 300.0),
)
LIMITS = {"0..1": (0, 1), "0 or 1": (0, 1), "MIDI number": (0, 127), "1..127": (1, 127)}


@given(st.lists(PHRASES, min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_every_value_is_finite_and_within_its_unit(phrases: list[Phrase]) -> None:
    for described, one in zip(describe_all(phrases), phrases, strict=True):
        for name, _, unit, _ in DESCRIPTORS:
            number = float(described.row[name])
            low, high = LIMITS.get(unit, (0, np.inf))
            assert np.isfinite(number), name
            assert low <= number <= high, name
        assert len(described.layers) == len(one.notes)
        assert set(described.layers) <= {BASS, CHORDS, MELODY}
        assert len(described.chords) == np.ceil(one.beats)


@pytest.mark.parametrize(
    "rows",
    [
        [(0.0, 1.0, 60, 64)],
        [(-0.1, 0.05, 60, 64)],
        [(0.0, 1.0, p, 64) for p in (48, 60, 64, 67)],
        line([0, 1, 2, 3], 0.5, 60),
        [(0.0, 1e-9, 0, 1), (7.99, 1e-9, 127, 127)],
    ],
    ids=["one note", "lead-in only", "one chord", "one pitch", "the ends of everything"],
)
def test_small_phrases(rows: Rows) -> None:
    row = describe(phrase(rows)).row
    assert all(np.isfinite(float(row[name])) for name in DESCRIPTION.names or ())


@given(st.lists(PHRASES, min_size=2, max_size=4))
@settings(max_examples=15, deadline=None)
def test_together_is_the_same_as_one_by_one(phrases: list[Phrase]) -> None:
    together = describe_all(phrases)
    for number, one in enumerate(phrases):
        assert_same(together[number], describe(one))


def assert_same(found: Description, wanted: Description) -> None:
    for name in DESCRIPTION.names or ():
        assert float(found.row[name]) == pytest.approx(float(wanted.row[name]), abs=1e-4), name
    np.testing.assert_array_equal(found.layers, wanted.layers)
    np.testing.assert_array_equal(found.chords["root"], wanted.chords["root"])


def test_batches_change_nothing_and_bytes_repeat() -> None:
    some = take_phrases(TRACKS[0])
    many = some * (2 * BATCH_BEATS // int(8 * len(some)) + 1)
    names = [str(number // len(some)) for number in range(len(many))]
    found = describe_all(many, names)
    again = describe_all(many, names)
    for number, one in enumerate(found):
        assert one.row.tobytes() == again[number].row.tobytes()
        assert_same(one, found[number % len(some)])


def test_segments_of_a_recording_share_their_key_and_others_do_not() -> None:
    clear = phrase([(2.0 * i, 2.0, p, 80) for i, c in enumerate(CADENCE) for p in c])
    open_fifth = phrase([(0.0, 4.0, 45, 80), (0.0, 4.0, 52, 80)])
    pair = [clear, open_fifth]
    assert describe_all(pair, ["a", "a"])[1].key.name == "A minor"
    alone = describe_all(pair, ["a", "b"])[1]
    assert alone.row.tobytes() == describe(open_fifth).row.tobytes()
    told = describe_all(pair, ["a", "b"], [None, Key(9, "minor")])[1]
    assert told.key.name == "A minor"


CADENCE = ((45, 57, 60, 64), (50, 57, 62, 65), (40, 56, 62, 64), (45, 57, 60, 64))


def test_nothing_to_describe_is_refused() -> None:
    with pytest.raises(ModelError, match="phrase 0 has no notes or no length"):
        describe(phrase([]))
    with pytest.raises(ModelError, match="phrase 1 has"):
        describe_all([phrase(TWO_CHORDS), replace(phrase(TWO_CHORDS), beats=0.0)])
    with pytest.raises(ValueError, match="1 recordings named for 2 phrases"):
        describe_all([phrase(TWO_CHORDS)] * 2, ["a"])
    assert describe_all([]) == []


def test_the_table_says_everything() -> None:
    assert [name for name, *_ in DESCRIPTORS] == list(DESCRIPTION.names or ())
    assert all(unit and meaning for _, _, unit, meaning in DESCRIPTORS)


def test_percentiles_are_mid_ranks() -> None:
    rows = np.zeros(4, DESCRIPTION)
    rows["density"] = [3.0, 1.0, 3.0, 7.0]
    table = percentiles(rows)
    assert table.dtype == PERCENTILES
    assert list(table["density"]) == [50.0, 12.5, 50.0, 87.5]
    assert list(table["low"]) == [50.0] * 4
    assert list(percentiles(rows[:1])["density"]) == [50.0]
    assert len(percentiles(rows[:0])) == 0
    assert "key_tonic" not in RANKED


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
@settings(deadline=None)
def test_percentiles_against_counting(values: list[int]) -> None:
    rows = np.zeros(len(values), DESCRIPTION)
    rows["low"] = values
    wanted = [
        100 * (sum(v < x for v in values) + 0.5 * values.count(x)) / len(values) for x in values
    ]
    np.testing.assert_allclose(percentiles(rows)["low"], wanted, rtol=1e-6)
