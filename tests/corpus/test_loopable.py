"""The score is tried on music that is known to loop, and on the same music spoiled."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import symusic

import corpus.demo
from corpus.cutting.loopable import (
    Loopability,
    accent_template,
    loopability,
    sounding_ends,
    usual_accents,
)
from corpus.cutting.segment import LEAD_IN, cut_phrase
from corpus.reading.midifile import read_recording
from corpus.reading.recording import CHANGE, Recording
from models.notes import NOTE, Notes, Phrase, note_array, pedal_array, sort_notes, transposed

DEMO = Path(corpus.demo.__file__).parent
POP909 = Path(__file__).resolve().parents[2].parent / "shared/data/pop909"
KEPT = 0.5
SPOILED = ("half dropped", "silenced", "spliced", "off the bar")


def groove(beats: float = 8.0, bar: float = 4.0) -> Phrase:
    """Bass on the beats, louder on the first; a chord between them."""
    rows = []
    for beat in range(int(beats)):
        strong = 96 if beat % bar == 0 else 72
        rows.append((float(beat), 0.6, 36 + 7 * (beat % 2), strong))
        rows += [(beat + 0.5, 0.4, pitch, 60) for pitch in (60, 64, 67)]
    return Phrase(note_array(rows), pedal_array([(0.0, 64, 0)]), beats, 120.0, bar)


def only(phrase: Phrase, keep: Callable[[Notes], np.ndarray]) -> Phrase:
    return replace(phrase, notes=phrase.notes[keep(phrase.notes)])


def parts(found: Loopability) -> dict[str, float]:
    return {name: getattr(found, name) for name in USUAL_PARTS}


USUAL_PARTS = ("silence", "balance", "halves", "join", "metre", "tails")


def test_a_groove_loops_and_nothing_about_it_is_unusual() -> None:
    found = loopability(groove())
    assert found.score > 0.95
    assert min(parts(found).values()) > 0.6


@pytest.mark.parametrize(("beats", "bar"), [(4, 4), (5, 5), (6, 3), (7, 3.5), (12, 4), (16, 4)])
def test_a_groove_of_any_length_and_metre_loops(beats: float, bar: float) -> None:
    assert loopability(groove(beats, bar)).score > 0.8


def test_silence_scores_nothing() -> None:
    empty = only(groove(), lambda notes: notes["onset"] > 99)
    assert loopability(empty).score == 0
    sparse = only(groove(), lambda notes: notes["onset"] % 4 == 0)
    assert loopability(sparse) == Loopability(0, 0, 1, 1, 1, 1, 1, "fewer than 0.5 notes a beat")


@pytest.mark.parametrize(
    ("keep", "part", "reason"),
    [
        (lambda n: n["onset"] < 4, "balance", "its second half is empty"),
        (lambda n: n["onset"] >= 4, "balance", "its first half is empty"),
        (lambda n: (n["onset"] < 2) | (n["onset"] >= 5), "silence", "a long silence"),
    ],
)
def test_what_is_missing_is_named(
    keep: Callable[[Notes], np.ndarray], part: str, reason: str
) -> None:
    found = loopability(only(groove(), keep))
    assert found.score < KEPT
    assert found.reason == reason
    assert min(parts(found), key=lambda name: parts(found)[name]) == part


def test_halves_in_different_keys_are_named() -> None:
    phrase = groove()
    strange = phrase.notes.copy()
    strange["pitch"][strange["onset"] >= 4] += 6
    found = loopability(replace(phrase, notes=strange))
    assert found.halves < 0.3
    assert "halves" in found.reason


def test_a_start_beside_the_bar_line_is_named() -> None:
    notes = groove().notes.copy()
    notes["onset"] = (notes["onset"] - 1.5) % 8
    found = loopability(replace(groove(), notes=sort_notes(notes)))
    assert found.metre < 0.5
    assert min(parts(found), key=lambda name: parts(found)[name]) == "metre"
    assert "beat" in found.reason or "bar lines" in found.reason


def test_notes_struck_and_held_over_the_end_cost_something() -> None:
    rows = [*groove().notes.tolist(), *[(7.75, 4.0, pitch, 90) for pitch in (72, 76, 79)]]
    held = loopability(replace(groove(), notes=note_array(rows)))
    short = loopability(
        replace(groove(), notes=note_array([(o, min(d, 0.2), p, v) for o, d, p, v in rows]))
    )
    assert held.tails < short.tails == 1.0


def test_a_pedalled_note_sounds_until_the_pedal_is_up() -> None:
    phrase = replace(
        groove(),
        notes=note_array([(0, 0.5, 60, 80), (3, 0.5, 60, 80), (7, 0.5, 60, 80)]),
        pedals=pedal_array([(0, 64, 0), (0.25, 64, 127), (2.0, 64, 0), (6.5, 64, 90)]),
    )
    assert sounding_ends(phrase).tolist() == [2.0, 3.5, 8.0]


def test_a_template_adds_up_and_keeps_the_recordings_own_habit() -> None:
    assert usual_accents(3.5).sum() == pytest.approx(1)
    late = note_array([(4 * i + 3.5, 0.4, 36, 90) for i in range(8)])
    template = accent_template(late, 4.0)
    assert template.sum() == pytest.approx(1)
    assert template.argmax() == 14  # quarter beats


@pytest.mark.parametrize("semitones", [-7, 5])
def test_transposing_changes_little(semitones: int) -> None:
    for take in takes()[::4]:
        phrase = cut_phrase(take, 0.0, *shape(take))
        moved = loopability(transposed(phrase, semitones)).score
        assert moved == pytest.approx(loopability(phrase).score, abs=0.1)


@cache
def takes() -> tuple[Recording, ...]:
    return tuple(read_recording(file) for file in sorted(DEMO.glob("[0-9]*.mid")))


def shape(take: Recording) -> tuple[float, float]:
    """(length, bar) of its segments."""
    bar = float(take.bars["value"][0])
    return 8 // bar * bar, bar


def half_dropped(phrase: Phrase) -> Phrase:
    return only(phrase, lambda notes: notes["onset"] < phrase.beats / 2)


def silenced(phrase: Phrase, start: int, beats: int = 3) -> Phrase:
    """No sound for three beats: no onsets, what rang into them cut, no pedal."""
    early = start - LEAD_IN
    found = only(phrase, lambda n: (n["onset"] < early) | (n["onset"] >= early + beats))
    notes = found.notes.copy()
    room = np.maximum(start - notes["onset"], 0.05)
    before = notes["onset"] < start
    notes["duration"][before] = np.minimum(notes["duration"], room)[before]
    return replace(found, notes=notes, pedals=phrase.pedals[:0])


def spliced(phrase: Phrase, other: Phrase) -> Phrase:
    half = phrase.beats / 2
    early = phrase.notes[phrase.notes["onset"] < half - LEAD_IN]
    late = other.notes[other.notes["onset"] >= half - LEAD_IN]
    pedals = [
        phrase.pedals[phrase.pedals["beat"] < half],
        other.pedals[other.pedals["beat"] >= half],
    ]
    notes = sort_notes(np.concatenate([early, late]))
    return replace(phrase, notes=notes, pedals=np.concatenate(pedals))


def rates(recordings: Sequence[Recording], seed: int, each: int | None = None) -> dict[str, float]:
    """The share of segments kept, and of spoiled ones that score below what they were."""
    rng = np.random.default_rng(seed)
    starts = [_starts(take, rng, each) for take in recordings]
    kept: list[bool] = []
    lowered: dict[str, list[bool]] = {name: [] for name in SPOILED}
    for index, take in enumerate(recordings):
        length, bar = shape(take)
        accents = accent_template(take.notes, bar)
        others = [i for i, o in enumerate(recordings) if i != index and shape(o) == (length, bar)]
        for start in starts[index]:
            phrase = cut_phrase(take, start, length, bar)
            score = loopability(phrase, accents).score
            guest = others[int(rng.integers(len(others)))]
            other = cut_phrase(recordings[guest], rng.choice(starts[guest]), length, bar)
            spoils = (
                half_dropped(phrase),
                silenced(phrase, int(rng.integers(0, int(length) - 2))),
                spliced(phrase, other),
                cut_phrase(take, start + 1.5, length, bar),
            )
            kept.append(score >= KEPT)
            for name, spoil in zip(SPOILED, spoils, strict=True):
                lowered[name].append(loopability(spoil, accents).score < score)
    return {"kept": float(np.mean(kept))} | {n: float(np.mean(x)) for n, x in lowered.items()}


def _starts(take: Recording, rng: np.random.Generator, each: int | None) -> list[float]:
    """Where its segments begin that have enough notes, in both halves: so many of them."""
    length, bar = shape(take)
    starts = np.arange(0, take.beats - length + bar / 2, length).tolist()
    played = [start for start in starts if _is_played(cut_phrase(take, start, length, bar))]
    if each is None or len(played) <= each:
        return played
    return sorted(rng.choice(played, each, replace=False).tolist())


def _is_played(phrase: Phrase) -> bool:
    early = int((phrase.notes["onset"] < phrase.beats / 2).sum())
    return len(phrase.notes) >= phrase.beats / 2 and 0 < early < len(phrase.notes)


def test_the_demo_corpus_loops_and_its_spoiled_segments_score_less() -> None:
    found = rates(takes(), seed=3)
    assert found["kept"] >= 0.97
    assert all(found[name] >= 0.9 for name in SPOILED), found


def pop909(song: str) -> Recording:
    """The piano of a song, on the beats and downbeats that were written down for it."""
    score = symusic.Score(POP909 / f"{song}.mid").to("second")
    times, _, down = np.loadtxt(POP909 / f"{song}.beats.txt").T
    count = np.arange(len(times)) - np.flatnonzero(down)[0] % 4 + 4.0
    piano = next(track for track in score.tracks if track.name == "PIANO")
    played = piano.notes.numpy()
    onset = _beats(played["time"], times, count)
    notes = np.zeros(len(onset), NOTE)
    notes["onset"] = onset
    notes["duration"] = np.maximum(
        _beats(played["time"] + played["duration"], times, count) - onset, 1 / 480
    )
    notes["pitch"], notes["velocity"] = played["pitch"], np.maximum(1, played["velocity"])
    edges = [(p.time, p.time + p.duration) for p in piano.pedals]
    pedals = [
        (float(beat), 64, value)
        for edge in edges
        for beat, value in zip(_beats(np.array(edge), times, count), (127, 0), strict=True)
    ]
    tempo = 60 * (len(times) - 1) / (times[-1] - times[0])
    tempos, bars = np.array([(0, tempo)], CHANGE), np.array([(0, 4.0)], CHANGE)
    notes = sort_notes(notes[onset >= 0])
    beats = float((notes["onset"] + notes["duration"]).max())
    return Recording(song, notes, pedal_array(pedals), tempos, bars, beats)


def _beats(seconds: np.ndarray, times: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Along the annotated beats, and on at the tempo of the outermost ones."""
    found = np.interp(seconds, times, count)
    early = count[0] - (times[0] - seconds) / (times[1] - times[0])
    late = count[-1] + (seconds - times[-1]) / (times[-1] - times[-2])
    return np.where(seconds < times[0], early, np.where(seconds > times[-1], late, found))


def pop909_songs(aside: bool, every: int = 1) -> list[Recording]:
    """Those set aside (their number ends in 0), or the others."""
    names = sorted(file.stem for file in POP909.glob("*.mid"))
    return [pop909(name) for name in names if (int(name) % 10 == 0) == aside][::every]


@pytest.mark.skipif(not POP909.is_dir(), reason=f"the POP909 songs are not at {POP909}")
def test_real_performances_loop_and_their_spoiled_segments_score_less() -> None:
    found = rates(pop909_songs(aside=True, every=4), seed=2, each=8)
    assert found["kept"] >= 0.9
    assert all(found[name] >= 0.9 for name in SPOILED), found
