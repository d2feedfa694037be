"""Where the player's music goes: their last beats are embedded, slowly and elsewhere."""

from pathlib import Path

from appliance.events import Effect, EmbedPlayer, PlayerEmbedded
from appliance.listener import WINDOW, Listener

FIRST = 1.5 * WINDOW  # beats after the beginning of a loop: half a loop before a decision


class Tracker:
    """Asks for one window at a time, if that is `wanted` at all; whoever never answers is never
    asked again in a take."""

    def __init__(self, listener: Listener, wanted: bool) -> None:
        self._listener = listener
        self.wanted = wanted
        self._number = 0
        self.begin(0.0)

    def begin(self, beat: float) -> None:
        """A loop begins; what is still asked about an earlier one counts no more."""
        self._next = beat + FIRST
        self._number += 1
        self._asked: float | None = None  # until where the window reaches that is being embedded
        self._faulty = not self.wanted

    def ask(self, beat: float, bpm: float, bar: float, bundle: Path, sha256: str) -> list[Effect]:
        """Every WINDOW, unless an answer is still to come. Windows end on the grid, so that one
        differs from another by what was played, not by where it was cut."""
        if self._faulty or self._asked is not None or beat < self._next:
            return []
        end = self._next + WINDOW * ((beat - self._next) // WINDOW)
        self._next = end + WINDOW
        window = self._listener.window(end, bpm, bar)
        if window is None:
            self._listener.embedded(end, None)
            return []
        self._asked = end
        return [EmbedPlayer(self._number, window, bundle, sha256)]

    def answered(self, event: PlayerEmbedded) -> str:
        """Take an answer in; gives what is wrong, the first time in a take that something is."""
        if self._asked is None or event.number != self._number:
            return ""
        self._listener.embedded(self._asked, event.vectors)
        self._asked = None
        self._faulty = event.vectors is None
        return event.fault or "the player was not embedded" if self._faulty else ""
