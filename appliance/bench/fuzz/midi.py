"""Damaged MIDI files: each is read, or refused in one clear line."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from appliance.bench.fuzz.damage import mutations
from appliance.bench.fuzz.trials import clear_line, expect
from corpus import demo
from corpus.building.importing import ImportSettings, Take, import_track
from corpus.errors import CorpusError
from corpus.reading.labels import Told
from corpus.reading.midifile import read_recording
from corpus.reading.recording import Recording
from models.notes import check_notes

HEAD = bytes.fromhex("4d546864 00000006 0001 0002 01e0")
BODY = bytes.fromhex("00903c50 00ff51030f4240 83603c00 00b0407f 00903c50 8f7f803c40 00ff2f00")
AWKWARD = (
    HEAD + b"MTrk" + len(BODY).to_bytes(4, "big") + BODY + b"MTrk\x00\x00\xff\xff" + BODY,
    HEAD[:9] + b"\x02" + HEAD[10:] + (b"MTrk" + len(BODY).to_bytes(4, "big") + BODY) * 4,
    HEAD[:12] + b"\xe2\x50" + b"MTrk" + len(BODY).to_bytes(4, "big") + BODY,
    HEAD + b"MTrk\x00\x00\x00\x00" * 200 + b"MTrk\x00\x00\x00\xff" + BODY * 9,
    HEAD + b"MTrk\x00\x00\x40\x00" + b"\xff\xff\xff\x7f\x90\x3c\x50" * 400,
)
"""Files that break the specification in ways that were met, before they are damaged."""

READ, IMPORTED, REFUSED = "read", "imported", "refused"
_NAME = "mutant"
_NOTHING_TOLD = Told(None, "", None, None, (), False)


@dataclass(frozen=True)
class Mutants:
    """Damaged files by number: a trial reads one, and with `whole` finds its beat, cuts it and
    describes it too."""

    seed: int
    whole: bool = False

    def __call__(self, number: int) -> str:
        data = self.data(number)
        return _outcome(lambda: import_whole(data)) if self.whole else _outcome(lambda: read(data))

    def data(self, number: int) -> bytes:
        files = originals()
        rng = np.random.default_rng([self.seed, number])
        return next(mutations(files[number % len(files)], 1, rng, files))


@lru_cache(maxsize=1)
def originals() -> tuple[bytes, ...]:
    """What is damaged: the awkward files, and eight takes of the demo corpus."""
    return (*AWKWARD, *(file.read_bytes() for file in demo.recordings()[:8]))


def read(data: bytes) -> str:
    """READ; CorpusError where it cannot be."""
    _check(read_recording(data, _NAME))
    return READ


def import_whole(data: bytes) -> str:
    """IMPORTED; CorpusError where it cannot be."""
    take = Take(_NAME, _NAME, data, _NOTHING_TOLD)
    found = import_track(take, ImportSettings())
    for segment in found.segments:
        check_notes(segment.phrase.notes, _NAME)
    return IMPORTED


def _outcome(attempt: Callable[[], str]) -> str:
    try:
        return attempt()
    except CorpusError as error:
        clear_line(str(error), f"{_NAME}: ")
        return REFUSED


def _check(recording: Recording) -> None:
    check_notes(recording.notes, _NAME)
    finite = (recording.pedals["beat"], recording.tempos["value"])
    expect(all(np.isfinite(values).all() for values in finite), "a beat or tempo is no number")
    expect(bool(np.isfinite(recording.seconds(recording.beats))), "its length is no number")
    expect(recording.phrase().beats >= 1, "shorter than a beat")
