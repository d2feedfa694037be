"""What the service has to say: to the system's journal, with fields, or line by line."""

import sys
from collections.abc import Callable, Mapping
from typing import TextIO

from appliance.events import View
from firmware.systemd import ERROR, INFO, NOTICE, WARNING, SystemJournal

__all__ = ["ERROR", "INFO", "NOTICE", "WARNING", "Logbook", "open_logbook"]

_FIELDS = ("state", "corpus", "loop", "current", "queued", "why", "bpm")
"""Of a view, each as SMARTLOOPER_STATE and so on."""


class Logbook:
    """One thread. `journal` gets entries with fields; without one, `told` gets lines, and `warned`
    those that tell of something wrong."""

    def __init__(
        self, journal: SystemJournal | None, told: TextIO = sys.stdout, warned: TextIO = sys.stderr
    ) -> None:
        self._journal = journal
        self._told = told
        self._warned = warned
        self._before = View()

    def say(self, line: str, priority: int = INFO, **fields: object) -> None:
        """An entry; fields are named in lower case."""
        line = " ".join(line.split())
        named = {f"smartlooper_{name}": value for name, value in fields.items()}
        if self._journal is not None and self._journal.log(line, priority, **named):
            return
        if priority <= WARNING:
            self._print(self._warned, f"smartlooper: {line}")
        else:
            self._print(self._told, line)

    def look(self, view: View) -> None:
        """An entry where something new is to be seen: it does not follow every beat."""
        before, self._before = self._before, view
        line = headline(view)
        if line == headline(before):
            return
        fields = {name: getattr(view, name) for name in _FIELDS}
        grown = view.warning and view.warning != before.warning
        self.say(line, NOTICE if grown else INFO, **fields, warning=view.warning)

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    @staticmethod
    def _print(where: TextIO, line: str) -> None:
        try:
            print(line, file=where, flush=True)
        except (OSError, ValueError):  # nobody reads it any more
            return


def open_logbook(
    environ: Mapping[str, str], make: Callable[[], SystemJournal] = SystemJournal
) -> Logbook:
    """The journal's, where the system started us with it (systemd.exec(5), JOURNAL_STREAM)."""
    journal = make() if environ.get("JOURNAL_STREAM") else None
    return Logbook(journal if journal is not None and journal.is_there else None)


def headline(view: View) -> str:
    """What a view is about, without what changes at each beat."""
    parts = (view.state, view.current, view.warning, view.notice, view.confirm)
    return " ".join(part for part in parts if part)


def status_line(view: View) -> str:
    """For the service manager."""
    tempo = f", {view.bpm:.0f} BPM" if view.bpm else ""
    parts = [f"{view.state}, corpus {view.corpus}{tempo}"]
    if view.current:
        parts.append(f"now {view.current}")
    if view.importing:
        parts.append(f"importing {view.importing}")
    if view.missing:
        parts.append(f"without {', '.join(view.missing)}")
    return "; ".join([*parts, *(text for text in (view.warning, view.confirm) if text)])
