"""One file's way into a corpus, and what somebody wrote about it on that way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.music import midi_file, off, on, phrase

import corpus.demo
from corpus.building.importing import (
    NO_OFFSET,
    NO_TEMPO,
    Imported,
    ImportSettings,
    Take,
    import_track,
    pack_imported,
    unpack_imported,
)
from corpus.hearing.chords import chords
from corpus.hearing.describe import DESCRIPTION
from corpus.hearing.key import parse_key
from corpus.midiwrite import write_phrase
from corpus.reading.labels import Told
from corpus.reading.midifile import read_recording
from corpus.reading.recording import FILE, LABELS, NAME, LeftOut
from models.notes import Phrase

NOTHING = Told(None, "", None, None, (), False)
DEMO = Path(corpus.demo.__file__).parent


def imported(file: Path, told: Told = NOTHING, track: str | None = None) -> Imported:
    take = Take(track or file.stem, file.name, file.read_bytes(), told, file.stem)
    return import_track(take, ImportSettings())


def loop(folder: Path, beats: float, stem: str = "loop", bar: float = 4.0) -> Path:
    write_phrase(folder / f"{stem}.mid", phrase(beats=beats, bar=bar, bpm=100.0), stem)
    return folder / f"{stem}.mid"


def named(folder: Path, stem: str, music: Phrase | None = None) -> Path:
    write_phrase(folder / f"{stem}.mid", music or phrase(), stem, 1.0)
    return folder / f"{stem}.mid"


@pytest.mark.parametrize("beats", [6.0, 12.0, 16.0])
@pytest.mark.parametrize("source", [NAME, LABELS])
def test_a_loop_whose_tempo_is_told_is_taken_as_it_is(
    tmp_path: Path, beats: float, source: str
) -> None:
    file = loop(tmp_path, beats, "20240131-100-01")
    found = imported(file, replace(NOTHING, tempo=100.0, tempo_source=source))
    assert [segment.phrase.beats for segment in found.segments] == [beats]
    assert found.facts.bpm_source == source
    assert [segment.phrase.beats for segment in imported(file).segments] == [beats]


def test_a_loop_that_is_told_to_be_at_another_tempo_is_heard_anew(tmp_path: Path) -> None:
    found = imported(loop(tmp_path, 16.0), replace(NOTHING, tempo=50.0, tempo_source=LABELS))
    assert {round(segment.phrase.bpm) for segment in found.segments} == {50}
    assert (found.facts.bpm_source, found.facts.bpm) == (LABELS, pytest.approx(50, rel=0.01))


def test_a_loop_that_begins_before_its_first_bar_is_cut_at_that_bar(tmp_path: Path) -> None:
    file = loop(tmp_path, 9.0)
    assert imported(file).segments[0].phrase.beats == 9.0
    (segment,) = imported(file, replace(NOTHING, offset=1.0)).segments
    assert (segment.start_beat, segment.phrase.beats, segment.phrase.bar) == (1.0, 8.0, 4.0)
    assert imported(file, replace(NOTHING, offset=4.0)).segments[0].phrase.beats == 9.0


def two_metres(folder: Path, stem: str = "both") -> Path:
    """32 beats of 4/4, then 24 of 3/4, at the 120 BPM of a file that tells no tempo."""
    import mido

    metres = [
        mido.MetaMessage("time_signature", numerator=4, denominator=4, time=0),
        mido.MetaMessage("time_signature", numerator=3, denominator=4, time=32 * 480),
    ]
    pattern = [0, 4, 7, 9]
    notes = [
        message
        for beat in range(56)
        for message in (on(40 + pattern[beat % 4]), off(40 + pattern[beat % 4], 480))
    ]
    return midi_file(folder / f"{stem}.mid", [metres, notes])


@pytest.mark.parametrize(
    ("offset", "starts"),
    [
        (None, [0, 8, 16, 24, 32, 38, 44, 50]),
        (4.0, [0, 8, 16, 24, 32, 38, 44, 50]),
        (1.0, [1, 9, 17, 32, 38, 44, 50]),  # what is between beats 25 and 32 is too short
        (33.0, [0, 8, 16, 24, 33, 39, 45, 51]),
    ],
)
def test_an_offset_keeps_the_other_metre(
    tmp_path: Path, offset: float | None, starts: list[float]
) -> None:
    found = imported(two_metres(tmp_path), replace(NOTHING, offset=offset))
    assert found.facts.bpm_source == FILE
    assert [segment.start_beat for segment in found.segments] == starts
    assert {segment.phrase.bar for segment in found.segments} == {3.0, 4.0}


def test_a_metre_that_is_told_holds_throughout(tmp_path: Path) -> None:
    found = imported(two_metres(tmp_path), replace(NOTHING, bar=5.0, offset=2.0))
    assert {segment.phrase.bar for segment in found.segments} == {5.0}
    assert {segment.start_beat % 5 for segment in found.segments} == {2.0}


def free(folder: Path, stem: str = "01-boogie-c") -> tuple[Path, float]:
    """A demo take as a file of 120 BPM that its notes pay no heed to, begun 3.3 s late; and the
    beat of that file on which its first bar begins."""
    take = read_recording(DEMO / f"{stem}.mid")
    notes = take.notes.copy()
    seconds = take.times(notes["onset"]), take.times(notes["onset"] + notes["duration"])
    notes["onset"] = 2 * (seconds[0] + 3.3)
    notes["duration"] = 2 * (seconds[1] - seconds[0])
    end = float(np.ceil((notes["onset"] + notes["duration"]).max()))
    write_phrase(folder / "free.mid", Phrase(notes, take.pedals[:0], end, 120.0, 4.0), "free")
    return folder / "free.mid", 2 * 3.3


@pytest.mark.parametrize("beats_later", [0, 1, 2, 3, 7])
def test_an_offset_counts_the_files_own_beats_whatever_is_heard(
    tmp_path: Path, beats_later: int
) -> None:
    """The bars begin on the told beat of the performance, not so many beats after another."""
    file, zero = free(tmp_path)
    a_beat = 2 * 60 / 138.0  # of this performance, in beats of the file
    told = replace(NOTHING, tempo=138.0, offset=zero + beats_later * a_beat)
    found = imported(file, told)
    truth = read_recording(DEMO / "01-boogie-c.mid").notes
    first = found.segments[0].phrase.notes
    played = np.flatnonzero(truth["pitch"] == first["pitch"][0])
    bar = [
        truth["onset"][at] - first["onset"][0]
        for at in played
        if (truth["pitch"][at : at + len(first)] == first["pitch"][: len(truth) - at]).all()
    ]
    off_bar = [(start - beats_later + 2) % 4 - 2 for start in bar]
    assert off_bar == pytest.approx([0.0] * len(bar), abs=0.1)
    assert bar


def test_a_told_key_is_that_of_every_segment_and_of_its_chords(tmp_path: Path) -> None:
    file = DEMO / "03-bossa-am.mid"
    found = imported(file, replace(NOTHING, key="F minor"))
    heard = imported(file)
    assert (found.facts.key, found.facts.key_confidence) == ("F minor", 1.0)
    assert len(found.descriptions) > 2
    for segment, one, other in zip(
        found.segments, found.descriptions, heard.descriptions, strict=True
    ):
        assert (one.row["key_tonic"], one.row["key_minor"], one.row["key_confidence"]) == (5, 1, 1)
        notes = segment.phrase.notes
        outside = ~np.isin((notes["pitch"].astype(int) - 5) % 12, [0, 2, 3, 5, 7, 8, 9, 10, 11])
        share = (notes["duration"] * outside).sum() / notes["duration"].sum()
        assert one.row["chromaticism"] == pytest.approx(share)
        told = parse_key("F minor")
        expected = chords(notes, segment.phrase.beats, segment.phrase.bar, told)
        assert one.chords.tolist() == expected.tolist()
        assert one.row["density"] == other.row["density"]
        assert one.layers.tolist() == other.layers.tolist()


def test_telling_the_key_that_is_heard_changes_only_how_sure_it_is() -> None:
    file = DEMO / "20-rock-bm.mid"
    heard = imported(file)
    told = imported(file, replace(NOTHING, key=heard.facts.key))
    assert len(told.descriptions) > 2
    for one, before in zip(told.descriptions, heard.descriptions, strict=True):
        assert one.key == replace(before.key, confidence=1.0)
        follow = {"key_confidence", "chord_confidence", "harmonic_rhythm"}
        for name in set(DESCRIPTION.names or ()) - follow:
            assert one.row[name] == before.row[name], name


def test_a_pre_cut_file_is_at_the_tempo_and_in_the_metre_that_are_told(tmp_path: Path) -> None:
    file = named(tmp_path, "take_16-24")
    told = replace(NOTHING, tempo=60.0, tempo_source=LABELS, bar=2.0)
    found = imported(file, told)
    (segment,) = found.segments
    assert (segment.phrase.bpm, segment.phrase.bar, segment.phrase.beats) == (60.0, 2.0, 8.0)
    assert segment.start_beat == 16.0
    assert (found.facts.bpm, found.facts.bpm_source, found.facts.left_out) == (60.0, LABELS, ())


def test_what_a_pre_cut_files_name_speaks_against_is_not_heeded_and_told_of(
    tmp_path: Path,
) -> None:
    file = named(tmp_path, "take_8.00-12.00")
    found = imported(file, replace(NOTHING, tempo=77.0, tempo_source=LABELS, offset=1.0))
    assert (found.segments[0].phrase.bpm, found.facts.bpm_source) == (120.0, FILE)
    assert found.facts.left_out == (LeftOut(NO_TEMPO), LeftOut(NO_OFFSET))


def test_a_pre_cut_file_is_known_by_its_own_name_though_another_has_it(tmp_path: Path) -> None:
    file = named(tmp_path, "001_125.333-129.333")
    (segment,) = imported(file, track="001_125.333-129.333-2").segments
    assert (segment.track, segment.origin) == ("001", "001_125.333-129.333-2")
    take = Take("take_8-12", "x.mid", file.read_bytes(), NOTHING)
    assert import_track(take, ImportSettings()).segments[0].id == "take@16"


def test_what_is_imported_comes_back_from_the_cache(tmp_path: Path) -> None:
    found = imported(two_metres(tmp_path), replace(NOTHING, key="C major", labels=("a", "b")))
    back = unpack_imported(pack_imported(found))
    assert back.facts == found.facts
    assert back.facts.files == ("both.mid",)
    assert [one.id for one in back.segments] == [one.id for one in found.segments]
    assert [one.row.tolist() for one in back.descriptions] == [
        one.row.tolist() for one in found.descriptions
    ]
