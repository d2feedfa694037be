"""The process that takes in uploads, kept alive, and what it tells."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from appliance.uploads.child import Child

FIRST_PAUSE_NS, LONGEST_PAUSE_NS = 2_000_000_000, 300_000_000_000
STEADY_NS = 60_000_000_000  # one that lived so long is started again at once
STAGES = {"checking": (0.0, 1.0), "reading": (0.0, 0.5), "embedding": (0.5, 0.9)}
LAST_STAGE = (0.9, 1.0)


@dataclass(frozen=True)
class Made:
    """An upload has become the corpus `name`, or, with a `fault`, nothing."""

    upload: str
    name: str
    fault: str = ""


class Inbox:
    """`start` starts the keeper (appliance.uploads.keeper); it is started again when it ends.

    `importing` is the upload that is being read, `progress` how much of it is, 0 to 1. One thread.
    """

    def __init__(self, start: Callable[[], Child], say: Callable[[str], None]) -> None:
        self.importing = ""
        self.progress = 0.0
        self._start = start
        self._say = say
        self._child: Child | None = None
        self._corpus = ""
        self._again_at = 0
        self._born = 0
        self._pause = FIRST_PAUSE_NS

    @property
    def child(self) -> Child | None:
        """What to wait for."""
        return self._child

    def turn(self, now: int) -> list[Made]:
        """What has become of uploads by `now` (ns)."""
        if self._child is None:
            if now >= self._again_at:
                self._begin(now)
            return []
        made = [found for line in self._child.told() if (found := self._heed(line)) is not None]
        if self._child.ended:
            self._end(now)
        return made

    def close(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None

    def _begin(self, now: int) -> None:
        self._born = now
        try:
            self._child = self._start()
        except OSError as error:
            self._say(f"uploads: cannot be taken now ({error})")
            self._wait(now)

    def _end(self, now: int) -> None:
        self.close()
        self.importing = ""
        self._say("uploads: the process that takes them ended, and is started again")
        if now - self._born >= STEADY_NS:
            self._pause = FIRST_PAUSE_NS
        self._wait(now)

    def _wait(self, now: int) -> None:
        self._again_at = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_NS)

    def _heed(self, line: dict[str, Any]) -> Made | None:
        """A line of the keeper's; what it should not say is passed over."""
        with suppress(KeyError, TypeError, ValueError):
            if "importing" in line:
                self.importing, self._corpus = str(line["importing"]), str(line["corpus"])
                self.progress = 0.0
            elif "progress" in line:
                first, last = STAGES.get(line["progress"], LAST_STAGE)
                share = int(line["done"]) / max(1, int(line["total"]))
                self.progress = first + (last - first) * min(1.0, share)
            elif "made" in line or "fault" in line:
                upload, self.importing = self.importing, ""
                name = str(line.get("made", self._corpus))
                return Made(upload, name, str(line.get("fault", "")))
        return None
