"""The pictures of a corpus: what they say, and that they say it every time."""

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor
from support.music import make_bundle, manifest_facts, phrase, segments

from corpus.cutting.segment import Segment
from corpus.drawing.colouring import COLOURS, OTHERS, RAMP, SHAPES, colouring
from corpus.drawing.pianoroll import Roll, pitch_range, shade
from corpus.drawing.plot import LEGEND_LEFT, MAP, plot_corpus, plot_nearest
from corpus.drawing.scatter import BADGE, badges, fitted
from corpus.errors import BundleError, CorpusError
from corpus.hearing.describe import describe_all
from corpus.keeping.bundle import Bundle, Described, open_bundle, write_bundle
from corpus.neighbours import compare_phrases
from models.notes import note_array
from models.pitch_histogram import PitchHistogram


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("plot") / "boogies", segments(40))


def size(png: Path) -> tuple[int, int]:
    data = png.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def colours_in(picture: Image.Image) -> set[tuple[int, ...]]:
    return {colour for _, colour in picture.convert("RGB").getcolors(1 << 24) or ()}


def labelled(path: Path, labels: list[tuple[str, ...]]) -> Bundle:
    pieces = segments(len(labels))
    embedder = PitchHistogram()
    phrases = [piece.phrase for piece in pieces]
    vectors = embedder.embed(phrases)
    rows = zip(pieces, describe_all(phrases), labels, strict=True)
    table = compare_phrases(embedder, phrases, vectors).table
    write_bundle(path, [Described(*row) for row in rows], vectors, table, manifest_facts(embedder))
    return open_bundle(path)


def with_column(bundle: Bundle, name: str, values: Any) -> Bundle:
    table = np.array(bundle.segments)
    table[name] = values
    return replace(bundle, segments=table)


def with_tracks(bundle: Bundle, names: list[str]) -> Bundle:
    """The same segments, their tracks called otherwise."""
    dtype = [(n, "<U90" if n == "track" else t) for n, t in bundle.segments.dtype.descr]
    return with_column(replace(bundle, segments=bundle.segments.astype(dtype)), "track", names)


# The legend


def test_every_track_has_its_line_colour_and_count(bundle: Bundle) -> None:
    legend = colouring(bundle, "track")
    assert [group.name for group in legend.groups] == [f"take{number}" for number in range(10)]
    assert {group.count for group in legend.groups} == {4}
    looks = {(group.colour, group.shape) for group in legend.groups}
    assert len(looks) == 10
    for row, track in enumerate(bundle.segments["track"]):
        assert legend.groups[legend.group_of[row]].name == track


def test_the_biggest_have_colours_and_the_rest_is_grey(bundle: Bundle) -> None:
    """Track 0 has 3 segments, tracks 1 to 37 have one each: 24 can be named."""
    names = ["t00"] * 3 + [f"t{number:02}" for number in range(1, 38)]
    legend = colouring(with_tracks(bundle, names), "track")
    room = len(COLOURS) * len(SHAPES)
    assert [group.name for group in legend.groups] == [
        *(f"t{number:02}" for number in range(room)),
        "and 14 others",
    ]
    assert legend.groups[-1].colour == OTHERS
    assert legend.groups[-1].count == 14
    assert legend.groups[0].count == 3
    assert sum(group.count for group in legend.groups) == 40
    assert (legend.group_of[-14:] == room).all()


def test_one_more_than_can_be_named_is_one_other(bundle: Bundle) -> None:
    names = [f"t{min(number, 24):02}" for number in range(40)]
    legend = colouring(with_tracks(bundle, names), "track")
    assert legend.groups[-1].name == "and 1 other"
    assert "t24" in [group.name for group in legend.groups], "it has the most segments"


def test_labels_are_shown_together_and_their_absence_too(tmp_path: Path) -> None:
    told = labelled(tmp_path / "b", [("2024", "calm"), ("2024",), (), ("2024", "calm")])
    legend = colouring(told, "label")
    assert [(group.name, group.count) for group in legend.groups] == [
        ("2024", 1),
        ("2024, calm", 2),
        ("without one", 1),
    ]
    assert legend.groups[-1].colour == OTHERS


def test_no_labels_and_no_such_column_say_what_there_is(bundle: Bundle) -> None:
    with pytest.raises(
        CorpusError, match=r"no segment has a label; there is .*track.*bpm"
    ) as raised:
        colouring(bundle, "label")
    assert str(bundle.path) in str(raised.value)
    with pytest.raises(
        CorpusError, match="nothing called 'mood' to colour by; there is label, key"
    ):
        colouring(bundle, "mood")


def test_keys_are_named(bundle: Bundle) -> None:
    table = np.array(bundle.segments)
    table["key_tonic"], table["key_minor"] = 0, 0
    table["key_tonic"][:3], table["key_minor"][:3] = 6, 1
    legend = colouring(replace(bundle, segments=table), "key")
    assert [(g.name, g.count) for g in legend.groups] == [("C major", 37), ("F# minor", 3)]


def test_numbers_fall_into_ranges_of_about_as_many(bundle: Bundle) -> None:
    legend = colouring(with_column(bundle, "bpm", np.arange(40) + 80.0), "bpm")
    assert [(group.name, group.count) for group in legend.groups] == [
        ("80 to 87", 8),
        ("88 to 95", 8),
        ("96 to 103", 8),
        ("104 to 111", 8),
        ("112 to 119", 8),
    ]
    assert [group.colour for group in legend.groups] == list(RAMP)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([120] * 40, [("120", 40)]),
        ([90] * 39 + [120], [("90", 39), ("120", 1)]),
        ([60] * 30 + list(range(70, 80)), [("60 to 71", 32), ("72 to 79", 8)]),
    ],
)
def test_few_or_uneven_numbers_lose_no_segment(
    bundle: Bundle, values: list[int], expected: list[tuple[str, int]]
) -> None:
    legend = colouring(with_column(bundle, "bpm", values), "bpm")
    assert [(group.name, group.count) for group in legend.groups] == expected
    assert legend.group_of.min() >= 0


# The map


def test_the_map_fills_its_room_and_nothing_lies_outside() -> None:
    points = np.random.default_rng(1).normal(size=(100, 2)) * (1, 30)
    places = fitted(points, (400, 300))
    assert (places > 0).all()
    assert (places < (400, 300)).all()
    assert np.ptp(places[:, 1]) == pytest.approx(240)
    assert np.array_equal(np.argsort(places[:, 0]), np.argsort(points[:, 0]))
    assert np.array_equal(np.argsort(-places[:, 1]), np.argsort(points[:, 1])), "up is up"


def test_one_point_and_equal_points_lie_in_the_middle() -> None:
    assert fitted(np.zeros((3, 2)), (400, 300)).tolist() == [[200, 150]] * 3


def test_numbers_never_overlap() -> None:
    points = np.random.default_rng(1).normal(size=(24, 2)) * 12 + (200, 150)
    points[5] = points[6]
    found = badges(points, (400, 300))
    assert [badge.number for badge in found] == list(range(1, 25))
    places = np.array([badge.place for badge in found])
    apart = np.linalg.norm(places[:, np.newaxis] - places, axis=2) + np.eye(24) * 99
    assert apart.min() >= 2 * BADGE
    assert found[0].place == found[0].point


# Piano rolls


def test_pitches_are_drawn_in_whole_octaves() -> None:
    assert pitch_range([note_array([(0, 1, 37, 80)]), note_array([(0, 1, 71, 80)])]) == (36, 71)
    assert pitch_range([note_array([(0, 1, 60, 80)])]) == (60, 83), "two at least"


def test_a_roll_puts_beats_and_pitches_in_their_places() -> None:
    roll = Roll(100, 500, 50, begin=-1, end=7, low=36, high=59)
    assert [roll.x(beat) for beat in (-1, 3, 7)] == [100, 300, 500]
    assert [roll.y(pitch) for pitch in (59, 36)] == [50, 96]
    assert roll.bottom == 98


def test_loud_notes_have_the_full_colour() -> None:
    assert shade("#2166ac", 127) == "#2166ac"
    soft, loud = (sum(ImageColor.getrgb(shade("#2166ac", v))) for v in (10, 100))
    assert soft > loud


# The pictures


@pytest.mark.parametrize("by", ["track", "key", "bpm", "density"])
def test_the_same_bundle_gives_the_same_bytes(bundle: Bundle, tmp_path: Path, by: str) -> None:
    for name in ("one.png", "two.png"):
        plot_corpus(bundle, tmp_path / name, by)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_map_and_legend_bear_the_colours_of_the_groups(bundle: Bundle, tmp_path: Path) -> None:
    plot_corpus(bundle, tmp_path / "map.png")
    with Image.open(tmp_path / "map.png") as picture:
        width, height = picture.size
        beside = colours_in(picture.crop((LEGEND_LEFT, 0, width, height // 2)))
        drawn = colours_in(picture.crop((60, 90, 55 + MAP[0], 85 + MAP[1])))
    groups = {ImageColor.getrgb(group.colour) for group in colouring(bundle, "track").groups}
    assert groups <= beside
    assert groups <= drawn


def test_the_legend_changes_with_what_is_asked(bundle: Bundle, tmp_path: Path) -> None:
    plot_corpus(bundle, tmp_path / "track.png")
    plot_corpus(bundle, tmp_path / "bpm.png", "bpm")
    assert (tmp_path / "track.png").read_bytes() != (tmp_path / "bpm.png").read_bytes()
    assert size(tmp_path / "track.png") == size(tmp_path / "bpm.png")


@pytest.mark.parametrize("count", [1, 2, 5, 24, 25])
def test_small_corpora(tmp_path: Path, count: int) -> None:
    small = make_bundle(tmp_path / "small", segments(count))
    plot_corpus(small, tmp_path / "map.png")
    plot_nearest(small, small.phrase(0), small.neighbours[0], tmp_path / "near.png")
    lines = -(-min(count, 24) // 4)
    one = make_bundle(tmp_path / "one", segments(1))
    plot_corpus(one, tmp_path / "one.png")
    assert size(tmp_path / "map.png")[1] > size(tmp_path / "one.png")[1] or lines == 1


def test_names_of_any_length_and_script(tmp_path: Path) -> None:
    names = ["夜曲" * 40, "Étude à Łódź", "מנגינה", "line\nbreak", "x" * 300, "🎹"]
    pieces = [
        Segment(name, 0.0, phrase(36 + i)) for i, name in enumerate(names) if "\n" not in name
    ]
    named = make_bundle(tmp_path / "夜", pieces)
    plot_corpus(named, tmp_path / "map.png")
    plot_corpus(with_tracks(named, [n[:90] for n in names if n != "x" * 300]), tmp_path / "b.png")
    found = named.neighbours[0]
    plot_nearest(named, named.phrase(0), found, tmp_path / "near.png", "name\n" * 200)


def test_the_nearest_are_drawn_below_the_query(bundle: Bundle, tmp_path: Path) -> None:
    found = bundle.neighbours[0]
    for k in (1, 4):
        for turn in (1, 2):
            plot_nearest(bundle, bundle.phrase(0), found[:k], tmp_path / f"{k}-{turn}.png")
        assert (tmp_path / f"{k}-1.png").read_bytes() == (tmp_path / f"{k}-2.png").read_bytes()
    assert size(tmp_path / "4-1.png")[1] > size(tmp_path / "1-1.png")[1]


def test_the_transposition_moves_the_notes_that_are_drawn(bundle: Bundle, tmp_path: Path) -> None:
    found = np.array(bundle.neighbours[0][:1])
    found["segment"] = 1  # within the octaves that are drawn, in either place
    pictures = []
    for semitones in (-3, 0):
        found["transpose"] = semitones
        plot_nearest(bundle, bundle.phrase(0), found, tmp_path / "near.png")
        with Image.open(tmp_path / "near.png") as picture:
            pixels = np.asarray(picture.convert("RGB")).astype(int)
        blue = (pixels[..., 2] - pixels[..., 0] > 60).any(axis=1)
        pictures.append(np.flatnonzero(blue))
    assert pictures[0].min() - pictures[1].min() == 3 * 2, "two pixels a semitone"


def test_a_long_query_is_cut_and_says_so(bundle: Bundle, tmp_path: Path) -> None:
    plot_nearest(bundle, phrase(beats=200.0), bundle.neighbours[0][:2], tmp_path / "long.png")
    assert size(tmp_path / "long.png")[0] == 1600


def test_a_damaged_bundle_is_one_line(bundle: Bundle, tmp_path: Path) -> None:
    wrong = np.array(bundle.neighbours)
    wrong["segment"][3, 0] = 4000
    with pytest.raises(BundleError, match=r"neighbours\.npy is out of range"):
        plot_corpus(replace(bundle, neighbours=wrong), tmp_path / "no.png")
    vectors = np.array(bundle.embeddings)
    vectors[2, 0] = np.nan
    with pytest.raises(BundleError, match=r"embeddings\.npy holds a value that is not a number"):
        plot_corpus(replace(bundle, embeddings=vectors), tmp_path / "no.png")
    assert not (tmp_path / "no.png").exists()
