"""Keys: names, scales and cadences whose key anyone can hear, and songs with a known one."""

from pathlib import Path

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.bench.key_finding import key_figures, krumhansl_key, longest_key, read_song
from appliance.bench.layer_finding import take_layers
from corpus.demo.takes import TRACKS
from corpus.errors import CorpusError
from corpus.hearing.describe import describe_all
from corpus.hearing.key import MODES, PROFILES, Key, find_key, key_scores, parse_key, smooth_keys
from models.notes import Notes, Phrase, note_array, pedal_array, transpose

CADENCE = {  # I-IV-V7-I and i-iv-V7-i, tonic C
    "major": ((48, 60, 64, 67), (53, 60, 65, 69), (43, 59, 65, 67), (48, 60, 64, 67)),
    "minor": ((48, 60, 63, 67), (53, 60, 65, 68), (43, 59, 65, 67), (48, 60, 63, 67)),
}
KEYS = [Key(tonic, mode) for mode in MODES for tonic in range(12)]


def cadence(key: Key, times: int = 1, start: float = 0.0) -> Notes:
    rows = [
        (start + 8 * again + 2 * i, 2.0, pitch + key.tonic, 80)
        for again in range(times)
        for i, chord in enumerate(CADENCE[key.mode])
        for pitch in chord
    ]
    return note_array(rows)


def same(found: Key, wanted: Key) -> bool:
    return (found.tonic, found.mode) == (wanted.tonic, wanted.mode)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_a_cadence_is_in_its_key(key: Key) -> None:
    assert same(find_key(cadence(key, 4)), key)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_name_is_read_back_by_us_and_by_mir_eval(key: Key) -> None:
    assert same(parse_key(key.name), key)
    assert mir_eval.key.weighted_score(key.name, key.name) == 1.0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Gb:maj", "Gb major"),
        ("F# minor", "F# minor"),
        ("Am", "A minor"),
        ("Bb", "Bb major"),
        ("Ab:min", "G# minor"),
        (" c minor ", "C minor"),
        ("B#", "C major"),
        ("Cb", "B major"),
    ],
)
def test_keys_are_read_in_the_usual_spellings(text: str, name: str) -> None:
    assert parse_key(text).name == name


@pytest.mark.parametrize("text", ["", "H", "C dorian", "Cmm", "C##", "key of C", "C\nm"])
def test_what_is_no_key_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(CorpusError, match="is not a key; write it like") as caught:
        parse_key(text)
    assert "\n" not in str(caught.value)


@given(st.integers(-20, 20), st.floats(0.01, 50.0))
@settings(deadline=None)
def test_transposing_turns_the_key_and_the_unit_of_time_is_all_the_same(
    semitones: int, scale: float
) -> None:
    notes = cadence(Key(0, "minor"), 3)
    moved = transpose(notes, semitones)
    moved["onset"] *= scale
    moved["duration"] *= scale
    found, wanted = find_key(moved), find_key(notes)
    assert found.tonic == (wanted.tonic + semitones) % 12
    assert found.mode == wanted.mode
    assert found.confidence == pytest.approx(wanted.confidence, abs=1e-6)


def test_more_notes_make_surer() -> None:
    key = Key(7, "major")
    confidence = [find_key(cadence(key, times)).confidence for times in (1, 2, 8)]
    assert confidence == sorted(confidence)
    assert 1 / 24 < confidence[0] < confidence[-1] <= 1


def test_without_evidence_every_key_is_about_as_likely() -> None:
    nothing = find_key(note_array([]))
    chromatic = find_key(note_array([(i, 1.0, 48 + i, 80) for i in range(24)]))
    for key in (nothing, chromatic):
        assert key.confidence == pytest.approx(1 / 24, abs=0.02)


def test_the_longest_key_of_a_piece_that_modulates() -> None:
    long, short = cadence(Key(0, "major"), 20), cadence(Key(6, "major"), 12, start=160.0)
    assert same(find_key(np.concatenate([long, short])), Key(0, "major"))
    first, last = cadence(Key(0, "major"), 12), cadence(Key(6, "major"), 20, start=96.0)
    assert same(find_key(np.concatenate([first, last])), Key(6, "major"))


def test_the_recording_decides_where_a_segment_could_be_either() -> None:
    fifth = note_array([(0.0, 4.0, 48, 80), (0.0, 4.0, 55, 80)])
    for mode in MODES:
        assert find_key(fifth, prior=Key(0, mode)).mode == mode
    clear = cadence(Key(6, "major"), 6)
    assert same(find_key(clear, prior=Key(0, "major", confidence=0.5)), Key(6, "major"))


def phrase(notes: Notes) -> Phrase:
    return Phrase(notes, pedal_array([]), 8.0, 120.0)


def keys_of(phrases: list[Phrase]) -> list[Key]:
    """The keys of phrases that follow each other in one recording."""
    return [found.key for found in describe_all(phrases, ["take"] * len(phrases))]


def test_neighbours_settle_what_one_segment_leaves_open() -> None:
    open_fifth = phrase(note_array([(0.0, 4.0, 48, 80), (0.0, 4.0, 55, 80)]))
    for mode in MODES:
        clear = phrase(cadence(Key(0, mode), 2))
        keys = keys_of([clear, open_fifth, clear])
        assert [(key.tonic, key.mode) for key in keys] == [(0, mode)] * 3


def test_keys_follow_a_modulation() -> None:
    there = [phrase(cadence(Key(0, "major")))] * 6
    away = [phrase(cadence(Key(1, "major")))] * 6
    assert [key.tonic for key in keys_of(there + away)] == [0] * 6 + [1] * 6


def test_smoothing_is_the_sum_over_all_paths() -> None:
    """Against brute force over every sequence of three of the 24 keys."""
    from corpus.hearing import key as module

    scores = np.random.default_rng(1).normal(size=(3, 24)) * 3
    prior = Key(4, "minor", 0.6)
    likely = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    heard = likely**module.SHARED_EVIDENCE
    start = np.full(24, (1 - 0.6 * module.HOME) / 24)
    start[prior.index] += 0.6 * module.HOME
    step = np.eye(24) + np.exp(-module.KEY_CHANGE) * start[None, :]
    paths = np.einsum("a,a,ab,b,bc,c->abc", start, heard[0], step, heard[1], step, heard[2])
    wanted = [paths.sum(axis=axes) / paths.sum() for axes in ((1, 2), (0, 2), (0, 1))]
    np.testing.assert_allclose(smooth_keys(scores, prior), wanted, atol=1e-12)


def test_the_profiles_are_musical() -> None:
    """Tonic and fifth above all, the third of the mode above that of the other."""
    major, minor = PROFILES
    assert {0, 7} <= set(np.argsort(major)[-3:])
    assert {0, 7} <= set(np.argsort(minor)[-3:])
    assert major[4] > major[3]
    assert minor[3] > minor[4]


def test_scores_are_finite_for_any_histogram() -> None:
    histograms = np.concatenate([np.zeros((1, 12)), np.ones((1, 12)) * 0.1, np.eye(12) * 1e-9])
    assert np.isfinite(key_scores(histograms, np.full(len(histograms), 3))).all()


def test_takes_of_the_demo_corpus() -> None:
    """Every second take had no part in choosing anything."""
    found = [find_key(take_layers(track)[0]) for track in TRACKS[1::2]]
    wanted = [parse_key(track.key) for track in TRACKS[1::2]]
    assert sum(same(f, w) for f, w in zip(found, wanted, strict=True)) >= 9


def test_songs_against_their_annotation(pop909: Path) -> None:
    """A quick look at songs that were set aside; `bench import` has the whole figure."""
    songs = list(range(10, 400, 10))
    songs = [number for number in songs if (pop909 / f"{number:03d}.mid").is_file()]
    figures = key_figures(pop909, songs)
    assert figures["all"]["songs"] == figures["all"]["set_aside"]["songs"] == len(songs) > 30
    for kind in ("piano", "all"):
        assert figures[kind]["mirex"] > figures["baseline"][kind]["mirex"]
        assert figures[kind]["mirex"] >= 0.88


def test_the_truth_is_the_key_that_lasts_longest(pop909: Path) -> None:
    song = read_song(pop909, 10)
    assert longest_key(song.keys).name == "G major"  # its file goes on with 47 s of F minor
    assert song.key_at(250.0) == Key(5, "minor")
    assert song.key_at(1e6) is None


def test_the_baseline_hears_a_plain_scale() -> None:
    scale = note_array([(i, 1.0, p, 80) for i, p in enumerate((60, 62, 64, 65, 67, 69, 71, 60))])
    assert krumhansl_key(scale).name == "C major"
