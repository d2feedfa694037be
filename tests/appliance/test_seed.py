import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import SeedError
from appliance.pianist import messages
from appliance.seed import MIN_BEATS, capture
from appliance.transport import Transport
from corpus import demo
from corpus.reading.midifile import read_phrase
from models.notes import check_notes

SECOND = 1_000_000_000


def on(at: float, pitch: int = 40, velocity: int = 80) -> tuple[int, bytes]:
    return round(at * SECOND), bytes((0x90, pitch, velocity))


def off(at: float, pitch: int = 40) -> tuple[int, bytes]:
    return round(at * SECOND), bytes((0x80, pitch, 0))


def eighths(seconds: float, bpm: float) -> list[tuple[int, bytes]]:
    step = 30.0 / bpm
    count = round(seconds / step)
    return [
        event
        for i in range(count)
        for event in (
            on(i * step, 36 + [0, 7, 3, 10][i % 4]),
            off((i + 0.8) * step, 36 + [0, 7, 3, 10][i % 4]),
        )
    ]


@pytest.mark.parametrize("name", ["boogie", "ballad", "funk"])
def test_a_free_seed_is_understood(name: str) -> None:
    played = read_phrase(demo.FOLDER / "seeds" / f"{name}.mid")
    hands = Transport(0.0, 5 * SECOND, played.bpm)
    seed = capture(5 * SECOND, hands.ns_at(played.beats), messages(played, hands))
    assert seed.phrase.beats == played.beats
    assert seed.phrase.bar == played.bar
    assert seed.phrase.bpm == pytest.approx(played.bpm, rel=1e-6)
    assert len(seed.phrase.notes) == len(played.notes)
    assert np.abs(seed.phrase.notes["onset"] - played.notes["onset"]).max() < 1e-6
    assert seed.confidence > 0.3


@pytest.mark.parametrize("bpm", [72, 88, 100, 120, 138])
def test_eight_plain_beats_at_any_usual_tempo(bpm: float) -> None:
    seconds = 8 * 60 / bpm
    seed = capture(0, round(seconds * SECOND), eighths(seconds, bpm))
    assert seed.phrase.bpm == pytest.approx(bpm)


def test_sloppy_taps_do_not_change_the_count() -> None:
    seconds = 8 * 60 / 100
    rng = np.random.default_rng(1)
    for _ in range(20):
        start, end = rng.normal(0, 0.03, 2)
        late = [(ns - round(start * SECOND), data) for ns, data in eighths(seconds, 100)]
        seed = capture(0, round((seconds + end - start) * SECOND), late)
        assert seed.phrase.beats == 8


def test_at_a_given_tempo_the_length_is_rounded_to_beats() -> None:
    seed = capture(0, round(4.9 * SECOND), eighths(4.8, 100), bpm=100.0)
    assert (seed.phrase.beats, seed.phrase.bpm, seed.confidence) == (8.0, 100.0, 1.0)


def test_a_held_note_ends_at_the_second_tap() -> None:
    seed = capture(0, 4 * SECOND, [on(0, 40), off(0.5, 40), on(3, 43)], bpm=120.0)
    last = seed.phrase.notes[-1]
    assert last["onset"] + last["duration"] == pytest.approx(8.0)


def test_a_note_just_before_the_first_tap_is_kept_as_lead_in() -> None:
    seed = capture(SECOND, 5 * SECOND, [on(0.9), off(1.4), on(3), off(3.5)], bpm=120.0)
    assert seed.phrase.notes["onset"].tolist() == pytest.approx([-0.2, 4.0])


def test_a_note_long_before_the_first_tap_is_not() -> None:
    seed = capture(SECOND, 5 * SECOND, [on(0.5), off(1.4), on(3), off(3.5)], bpm=120.0)
    assert seed.phrase.notes["onset"].tolist() == [4.0]


def test_the_next_downbeat_played_early_is_not_heard_twice() -> None:
    played = [on(0), off(0.4), on(2, 43), off(2.4, 43), on(3.97)]
    seed = capture(0, 4 * SECOND, played, bpm=120.0)
    assert seed.phrase.notes["onset"].tolist() == [0.0, 4.0]


def test_the_pedal_at_the_first_tap_is_part_of_the_seed() -> None:
    down = (0, bytes((0xB0, 64, 127)))
    seed = capture(SECOND, 5 * SECOND, [down, on(1), off(2)], bpm=120.0)
    assert seed.phrase.pedals.tolist() == [(0.0, 64, 127)]


@pytest.mark.parametrize("seconds", [0.6, 0.9, 1.4])
def test_a_seed_shorter_than_two_beats_is_repeated(seconds: float) -> None:
    seed = capture(0, round(seconds * SECOND), [on(0), off(0.2)], bpm=100.0)
    assert seed.phrase.beats >= MIN_BEATS
    assert len(seed.phrase.notes) == seed.phrase.beats / max(1, round(seconds * 100 / 60))


@pytest.mark.parametrize(
    ("end", "played", "fault"),
    [
        (4.0, [], "NO NOTES"),
        (4.0, [(0, bytes((0xB0, 64, 0)))], "NO NOTES"),
        (0.3, [on(0)], "TOO SHORT"),
        (90.0, [on(0)], "TOO LONG"),
        (-1.0, [on(0)], "TOO SHORT"),
    ],
)
def test_what_cannot_be_looped_is_said_in_two_words(
    end: float, played: list[tuple[int, bytes]], fault: str
) -> None:
    with pytest.raises(SeedError, match=fault):
        capture(0, round(end * SECOND), played)


@settings(deadline=None)
@given(
    st.floats(0.5, 30),
    st.lists(
        st.tuples(
            st.floats(-1, 31),
            st.sampled_from([0x80, 0x90, 0xB0]),
            st.integers(0, 127),
            st.integers(0, 127),
        ),
        max_size=60,
    ),
    st.sampled_from([None, 60.0, 97.3, 200.0]),
)
def test_anything_played_gives_a_sound_loop_or_a_reason(
    seconds: float, rows: list[tuple[float, int, int, int]], bpm: float | None
) -> None:
    played = [(round(at * SECOND), bytes(data)) for at, *data in sorted(rows)]
    try:
        phrase = capture(0, round(seconds * SECOND), played, bpm).phrase
    except SeedError:
        return
    check_notes(phrase.notes, "seed")
    assert phrase.beats >= MIN_BEATS
    assert phrase.notes["onset"].max() < phrase.beats
    assert (phrase.pedals["beat"] < phrase.beats).all()


def test_a_key_that_is_struck_twice_at_once_is_one_note() -> None:
    """Two cables merged into one, say: the later strike counts, and no note reaches over it."""
    played = [on(0, 40, 60), on(0, 40, 70), off(0.004), on(0.008, 40, 81)]
    played += [on(1, 40, 50), on(1, 40, 80), off(1.5)]
    notes = capture(0, 4 * SECOND, played, bpm=120.0).phrase.notes
    assert notes["velocity"].tolist() == [81, 80]
    assert notes["onset"].tolist() == pytest.approx([0.016, 2.0])
    assert notes["duration"].tolist() == pytest.approx([1.984, 1.0])
