"""The demo corpus: the committed files are what the script writes, and they are music."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import combinations, pairwise
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import mido
import pytest

import corpus.demo
from corpus.demo.generate import generate
from corpus.demo.takes import SEEDS, SOLO, STYLES, TRACKS

DEMO = Path(corpus.demo.__file__).parent
TAKES = [track.file for track in TRACKS]
SEED_FILES = [track.file for track in SEEDS]
EVERYTHING = [*TAKES, *SEED_FILES, SOLO.file]
STYLE_OF = {track.file: track.style for track in (*TRACKS, *SEEDS, SOLO)}
GRID_MS = 30.0
RESTRIKE_MS = 20.0


class Strike(NamedTuple):
    """A note in beats."""

    beat: float
    until: float
    pitch: int
    velocity: int


class Take(NamedTuple):
    notes: list[Strike]
    bpm: float
    beats_per_bar: int
    end: float

    @property
    def bars(self) -> int:
        return round(self.end / self.beats_per_bar)

    def ms(self, beats: float) -> float:
        return beats * 60_000 / self.bpm


@cache
def take(name: str) -> Take:
    midi = mido.MidiFile(DEMO / f"{name}.mid")
    notes: list[Strike] = []
    down: dict[int, tuple[float, int]] = {}
    bpm, numerator, beat = 0.0, 0, 0.0
    for track in midi.tracks:
        beat = 0.0
        for message in track:
            beat += message.time / midi.ticks_per_beat
            if message.type == "set_tempo":
                bpm = mido.tempo2bpm(message.tempo)
            elif message.type == "time_signature":
                numerator = message.numerator
            elif message.type == "note_on":
                assert message.note not in down, f"{name}: {message.note} struck while held"
                down[message.note] = (beat, message.velocity)
            elif message.type == "note_off":
                start, velocity = down.pop(message.note)
                notes.append(Strike(start, beat, message.note, velocity))
    assert not down, f"{name}: keys never released: {sorted(down)}"
    return Take(sorted(notes), bpm, numerator, beat)


def profile(notes: list[Strike]) -> list[float]:
    """How long each pitch class sounds, as a vector of length one."""
    heard = [0.0] * 12
    for note in notes:
        heard[note.pitch % 12] += note.until - note.beat
    size = sqrt(sum(value * value for value in heard))
    return [value / size for value in heard]


def segments(name: str) -> list[list[Strike]]:
    """The take cut every two bars, a note pushed slightly early going with its downbeat."""
    music = take(name)
    cut: dict[int, list[Strike]] = defaultdict(list)
    for note in music.notes:
        cut[int((note.beat + 0.08) / (2 * music.beats_per_bar))].append(note)
    return [cut[i] for i in range(music.bars // 2)]


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def grid(name: str) -> list[float]:
    """Where in a beat this style may strike: sixteenths, or its swung pairs, and triplets."""
    style = STYLES[STYLE_OF[name]]
    if style.swing == 0.5:
        places = [0.0, 0.25, 0.5, 0.75]
    else:
        places = [
            pair * style.pair + place * style.pair
            for pair in range(round(1 / style.pair))
            for place in (0.0, style.swing)
        ]
    return sorted({*places, 1 / 3, 2 / 3, 1.0})


def off_grid_ms(name: str) -> list[float]:
    music, places = take(name), grid(name)
    return [
        music.ms(min((note.beat % 1.0 - place for place in places), key=abs))
        for note in music.notes
    ]


def test_the_script_writes_the_committed_files(tmp_path: Path) -> None:
    written = {path.relative_to(tmp_path) for path in generate(tmp_path)}
    assert written == {path.relative_to(DEMO) for path in DEMO.rglob("*.mid")}
    for path in written:
        assert (tmp_path / path).read_bytes() == (DEMO / path).read_bytes(), path


def test_there_is_enough_to_choose_from() -> None:
    assert len(TAKES) >= 16
    assert sum(len(segments(name)) for name in TAKES) >= 320
    per_style: dict[str, set[tuple[str, float]]] = defaultdict(set)
    for track in TRACKS:
        per_style[track.style].add((track.key, track.bpm))
    assert len(per_style) >= 8
    assert all(len(takes) >= 2 for takes in per_style.values())
    tempos = [take(name).bpm for name in TAKES]
    assert len({round(bpm) for bpm in tempos}) >= 8
    assert min(tempos) >= 66 - 0.01
    assert max(tempos) <= 184 + 0.01


def test_the_readme_lists_every_file() -> None:
    readme = (DEMO / "README.md").read_text()
    assert [name for name in EVERYTHING if f"`{name}.mid`" not in readme] == []


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_file_says_what_it_is(name: str) -> None:
    midi = mido.MidiFile(DEMO / f"{name}.mid")
    kinds = {message.type for track in midi.tracks for message in track}
    assert midi.ticks_per_beat == 480
    assert {"set_tempo", "time_signature", "key_signature", "track_name"} <= kinds
    programs = [m.program for track in midi.tracks for m in track if m.type == "program_change"]
    assert programs == [0]
    assert {m.channel for track in midi.tracks for m in track if not m.is_meta} == {0}


@pytest.mark.parametrize("name", EVERYTHING)
def test_it_ends_on_a_bar_line_with_every_key_up(name: str) -> None:
    music = take(name)
    assert music.end == pytest.approx(music.bars * music.beats_per_bar)
    assert music.notes[-1].until <= music.end


@pytest.mark.parametrize("name", [*TAKES, *SEED_FILES])
def test_no_bar_is_empty_and_the_first_starts_at_once(name: str) -> None:
    music = take(name)
    struck = {int((note.beat + 0.08) / music.beats_per_bar) for note in music.notes}
    assert set(range(music.bars)) <= struck
    assert music.ms(music.notes[0].beat) <= GRID_MS


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_key_is_up_before_it_is_struck_again(name: str) -> None:
    music = take(name)
    by_key: dict[int, list[Strike]] = defaultdict(list)
    for note in music.notes:
        by_key[note.pitch].append(note)
    gaps = [
        music.ms(after.beat - before.until)
        for notes in by_key.values()
        for before, after in pairwise(notes)
    ]
    assert min(gaps) >= RESTRIKE_MS


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_keys_lie_where_hands_do(name: str) -> None:
    pitches = [note.pitch for note in take(name).notes]
    assert all((60 if name == SOLO.file else 28) <= pitch <= 96 for pitch in pitches)


@pytest.mark.parametrize("name", [*TAKES, *SEED_FILES])
def test_the_left_hand_carries_the_groove(name: str) -> None:
    music = take(name)
    low = [note for note in music.notes if note.pitch <= 55]
    heard = {int((note.beat + 0.08) / music.beats_per_bar) for note in low}
    heard |= {int((note.until - 0.08) / music.beats_per_bar) for note in low}
    assert heard == set(range(music.bars))
    assert sum(note.pitch >= 33 for note in low) >= 0.85 * len(low)


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_touch_varies(name: str) -> None:
    velocities = [note.velocity for note in take(name).notes]
    assert all(28 <= velocity <= 105 for velocity in velocities)
    assert len(set(velocities)) >= 12
    assert max(velocities) - min(velocities) >= 20


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_timing_is_a_hand_near_the_grid(name: str) -> None:
    off = off_grid_ms(name)
    assert max(abs(ms) for ms in off) <= GRID_MS
    assert sum(abs(ms) > 1.5 for ms in off) > len(off) / 3, "too square to be a hand"
    mean = sum(off) / len(off)
    assert sqrt(sum((ms - mean) ** 2 for ms in off) / len(off)) >= 1.5


@pytest.mark.parametrize("name", TAKES)
def test_the_segments_of_a_take_differ(name: str) -> None:
    """The same two bars may come back, but never twice running and not as half of the take."""
    music = take(name)
    shapes = [
        frozenset(
            (round((note.beat % (2 * music.beats_per_bar)) * 4), note.pitch) for note in segment
        )
        for segment in segments(name)
    ]
    repeats = sum(one == other for one, other in pairwise(shapes))
    assert repeats <= len(shapes) / 6
    assert len(set(shapes)) >= len(shapes) / 2


def test_the_segments_of_a_take_belong_together() -> None:
    profiles = {name: [profile(segment) for segment in segments(name)] for name in TAKES}
    inside = [cosine(a, b) for listed in profiles.values() for a, b in pairwise(listed)]
    outside = [
        cosine(a, b)
        for one, other in combinations(TAKES, 2)
        if STYLE_OF[one] != STYLE_OF[other]
        for a, b in zip(profiles[one], profiles[other], strict=False)
    ]
    assert sum(inside) / len(inside) > sum(outside) / len(outside) + 0.1


@pytest.mark.parametrize("name", SEED_FILES)
def test_a_seed_is_one_short_phrase(name: str) -> None:
    music = take(name)
    assert 3.5 <= music.ms(music.end) / 1000 <= 10
    assert music.bars in (2, 4)
    assert len(music.notes) >= 16
    last = music.notes[-1].beat
    assert music.end - music.beats_per_bar < last < music.end


def test_the_solo_breathes() -> None:
    music = take(SOLO.file)
    assert music.end == pytest.approx(64)
    ends = [note.until for note in music.notes]
    rests = [b.beat - end for end, b in zip(ends, music.notes[1:], strict=False)]
    assert sum(rest >= 1.0 for rest in rests) >= 4
    together: dict[int, int] = defaultdict(int)
    for note in music.notes:
        together[round(note.beat * 8)] += 1
    doubled = sum(count > 1 for count in together.values())
    assert 0 < doubled < len(together) / 4
