"""What the screen must say: what is wrong, and what the box has to do without."""

from appliance.box.players import Players
from firmware.display import Display
from firmware.heat import Thermometer
from firmware.presence import Presence
from firmware.punctuality import Punctuality
from firmware.switch import Switch

PIANO, FOOTSWITCH, SCREEN = "piano", "footswitch", "screen"


class Trouble:
    """Looks at the parts of a box, at its turns."""

    def __init__(
        self,
        players: Players,
        switch: Switch,
        display: Display,
        thermometer: Thermometer | None,
    ) -> None:
        self._players = players
        self._switch = switch
        self._display = display
        self._thermometer = thermometer
        self._presence = Presence()
        self._punctuality = Punctuality()

    def heard(self, at: int, data: bytes) -> None:
        """Something came in from the piano, so it lives."""
        self._presence.heard(at, data)

    @property
    def celsius(self) -> float | None:
        """How hot the processor was lately, where that can be known."""
        return None if self._thermometer is None else self._thermometer.celsius

    def warning(self, now: int, unsaved: bool) -> str:
        """What matters most, in plain words; empty when all is well."""
        # Every one is asked at every turn: a fault is counted when it comes, not when it shows.
        signs = {
            "PLAYER LOST": self._players.lost,
            "PIANO OFF": self._is_piano_off(now),
            "CLOCK OUT": self._players.is_clock_amiss,
            "NOT SAVED": unsaved,
            "TIMING": self._punctuality.look(now, self._players.notes.counters()),
            "HOT": self._thermometer is not None and self._thermometer.is_hot(now),
            "NO SWITCH": bool(self._switch.fault),
        }
        return next((words for words, is_so in signs.items() if is_so), "")

    def missing(self, now: int) -> tuple[str, ...]:
        """What is wanted and not there, the most important first."""
        signs = {
            PIANO: self._is_piano_off(now),
            FOOTSWITCH: bool(self._switch.fault),
            SCREEN: bool(self._display.fault),
        }
        return tuple(name for name, is_so in signs.items() if is_so)

    def _is_piano_off(self, now: int) -> bool:
        ports = self._players.ports()
        return not (ports["output"] and ports["input"]) or self._presence.is_off(now)
