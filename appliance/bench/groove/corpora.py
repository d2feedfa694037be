"""The corpora and the seeds that policies are measured with; built once and kept in the cache.

Songs are POP909's (Wang et al., ISMIR 2020): its first 300, and every tenth of these. Seeds are
the shipped ones in several keys and tempi, and, where there are songs, left hands of others.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from corpus import demo
from corpus.building.build import BuildSettings, build_bundle
from corpus.building.engine import make_engine
from corpus.building.gathering import CODE
from corpus.errors import BundleError
from corpus.keeping.bundle import Bundle, open_bundle
from corpus.reading.midifile import read_phrase
from models.embedder import make_embedder
from models.notes import Phrase, transpose

SONGS, TENTH = 300, 10
STRANGERS = 10  # seeds from songs that are in no corpus here
MIDDLE_C = 60
KEYS = (0, 5, -4, 2, -5, 3, 6, -2, 4, -1)  # semitones by which shipped seeds are moved, in turn
TEMPI = (1.0, 0.9, 1.12, 0.95, 1.05)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Material:
    """A corpus on disk, by a short name, and the seeds to start from."""

    name: str
    bundle: Path
    seeds: tuple[Phrase, ...]

    def labels(self, bundle: Bundle) -> list[frozenset[str]]:
        """What somebody might call each segment. The demo corpus names styles in its file names,
        which its policies cannot see; the songs have nothing of the sort."""
        if self.name != "demo":
            return [frozenset()] * len(bundle)
        styles = [str(track)[3:].rpartition("-")[0] for track in bundle.segments["track"]]
        return [frozenset([style]) for style in styles]


def materials(songs: Path, embedder: str, seeds: int, jobs: int, say: Say) -> list[Material]:
    """The demo corpus, and two of songs where there are any: without them a line says so."""
    shipped = shipped_seeds(seeds)
    found = [Material("demo", _bundle("demo", demo.recordings(), embedder, jobs, say), shipped)]
    files = sorted(songs.glob("[0-9][0-9][0-9].mid"))
    if len(files) <= SONGS:
        say(f"{songs}: {len(files)} songs of POP909; more than {SONGS} are needed: left out")
        return found
    others = files[SONGS :: (len(files) - SONGS) // STRANGERS][:STRANGERS]
    strange = left_hands(open_bundle(_bundle("seeds", others, embedder, jobs, say)))
    mixed = (*shipped[: seeds - len(strange[: seeds // 2])], *strange[: seeds // 2])
    for count, some in ((SONGS // TENTH, files[TENTH - 1 : SONGS : TENTH]), (SONGS, files[:SONGS])):
        name = f"songs-{count}"
        found.append(Material(name, _bundle(name, some, embedder, jobs, say), mixed))
    return found


def shipped_seeds(count: int) -> tuple[Phrase, ...]:
    """The takes of the demo corpus, each time in another key and tempo."""
    takes = [read_phrase(file) for file in sorted((demo.FOLDER / "seeds").glob("*.mid"))]
    return tuple(
        _moved(takes[number % len(takes)], number // len(takes)) for number in range(count)
    )


def left_hands(bundle: Bundle) -> list[Phrase]:
    """Of each track the most loopable phrase, without the notes from middle C upwards."""
    found = []
    for track in np.unique(bundle.segments["track"]).tolist():
        rows = np.flatnonzero(bundle.segments["track"] == track)
        best = int(rows[np.argmax(bundle.segments["loopability"][rows])])
        phrase = bundle.phrase(best)
        below = phrase.notes[(phrase.notes["pitch"] < MIDDLE_C) & (phrase.notes["onset"] >= 0)]
        if len(below) >= 4:
            found.append(replace(phrase, notes=below))
    return found


def _moved(phrase: Phrase, turn: int) -> Phrase:
    notes = transpose(phrase.notes, KEYS[turn % len(KEYS)])
    return replace(phrase, notes=notes, bpm=phrase.bpm * TEMPI[turn % len(TEMPI)])


def _bundle(name: str, files: Sequence[Path], embedder: str, jobs: int, say: Say) -> Path:
    """In the cache under what it is made from."""
    digest = hashlib.sha256(make_embedder(embedder).sha256.encode() + CODE.encode())
    for file in files:
        digest.update(file.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    out = cache / "smartlooper" / "bench" / digest.hexdigest()[:16] / name
    try:
        open_bundle(out, verify=True)
    except BundleError:  # not there yet, or damaged
        say(f"{name}: {len(files)} recordings by {embedder}, kept in {out}")
        with make_engine(jobs) as engine:
            build_bundle(files, out, BuildSettings(embedder), engine)
    return out
