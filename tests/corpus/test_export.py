from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.music import make_bundle, phrase, segments

from corpus.cutting.precut import cut_by_name
from corpus.cutting.segment import Segment
from corpus.errors import CorpusError
from corpus.keeping.bundle import Bundle
from corpus.keeping.export import LEAD_IN_BEATS, export_bundle, segment_names
from corpus.midiwrite import TICKS_PER_BEAT
from corpus.reading.midifile import read_recording
from models.notes import Phrase, note_array, pedal_array, sort_notes

TICK = 1 / TICKS_PER_BEAT + 1e-9


def assert_comes_back(bundle: Bundle, files: list[Path]) -> None:
    """Every file holds its segment, a beat later, within a tick."""
    assert len(files) == len(bundle)
    for row, file in enumerate(files):
        wanted, found = bundle.phrase(row), read_recording(file)
        assert found.notes[["pitch", "velocity"]].tolist() == (
            wanted.notes[["pitch", "velocity"]].tolist()
        )
        onset = found.notes["onset"] - LEAD_IN_BEATS
        assert np.abs(onset - wanted.notes["onset"]).max() <= TICK
        assert np.abs(found.notes["duration"] - wanted.notes["duration"]).max() <= TICK
        assert found.pedals[["control", "value"]].tolist() == (
            wanted.pedals[["control", "value"]].tolist()
        )
        beat = found.pedals["beat"] - LEAD_IN_BEATS
        assert np.allclose(beat, wanted.pedals["beat"], rtol=0, atol=TICK)
        assert found.bars["value"].tolist() == [wanted.bar]
        assert found.bpm(0.0, 8.0) == pytest.approx(wanted.bpm, rel=1e-5)


def test_every_segment_comes_back(bundle: Bundle, tmp_path: Path) -> None:
    assert_comes_back(bundle, export_bundle(bundle, tmp_path / "out"))


# At most one strike of a key a segment: what more a keyboard can play is in test_midiwrite.
ROWS = st.lists(
    st.tuples(
        st.integers(-TICKS_PER_BEAT, 8 * TICKS_PER_BEAT - 1),
        st.integers(1, 12 * TICKS_PER_BEAT),  # may ring beyond the end
        st.integers(21, 108),
        st.integers(1, 127),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[2],
)
PEDALS = st.lists(
    st.tuples(
        st.integers(0, 8 * TICKS_PER_BEAT - 1),
        st.sampled_from([64, 66, 67]),
        st.integers(0, 127),
    ),
    max_size=6,
)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(ROWS, PEDALS, st.floats(30, 300), st.sampled_from([3.0, 4.0, 3.5])),
        min_size=1,
        max_size=4,
    )
)
def test_any_bundle_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    contents: list[
        tuple[list[tuple[int, int, int, int]], list[tuple[int, int, int]], float, float]
    ],
) -> None:
    folder = tmp_path_factory.mktemp("export")
    pieces = []
    for index, (rows, pedals, bpm, bar) in enumerate(contents):
        notes = note_array([(a / TICKS_PER_BEAT, b / TICKS_PER_BEAT, p, v) for a, b, p, v in rows])
        moves = pedal_array([(tick / TICKS_PER_BEAT, c, v) for tick, c, v in pedals])
        pieces.append(Segment("take", 8.0 * index, Phrase(notes, moves, 8.0, bpm, bar)))
    bundle = make_bundle(folder / "bundle", pieces)
    assert_comes_back(bundle, export_bundle(bundle, folder / "out"))


def test_names_follow_the_convention(tmp_path: Path) -> None:
    pieces = [Segment("my take", start, phrase(bpm=96.0)) for start in (0.0, 8.0, 16.5)]
    bundle = make_bundle(tmp_path / "bundle", pieces)
    names = [file.name for file in export_bundle(bundle, tmp_path / "out")]
    assert names == [
        "my take_0.000-5.000.mid",
        "my take_5.000-10.000.mid",
        "my take_10.312-15.312.mid",
    ]


def test_names_are_unique_and_fit_a_file_system(tmp_path: Path) -> None:
    tracks = ["a/b", "a:b", "A?B", "..", "x" * 400, "\u00e9" * 200]
    pieces = [Segment(track, 0.0, phrase(bpm=100.0 + 1e-4 * i)) for i, track in enumerate(tracks)]
    pieces += [Segment("near", start, phrase()) for start in (0.0, 0.0001)]
    bundle = make_bundle(tmp_path / "bundle", pieces)
    names = segment_names(bundle)
    assert len({name.casefold() for name in names}) == len(pieces)
    assert all(len(f"{name}.mid".encode()) <= 255 for name in names)
    assert names[:4] == [
        "a-b_0.000-4.800",
        "a-b_0.0000-4.8000",
        "A-B_0.00000-4.79999",
        "track_0.000-4.800",
    ]
    assert_comes_back(bundle, export_bundle(bundle, tmp_path / "out"))


def test_nothing_is_replaced(bundle: Bundle, tmp_path: Path) -> None:
    files = export_bundle(bundle, tmp_path)
    before = [file.read_bytes() for file in files]
    with pytest.raises(CorpusError, match="exists; export to an empty folder"):
        export_bundle(bundle, tmp_path)
    assert [file.read_bytes() for file in files] == before


def test_a_folder_that_cannot_be_made_is_named(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CorpusError, match="cannot be made"):
        export_bundle(bundle, tmp_path / "file")


def test_the_same_bundle_gives_the_same_bytes(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", segments(4))
    one, two = (export_bundle(bundle, tmp_path / name) for name in ("one", "two"))
    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in two]


@settings(max_examples=30, deadline=None)
@given(
    st.sets(st.sampled_from([-0.125, 0.0, 3.0, 7.875]), min_size=1),
    st.integers(1, 20),
)
def test_rounding_takes_no_note_over_the_edge_of_its_segment(
    tmp_path_factory: pytest.TempPathFactory, near: set[float], parts: int
) -> None:
    """Notes within a tick before and after where segments of 7.875 + 0.125 beats are cut."""
    folder = tmp_path_factory.mktemp("edge")
    onsets = sorted({edge + side * parts / 20_000 for edge in near for side in (-1, 0, 1)})
    inside = [onset for onset in onsets if -0.125 <= onset < 7.875]
    rows = [(onset, 0.01, 40 + i, 80) for i, onset in enumerate(inside)]
    music = Phrase(sort_notes(note_array(rows)), pedal_array([]), 8.0, 111.0, 4.0)
    bundle = make_bundle(folder / "bundle", [Segment("take", 24.0, music)])
    (file,) = export_bundle(bundle, folder / "out")
    found = cut_by_name(read_recording(file))
    assert found is not None
    notes = found.segments[0].phrase.notes
    assert notes["pitch"].tolist() == music.notes["pitch"].tolist()
    assert np.abs(notes["onset"] - music.notes["onset"]).max() <= TICK
    assert found.left_out == ()


def test_transposed_and_rotated_material_says_so_and_comes_back(tmp_path: Path) -> None:
    kinds = [(3, 2.0), (-5, 0.5), (0, 0.0), (0, 7.0)]
    pieces = [
        Segment("take", 8.0 * i, phrase(root=40 + i), transposed=semitones, rotated=beats)
        for i, (semitones, beats) in enumerate(kinds)
    ]
    bundle = make_bundle(tmp_path / "bundle", pieces)
    files = export_bundle(bundle, tmp_path / "out")
    assert [file.name for file in files] == [
        "take_0.000-4.000_t03s2.mid",
        "take_4.000-8.000_t-5s0.5.mid",
        "take_8.000-12.000.mid",
        "take_12.000-16.000_t00s7.mid",
    ]
    for file, piece in zip(files, pieces, strict=True):
        found = cut_by_name(read_recording(file))
        assert found is not None
        (segment,) = found.segments
        assert (segment.id, segment.transposed, segment.rotated) == (
            piece.id,
            piece.transposed,
            piece.rotated,
        )


def test_rounding_takes_no_pedal_event_to_the_end_of_its_segment(tmp_path: Path) -> None:
    near = 8.0 - 0.3 / TICKS_PER_BEAT
    music = replace(phrase(), pedals=pedal_array([(0.0, 64, 0), (7.0, 64, 127), (near, 64, 0)]))
    bundle = make_bundle(tmp_path / "bundle", [Segment("take", 24.0, music)])
    (file,) = export_bundle(bundle, tmp_path / "out")
    found = cut_by_name(read_recording(file))
    assert found is not None
    pedals = found.segments[0].phrase.pedals
    assert pedals["value"].tolist() == [0, 127, 0]
    assert abs(pedals["beat"][-1] - near) <= TICK
