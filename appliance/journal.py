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
from corpus.midifile import write_phrase

SYNC_SECONDS = 0.5


class Journal:
    """One session folder, open for writing. Lines are appended from one thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._files: dict[str, IO[str]] = {
            "events": (folder / EVENTS).open("w", encoding="utf-8"),
            "provenance": (folder / PROVENANCE).open("w", encoding="utf-8"),
        }

    def write(self, file: str, line: dict[str, Any]) -> None:
        self._files[file].write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")

    def keep_seed(self, seed: Seed, offset: float) -> None:
        write_phrase(self.folder / SEED_MIDI, seed.phrase, "seed", offset)

    def sync(self) -> None:
        """Bring every line to the disk. May block for as long as the disk does."""
        for file in list(self._files.values()):
            try:
                file.flush()
                os.fsync(file.fileno())
            except ValueError:
                pass  # closed meanwhile

    def close(self, summary: dict[str, Any]) -> None:
        """Write the summary; nothing can be written afterwards."""
        for file in self._files.values():
            file.close()
        text = json.dumps(summary, indent=1, ensure_ascii=False) + "\n"
        temporary = self.folder / f".{SESSION}.new"
        temporary.write_text(text, encoding="utf-8")
        temporary.rename(self.folder / SESSION)

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
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.wait(SYNC_SECONDS):
            self._journal.sync()
