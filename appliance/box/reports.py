"""What a box tells programs about itself: how it is, and what has happened lately."""

from pathlib import Path
from typing import Any

from appliance.box.levels import Levels
from appliance.box.log import Log
from appliance.box.players import Players
from appliance.box.status import Facts, LatelyLate, status, whole
from appliance.box.trouble import Trouble
from appliance.events import View
from appliance.ledger import Ledger
from appliance.session import Session
from corpus.keeping.bundle import Bundle
from firmware.clock import Clock


class Reports:
    """Follows a box at its turns. `bundle` is the one that is played."""

    def __init__(self, clock: Clock, bundle: Bundle, players: Players, trouble: Trouble) -> None:
        self.bundle = bundle
        self.levels = Levels()
        self._clock = clock
        self._players = players
        self._trouble = trouble
        self._began = clock.now()
        self._log = Log(self._began)
        self._late = LatelyLate()
        self._ledger: Ledger | None = None  # of the latest take

    def complain(self, fault: str) -> None:
        """Something went wrong."""
        self._log.add(self._clock.now(), fault)

    def look(self, now: int, session: Session, view: View) -> None:
        """See what has changed."""
        if session.playing is not None:
            self._ledger = session.playing.ledger
        self._log.look(now, view)

    def picture(self, view: View, table: dict[str, Any]) -> dict[str, Any]:
        """All that a watcher sees; `table` is that of the attributes."""
        levels = self.levels.at(self._clock.now())
        return whole(view) | {"levels": levels, "log": self._log.lines, "table": table}

    def status(self, view: View, take: Path | None) -> dict[str, Any]:
        """For a program; `take` is the folder of the latest one."""
        now = self._clock.now()
        facts = Facts(
            uptime_s=(now - self._began) / 1e9,
            ports=self._players.ports(),
            realtime=self._players.notes.realtime,
            segments=len(self.bundle),
            take=take,
            lateness_us=self._late.look(self._ledger, now),
            celsius=self._trouble.celsius,
            log=self._log.lines,
        )
        return status(view, facts)
