"""The session folders of the takes, and the threads that bring them to the disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.events import (
    BeginTake,
    DropSeed,
    Effect,
    EndTake,
    KeepRounds,
    KeepSeed,
    Write,
)
from appliance.jobs import finish_folder
from appliance.journal import Journal, Syncer

Finish = Callable[[Path], object]
Submit = Callable[[Finish, Path], None]


class Takes:
    """Carries out what is to be kept. A disk that fails is told of; the music goes on.

    With `sync` nothing here waits for the disk, and a take that is over is closed on its own
    thread. `submit` is given the work on a folder that is closed, which `finish` does; `say` what
    goes wrong.
    """

    def __init__(
        self,
        new_folder: Callable[[], Path],
        sync: bool,
        submit: Submit,
        say: Callable[[str], None],
        finish: Finish = finish_folder,
    ) -> None:
        self.finish = finish
        self.folder: Path | None = None  # of the latest take
        self._new_folder = new_folder
        self._sync = sync
        self._submit = submit
        self._say = say
        self._journal: Journal | None = None
        self._syncer: Syncer | None = None
        self._closing: list[Syncer] = []
        self._unsaved = False

    @property
    def unsaved(self) -> bool:
        """What is played now does not reach the disk."""
        return self._unsaved or (self._syncer is not None and self._syncer.faults > 0)

    def keep(self, effect: Effect) -> None:
        """Carry out an effect, if it is about a take."""
        try:
            match effect:
                case BeginTake():
                    self._begin()
                case KeepSeed(seed, offset, summary) if self._journal is not None:
                    self._journal.keep_seed(seed, offset, summary)
                case DropSeed() if self._journal is not None:
                    self._journal.drop_seed()
                case Write(file, line) if self._journal is not None:
                    self._journal.write(file, line)
                case KeepRounds(table, rounds) if self._journal is not None:
                    self._journal.keep_rounds(table, rounds)
                case EndTake(summary):
                    self._end(summary)
        except OSError as error:
            self._fail(str(error))

    def turn(self) -> None:
        """Hand on what is closed by now."""
        for syncer in [one for one in self._closing if one.done]:
            self._closing.remove(syncer)
            self._closed(syncer)

    def close(self, patience_s: float | None) -> list[Path]:
        """Wait for what is being closed, so long at most (None: however long it takes); gives the
        folders of what is not."""
        for syncer in self._closing:
            syncer.wait(patience_s)
        self.turn()
        return [syncer.journal.folder for syncer in self._closing]

    def _begin(self) -> None:
        self._unsaved = True  # until the folder is there
        self.folder = self._new_folder()
        self._journal = Journal(self.folder, durable=self._sync)
        self._unsaved = False
        self._syncer = Syncer(self._journal) if self._sync else None

    def _end(self, summary: dict[str, Any] | None) -> None:
        (journal, self._journal), (syncer, self._syncer) = (
            (self._journal, None),
            (self._syncer, None),
        )
        if summary is None:
            self.folder = None
        if syncer is not None:
            syncer.end(summary)
            self._closing.append(syncer)
        elif journal is not None and summary is None:
            journal.discard()
        elif journal is not None and summary is not None:
            journal.close(summary)
            self._submit(self.finish, journal.folder)

    def _closed(self, syncer: Syncer) -> None:
        folder = syncer.journal.folder
        if syncer.fault:
            self._fail(syncer.fault)
        elif syncer.keeps:
            self._submit(self.finish, folder)

    def _fail(self, fault: str) -> None:
        self._unsaved = True
        self._say(f"session folder: {fault}")
