"""The session folder, written while it is played.

`events.jsonl` and `provenance.jsonl` grow line by line; `performance.mid` and `stage.png` are made
from them afterwards (see appliance.folder), also after a power cut.
"""

import json
import os
import shutil
import threading
from pathlib import Path
from typing import IO, Any

from appliance.folder import EVENTS, PROVENANCE, SEED_MIDI, SESSION
from appliance.seed import Seed
from corpus.midiwrite import write_phrase

SYNC_SECONDS = 0.5


class Journal:
    """One session folder, open for writing. Lines are appended from one thread."""

    def __init__(self, folder: Path, durable: bool = True) -> None:
        """With `durable` what is closed is on the disk; simulated time need not wait for that."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._durable = durable
        self._files: dict[str, IO[str]] = {
            "events": (folder / EVENTS).open("w", encoding="utf-8"),
            "provenance": (folder / PROVENANCE).open("w", encoding="utf-8"),
        }

    def write(self, file: str, line: dict[str, Any]) -> None:
        self._files[file].write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")

    def keep_seed(self, seed: Seed, offset: float, summary: dict[str, Any]) -> None:
        """Write the seed, and the summary for whoever reads the folder before the end."""
        write_phrase(self.folder / SEED_MIDI, seed.phrase, "seed", offset)
        self._write_summary(summary)

    def sync(self) -> None:
        """Bring every line to the disk. May block for as long as the disk does.

        Provenance goes first: what was played must never be without its origin.
        """
        for name in ("provenance", "events"):
            file = self._files[name]
            try:
                file.flush()
                os.fsync(file.fileno())
            except ValueError:
                pass  # closed meanwhile

    def close(self, summary: dict[str, Any]) -> None:
        """Write the summary; nothing can be written afterwards."""
        if self._durable:
            self.sync()
        for file in self._files.values():
            file.close()
        self._write_summary(summary)

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
    """A thread that brings a journal to the disk every SYNC_SECONDS, until closed.

    The disk may stall for seconds; the loop must not stall with it.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.faults = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.wait(SYNC_SECONDS):
            try:
                self._journal.sync()
            except OSError:  # a full disk may have room again later
                self.faults += 1
