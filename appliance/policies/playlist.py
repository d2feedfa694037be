"""A list of segments, or an earlier session, played again."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from appliance.errors import ConfigError
from appliance.policies.facts import Facts
from appliance.policies.moment import SEED, Choice, Memory, Moment
from appliance.policies.options import text_option
from appliance.policies.steps import nearest_choice, towards

PROVENANCE = "provenance.jsonl"
LIMIT = 16 << 20  # bytes of a list; a night of provenance is a tenth of it


@dataclass(frozen=True)
class Entry:
    """One line: a segment or the seed, and how it sounded where that is known."""

    source: str
    semitones: int | None = None
    rotate: int = 0


@dataclass
class Playlist:
    """The segments of a file one after another, then from the top.

    `file` has a segment id a line (# begins a comment), or is the folder or provenance.jsonl of a
    session, whose transpositions are kept; the seed loops that such a session begins with are left
    out, since the seed plays already. What the corpus lacks is passed over, and named.
    """

    name = "playlist"
    file: str = text_option("", "the file to play, or a session's folder")
    _entries: tuple[Entry, ...] = field(default=(), repr=False, compare=False)
    _place: Memory[int] = field(default_factory=Memory, repr=False, compare=False)
    _rows: dict[str, int] = field(default_factory=dict, repr=False, compare=False)
    _of: Facts | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._entries = read_entries(Path(self.file))

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        self.prepare(moment.facts)
        last = self._place.before(moment.loop)
        place = -1 if last is None else last
        for ahead in range(1, len(self._entries) + 1):
            at = (place + ahead) % len(self._entries)
            if self._entries[at].source in self._rows:
                self._place.keep(moment.loop, at)
                return self._play(moment, at, self._passed_over(place, ahead))
        return nearest_choice(moment, 4, "nothing of the list is here: nearest")

    def _play(self, moment: Moment, at: int, passed: str) -> Choice:
        entry = self._entries[at]
        row = self._rows[entry.source]
        why = f"{at + 1} of {len(self._entries)}{passed}"
        choice = Choice(SEED, 0, 0.0, why) if row == SEED else towards(moment, row, why)
        if entry.semitones is None or row == SEED:
            return choice
        if not self._fits(moment.facts, row, entry.semitones):
            return replace(choice, why=f"{why}, in another octave")
        beats = moment.facts.segments["beats"][row]
        return replace(choice, semitones=entry.semitones, rotate=entry.rotate % round(beats))

    @staticmethod
    def _fits(facts: Facts, row: int, semitones: int) -> bool:
        low, high = int(facts.segments["low"][row]), int(facts.segments["high"][row])
        return low + semitones >= 21 and high + semitones <= 108

    def _passed_over(self, place: int, ahead: int) -> str:
        if ahead == 1:
            return ""
        missing = self._entries[(place + 1) % len(self._entries)].source
        return f"; not here: {missing}" + (f" and {ahead - 2} more" if ahead > 2 else "")

    def prepare(self, facts: Facts) -> None:
        """Which rows the entries are, once a bundle."""
        if self._of is facts:
            return
        found = {entry.source: facts.row(entry.source) for entry in self._entries}
        self._rows = {source: row for source, row in found.items() if row is not None}
        if "seed" in found:
            self._rows["seed"] = SEED
        self._of = facts


def read_entries(path: Path) -> tuple[Entry, ...]:
    """The entries of a list or a session; ConfigError names the file and the line."""
    path = path / PROVENANCE if path.is_dir() else path
    try:
        if path.stat().st_size > LIMIT:
            raise ConfigError(f"{path}: larger than {LIMIT >> 20} MiB; not a list of segments")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise ConfigError(f"{path}: cannot be read as a playlist ({reason})") from error
    read = _provenance_line if path.suffix == ".jsonl" else _plain_line
    found = [read(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    entries = [entry for entry in found if entry is not None]
    while path.suffix == ".jsonl" and entries and entries[0].source == "seed":
        entries.pop(0)
    if not entries:
        raise ConfigError(f"{path}: names no segment; write one id a line, like TRACK@8")
    return tuple(entries)


def _plain_line(path: Path, number: int, line: str) -> Entry | None:
    source = line.split("#")[0].strip()
    return Entry(source) if source else None


def _provenance_line(path: Path, number: int, line: str) -> Entry:
    try:
        read: dict[str, Any] = json.loads(line)
        source, semitones, rotate = read["source"], read["transpose"], read["rotate_beats"]
        return Entry(str(source), int(semitones), int(rotate))
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise ConfigError(f"{path}: line {number} is not a line of provenance") from error
