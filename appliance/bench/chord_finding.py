"""How well `corpus.hearing.chords` finds the harmony that the tables of the demo corpus write.

Its constants were chosen on every second take; the others are `set_aside`.
"""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from appliance.bench.layer_finding import take_layers
from corpus.demo.generate import GENERATION
from corpus.demo.layout import lay_out
from corpus.demo.model import Track
from corpus.demo.takes import STYLES, TRACKS
from corpus.demo.theory import pitch_class
from corpus.hearing.chords import chords
from corpus.hearing.key import parse_key


def chord_figures() -> dict[str, Any]:
    """The part of all beats whose root is the written one."""
    return {"tuned": _figures(TRACKS[::2]), "set_aside": _figures(TRACKS[1::2])}


def written_roots(track: Track) -> list[int]:
    """The root on each beat of a take, 0..11 from C."""
    rng = np.random.default_rng([GENERATION, zlib.crc32(track.file.encode())])
    home = "A" if track.key.endswith("m") else "C"
    shift = pitch_class(track.key.rstrip("m")) - pitch_class(home)
    _, harmony = lay_out(STYLES[track.style], track.form, shift, rng)
    return [harmony.slots[harmony.index(beat)].chord.root for beat in range(int(harmony.end))]


def _figures(tracks: Sequence[Track]) -> dict[str, Any]:
    right = total = 0
    for track in tracks:
        notes, wanted = take_layers(track)[0], written_roots(track)
        bar = float(STYLES[track.style].beats)
        found = chords(notes, len(wanted), bar, parse_key(track.key))["root"]
        right += int((found == wanted).sum())
        total += len(wanted)
    return {"takes": len(tracks), "beats": total, "root": round(right / total, 4)}
