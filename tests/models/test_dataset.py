from pathlib import Path

import numpy as np
import pytest
from support.music import midi_file, off, on

from models.dataset import all_pieces, pieces, read_song, remainder, song_files, split, tonic_of
from models.errors import ModelError
from models.notes import note_array


def song(path: Path, bars: int = 6) -> Path:
    """A note every beat of `bars` bars of four, at the file's own 120 BPM."""
    messages = [
        message
        for beat in range(bars * 4)
        for message in (on(60 + beat % 4, velocity=50 + beat), off(60 + beat % 4, time=480))
    ]
    return midi_file(path, [messages])


def test_without_marks_the_beat_is_the_files(tmp_path: Path) -> None:
    found = read_song(song(tmp_path / "1.mid"))
    assert found.notes["onset"].tolist() == pytest.approx(list(range(24)))
    assert (found.bar, found.bpm) == (4.0, pytest.approx(120.0))


def test_marks_say_where_the_beats_and_bars_are(tmp_path: Path) -> None:
    """Marks at twice the file's tempo, half a second late, bars of four: notes two beats apart."""
    path = song(tmp_path / "1.mid")
    rows = [f"{0.5 + 0.25 * beat} 0.0 {float(beat % 4 == 2)}" for beat in range(48)]
    path.with_suffix(".beats.txt").write_text("\n".join(rows))
    found = read_song(path)
    assert found.notes["onset"][:4].tolist() == pytest.approx([-2, 0, 2, 4])
    assert found.downbeats[:2].tolist() == [2, 6]
    assert found.bpm == pytest.approx(240)


def test_segments_follow_each_other_from_the_first_downbeat(tmp_path: Path) -> None:
    found = pieces(read_song(song(tmp_path / "7.mid")))
    assert [piece.start_beat for piece in found] == [0, 8, 16]
    assert found[1].phrase.notes["onset"].tolist() == pytest.approx(list(range(8)))
    assert found[1].phrase.notes["velocity"].tolist() == list(range(58, 66))
    assert [p.start_beat for p in pieces(read_song(tmp_path / "7.mid"), hop=4)] == [0, 4, 8, 12, 16]


def test_the_key_is_read_where_it_is_written(tmp_path: Path) -> None:
    path = song(tmp_path / "1.mid")
    path.with_suffix(".key.txt").write_text("0.0\t3.9\tEb:min\n3.9\t12.0\tF#:maj\n")
    assert [piece.tonic for piece in pieces(read_song(path))] == [3, 6, 6]


@pytest.mark.parametrize("tonic", [0, 4, 11])
def test_the_tonic_of_a_scale(tonic: int) -> None:
    steps = [0, 4, 7, 0, 5, 9, 0, 2, 7, 11, 2, 0, 4, 7]
    rows = [(float(i), 1.0, 48 + (tonic + step) % 12, 80) for i, step in enumerate(steps)]
    assert tonic_of(note_array(rows)) == tonic


def test_songs_are_split_by_their_number(tmp_path: Path) -> None:
    for number in (10, 11, 12, 23, 30):
        song(tmp_path / f"{number}.mid")
    assert [path.stem for path in split(tmp_path, lambda rest: rest == 0)] == ["10", "30"]
    assert remainder(Path("waltz.mid")) == remainder(Path("elsewhere/waltz.mid"))
    with pytest.raises(ModelError, match="too few songs"):
        split(tmp_path, lambda rest: rest == 9)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no MIDI files"):
        song_files(tmp_path)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "5.mid"
    path.write_bytes(b"MThd nonsense")
    with pytest.raises(ModelError, match=r"5\.mid"):
        read_song(path)


def test_a_real_song_has_segments_in_step_with_its_bars(pop909: Path) -> None:
    found = all_pieces([pop909 / "010.mid"])
    assert len(found) > 20
    marks = np.loadtxt(pop909 / "010.beats.txt")
    assert all(marks[int(piece.start_beat), 2] == 1 for piece in found)
    assert {piece.tonic for piece in found} <= {7, 5}
