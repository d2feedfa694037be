"""Write the demo corpus: `python -m corpus.demo.generate [--out DIR]`.

The same bytes every time: each take has its own generator, seeded by its file name, so that a
change to one table row leaves the other files as they were.
"""

from __future__ import annotations

import argparse
import zlib
from pathlib import Path

import mido
import numpy as np

from corpus.demo.compose import compose
from corpus.demo.model import Note, Pedal, Style, Track
from corpus.demo.takes import SEEDS, SOLO, STYLES, TRACKS

TICKS_PER_BEAT = 480
GENERATION = 1  # raise it to have every take played anew

# At one tick a key goes up before the pedal moves, and both before a key goes down.
KEY_UP, PEDAL, KEY_DOWN = range(3)


def _header(track: Track, style: Style, end: int) -> mido.MidiTrack:
    numerator = {"numerator": style.beats, "denominator": 4}
    return mido.MidiTrack(
        [
            mido.MetaMessage("track_name", name=track.title),
            mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(track.bpm)),
            mido.MetaMessage("time_signature", **numerator),
            mido.MetaMessage("key_signature", key=track.key),
            mido.MetaMessage("end_of_track", time=end),
        ]
    )


def _events(notes: list[Note], pedals: list[Pedal]) -> list[tuple[int, int, mido.Message]]:
    """(tick, order within the tick, message)."""
    events = []
    for note in notes:
        start, stop = _tick(note.beat), _tick(note.beat + note.length)
        down = mido.Message("note_on", note=note.pitch, velocity=int(note.velocity))
        up = mido.Message("note_off", note=note.pitch, velocity=64)
        events += [(start, KEY_DOWN, down), (max(stop, start + 1), KEY_UP, up)]
    for move in pedals:
        change = mido.Message("control_change", control=64, value=move.value)
        events.append((_tick(move.beat), PEDAL, change))
    return sorted(events, key=lambda event: event[:2])


def _tick(beat: float) -> int:
    return round(beat * TICKS_PER_BEAT)


def _piano(events: list[tuple[int, int, mido.Message]], end: int) -> mido.MidiTrack:
    piano = mido.MidiTrack(
        [mido.MetaMessage("track_name", name="Piano"), mido.Message("program_change", program=0)]
    )
    now = 0
    for tick, _, message in events:
        piano.append(message.copy(time=tick - now))
        now = tick
    piano.append(mido.MetaMessage("end_of_track", time=end - now))
    return piano


def render(track: Track) -> mido.MidiFile:
    """The take as a MIDI file of type 1: a tempo track and a piano track, up to the bar line."""
    style = STYLES[track.style]
    rng = np.random.default_rng([GENERATION, zlib.crc32(track.file.encode())])
    notes, pedals, beats = compose(track, style, rng)
    end = _tick(beats)
    tracks = [_header(track, style, end), _piano(_events(notes, pedals), end)]
    return mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, tracks=tracks)


def generate(out: Path) -> list[Path]:
    """Write every take, the seeds and the solo under `out`; the paths written."""
    (out / "seeds").mkdir(parents=True, exist_ok=True)
    paths = []
    for track in (*TRACKS, *SEEDS, SOLO):
        path = out / f"{track.file}.mid"
        render(track).save(path)
        paths.append(path)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    paths = generate(parser.parse_args().out)
    print(f"wrote {len(paths)} files to {paths[0].parent}")


if __name__ == "__main__":
    main()
