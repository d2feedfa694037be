from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.music import phrase

from appliance.bench import embedders
from appliance.bench.embedders import (
    EDITS,
    LEVELS,
    PitchClasses,
    Plan,
    across_songs,
    embed_figures,
    embed_report,
    moved,
    next_segment,
    rank_correlation,
    same_song,
)
from appliance.cli import main
from models.dataset import Piece
from models.embedder import Vectors
from models.errors import ModelError
from models.notes import Phrase, check_notes, note_array
from models.pitch_histogram import PitchHistogram

SONGS, A_SONG = 12, 16


def pieces() -> list[Piece]:
    """Songs of one scale and one rhythm each, whose segments differ by a few notes."""
    found = []
    for song in range(SONGS):
        rng = np.random.default_rng(song)
        onsets = np.sort(rng.choice(32, 16, replace=False)) / 4
        scale = 40 + np.sort(rng.choice(12, 5, replace=False))
        for number in range(A_SONG):
            pitch = rng.choice(scale, 16) + 12 * rng.integers(0, 2, 16)
            rows = [(t, 0.5, int(p), 80) for t, p in zip(onsets.tolist(), pitch, strict=True)]
            bars = replace(phrase(), notes=note_array(rows))
            found.append(Piece(str(song), 8.0 * number, bars, int(scale[0]) % 12))
    return found


class Oracle:
    """Knows the song, and nothing else."""

    name, dimension, sha256 = "oracle", SONGS, "0"

    def __init__(self) -> None:
        self.songs = {p.phrase.notes["onset"].tobytes(): int(p.song) for p in pieces()}

    def embed(self, phrases: Sequence[Phrase]) -> Vectors:
        numbers = [self.songs.get(p.notes["onset"].tobytes(), 0) for p in phrases]
        return np.eye(SONGS, dtype=np.float32)[numbers]


def test_an_embedder_that_knows_the_song_is_perfect_until_it_must_leave_it() -> None:
    plan = Plan(queries=30, edited=4)
    figures = embed_figures(Path("songs"), [Oracle()], plan, pieces=pieces())["embedders"]["oracle"]
    for name in ("next_mrr", "next_mrr_transposed", "same_song_p10", "feel_p10"):
        assert figures[name] == 1.0
    assert abs(figures["across_onsets"]) < 0.3
    assert abs(figures["across_pitches"]) < 0.3


def test_equal_arguments_give_equal_figures() -> None:
    plan, given_pieces = Plan(queries=20, edited=4), pieces()
    both = [
        embed_figures(Path("songs"), [PitchHistogram(), PitchClasses()], plan, pieces=given_pieces)
        for _ in range(2)
    ]
    assert both[0] == both[1]
    assert set(both[0]["embedders"]) == {"pitch-histogram", "pitch-classes"}
    for figures in both[0]["embedders"].values():
        assert all(-1 <= value <= 1 for name, value in figures.items() if name != "sha256")


def test_equal_vectors_tie_in_the_middle() -> None:
    songs = np.repeat(np.arange(20).astype(str), 10)
    vectors = np.ones((200, 2), np.float32)
    assert next_segment(vectors, songs, Plan(queries=50)) == pytest.approx(1 / (1 + 99 / 2))


def test_neighbours_in_time_do_not_count_as_the_same_song() -> None:
    """A line of segments: the ten nearest are those 3 to 7 away on both sides."""
    songs = np.array(["one"] * 30 + ["other"] * 30)
    angle = np.concatenate([np.linspace(0, 1, 30), np.linspace(3, 4, 30)])
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    assert same_song(vectors, songs) == 1.0
    assert same_song(vectors[:, :1] * 0 + 1, songs) < 0.7


def test_the_onset_pattern_itself_is_the_best_answer_about_onsets() -> None:
    phrases = [piece.phrase for piece in pieces()]
    songs = np.array([piece.song for piece in pieces()])
    patterns = np.array([embedders.onset_pattern(one.notes) for one in phrases])
    unit = patterns / np.linalg.norm(patterns, axis=1, keepdims=True)
    assert across_songs(unit, phrases, songs)["across_onsets"] == pytest.approx(1)


@pytest.mark.parametrize("edit", EDITS)
def test_every_level_of_an_edit_is_sound_and_holds_the_one_below(edit: str) -> None:
    notes = pieces()[0].phrase.notes
    changed = []
    for level in range(1, LEVELS + 1):
        edited = EDITS[edit](notes, level / LEVELS, 0, 3)
        check_notes(edited, edit)
        changed.append(len(set(notes.tolist()) - set(edited.tolist())))
    assert changed == sorted(changed)
    assert changed[-1] > len(notes) // 2
    assert (notes == pieces()[0].phrase.notes).all()


@given(st.lists(st.integers(0, 9), min_size=3, max_size=10))
def test_rank_correlation_is_pearsons_of_the_ranks(values: list[int]) -> None:
    def rank(one: int) -> float:
        return float(np.mean([i for i, other in enumerate(sorted(values)) if other == one]))

    ranks = [rank(value) for value in values]
    found = rank_correlation(np.array(values, float))
    if len(set(values)) == 1:
        assert found == 0
    else:
        assert found == pytest.approx(np.corrcoef(ranks, np.arange(len(values)))[0, 1])


def test_a_note_that_would_leave_the_piano_stays_by_octaves() -> None:
    high = replace(phrase(), notes=note_array([(0, 1, 107, 80), (1, 1, 60, 80)]))
    assert moved(high, 4).notes["pitch"].tolist() == [99, 64]


def test_too_few_segments_are_refused() -> None:
    with pytest.raises(ModelError, match="16 segments set aside"):
        embed_figures(Path("songs"), [PitchClasses()], pieces=pieces()[:A_SONG])


# -- the command ----------------------------------------------------------------------------------


def test_the_report_has_quality_and_costs_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedders, "split", lambda folder, wanted: [])
    monkeypatch.setattr(embedders, "all_pieces", lambda files: pieces())
    monkeypatch.setattr(embedders, "embed_costs", lambda make, some: {"timed": len(some)})
    monkeypatch.setattr(embedders, "EMBEDDERS", {"pitch-classes": PitchClasses})
    monkeypatch.setattr(embedders, "TIMED", 20)
    plan, lines = Plan(queries=20, edited=4), []
    report = embed_report(Path("songs"), ("pitch-histogram",), plan, lines.append)
    assert set(report["embedders"]) == {"pitch-classes", "pitch-histogram"}
    for figures in report["embedders"].values():
        assert {"next_mrr", "same_song_p10", "feel_p10", "graded_change"} < set(figures)
        assert figures["timed"] == 20
    assert len(lines) == 4


def test_four_embedders_are_compared_unless_told_otherwise() -> None:
    wanted = {"notes-encoder", "random-weights", "pitch-histogram", "pitch-classes"}
    assert set(embedders.EMBEDDERS) == wanted


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--queries", "0"], "--queries 0: at least 1"),
        (["--data", "/nowhere/at/all"], "/nowhere/at/all: no MIDI files"),
    ],
)
def test_the_command_says_what_is_wrong(
    arguments: list[str], fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "embed", "--json", *arguments]) == 2
    line = capsys.readouterr().err
    assert fault in line
    assert line.count("\n") == 1
