"""The session folder, written while it is played.

`events.jsonl` and `provenance.jsonl` grow line by line; `performance.mid` and `stage.png` are made
from them afterwards (see appliance.folder), also after a power cut.
"""

import json
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from appliance.folder import EVENTS, PROVENANCE, ROUNDS, SEED_MIDI, SESSION, TABLE
from appliance.seed import Seed
from corpus.keeping.atomic import write_text
from corpus.midiwrite import write_phrase

SYNC_SECONDS = 0.5


class _Seed(NamedTuple):
    seed: Seed
    offset: float
    summary: dict[str, Any]


class Journal:
    """One session folder, open for writing. Lines are appended from one thread.

    With `durable` what waits for the disk is done by `sync`, which may be on another thread: to
    `write`, to `keep_seed` and to `keep_rounds` never waits for it.
    """

    def __init__(self, folder: Path, durable: bool = True) -> None:
        """With `durable` what is synced or closed is on the disk; simulated time need not wait for
        that."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._durable = durable
        self._files: dict[str, IO[str]] = {
            "events": (folder / EVENTS).open("w", encoding="utf-8"),
            "provenance": (folder / PROVENANCE).open("w", encoding="utf-8"),
        }
        self._before_seed = dict.fromkeys(self._files, 0)  # positions
        self._seed: _Seed | None = None  # these two are to be written
        self._rounds: tuple[str, str] | None = None
        self._at_the_disk = threading.Lock()

    def write(self, file: str, line: dict[str, Any]) -> None:
        self._files[file].write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")

    def keep_seed(self, seed: Seed, offset: float, summary: dict[str, Any]) -> None:
        """Keep the seed, and the summary for whoever reads the folder before the end."""
        self._before_seed = {name: file.tell() for name, file in self._files.items()}
        self._seed = _Seed(seed, offset, summary)
        if not self._durable:
            self._write_seed()

    def drop_seed(self) -> None:
        """As it was before the seed was kept, to the byte; lines can be written again. It waits for
        a sync that is under way."""
        with self._at_the_disk:
            self._seed = self._rounds = None
            for name, file in self._files.items():
                file.seek(self._before_seed[name])
                file.truncate()
            for name in (SESSION, SEED_MIDI, TABLE, ROUNDS):
                (self.folder / name).unlink(missing_ok=True)

    def keep_rounds(self, table: Mapping[str, Any], rounds: Sequence[Mapping[str, Any]]) -> None:
        """The attribute table and all rounds so far: with the next sync they are in the place of
        what was there before."""
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rounds)
        self._rounds = lines, json.dumps(table, indent=1, ensure_ascii=False) + "\n"

    def sync(self) -> None:
        """Bring every line to the disk. May block for as long as the disk does.

        The seed and provenance go first: what was played must never be without its origin.
        """
        with self._at_the_disk:
            self._sync()

    def _sync(self) -> None:
        self._write_seed()
        for name in ("provenance", "events"):
            file = self._files[name]
            try:
                file.flush()
                os.fsync(file.fileno())
            except ValueError:
                pass  # closed meanwhile
        self._write_rounds()

    def close(self, summary: dict[str, Any]) -> None:
        """Write the summary; nothing can be written afterwards."""
        if self._durable:
            self.sync()
        for file in self._files.values():
            file.close()
        self._write_seed()
        self._write_rounds()
        self._write_summary(summary)

    def _write_seed(self) -> None:
        kept, self._seed = self._seed, None
        if kept is None:
            return
        try:
            write_phrase(self.folder / SEED_MIDI, kept.seed.phrase, "seed", kept.offset)
            self._write_summary(kept.summary)
        except OSError:
            self._seed = self._seed or kept  # there may be room later
            raise

    def _write_rounds(self) -> None:
        """Each whole; the rounds first, since the table says how many of them it comes after."""
        rounds, self._rounds = self._rounds, None
        try:
            for name, text in zip((ROUNDS, TABLE), rounds or (), strict=False):
                write_text(self.folder / name, text)
        except OSError:
            self._rounds = self._rounds or rounds  # there may be room later
            raise

    def _write_summary(self, summary: dict[str, Any]) -> None:
        temporary = self.folder / f".{SESSION}.new"
        with temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
            file.flush()
            if self._durable:
                os.fsync(file.fileno())
        temporary.rename(self.folder / SESSION)
        if self._durable:
            self._sync_folder()

    def _sync_folder(self) -> None:
        """Names, and the seed beside them."""
        for path in (self.folder / SEED_MIDI, self.folder):
            if path.exists():
                handle = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    def discard(self) -> None:
        """Nothing came of the take: remove what was written."""
        for file in self._files.values():
            file.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Syncer:
    """A thread that brings a journal to the disk every SYNC_SECONDS, until it is ended.

    The disk may stall for seconds; the loop must not stall with it. `faults` counts what could not
    be written on the way, `fault` says what could not at the end.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.faults = 0
        self.fault = ""
        self._summary: dict[str, Any] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def keeps(self) -> bool:
        """Something came of the take."""
        return self._summary is not None

    @property
    def done(self) -> bool:
        """The journal is closed."""
        return not self._thread.is_alive()

    def end(self, summary: dict[str, Any] | None) -> None:
        """Close the journal with this summary, or drop it without one; waits for nothing."""
        self._summary = summary
        self._stop.set()

    def wait(self, seconds: float | None) -> None:
        """For the journal to be closed; so long at most (None: however long it takes)."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.wait(SYNC_SECONDS):
            try:
                self.journal.sync()
            except OSError:  # a full disk may have room again later
                self.faults += 1
        try:
            if self._summary is None:
                self.journal.discard()
            else:
                self.journal.close(self._summary)
        except OSError as error:
            self.fault = str(error)
