"""What a pianist does with hands and foot, for sessions on a stage."""

from pathlib import Path
from typing import Any

from appliance.events import Command, Show, Write
from appliance.footswitch import Footswitch, Row
from firmware.gestures import Gesture, Gestures
from support.stage import SECOND, TICK, Stage

EIGHTHS = [(i * 0.25, i * 0.25 + 0.2, 36 + (i % 4) * 2) for i in range(16)]
"""Eight beats at 120 BPM."""


def recorded(stage: Stage) -> Stage:
    """In the recording, after eight beats."""
    stage.command("record")
    start = stage.now
    stage.play(EIGHTHS)
    stage.pass_until(start + 4 * SECOND)
    return stage


def stopped(stage: Stage) -> Stage:
    """And all was reported."""
    stage.command("stop")
    stage.run(3)
    assert not stage.sounding()
    assert not stage.queue
    return stage


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def journal(stage: Stage, event: str) -> list[dict[str, Any]]:
    return [write.line for write in stage.writes if write.line.get("event") == event]


class Foot:
    """A switch under a foot, through the gestures and the table of what they mean."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._switch = Footswitch()
        self._gestures = Gestures(self._expected)

    def press(self, seconds: float) -> None:
        """Down, and up again so much later."""
        self._follow(self._gestures.edge(self.stage.now, True))
        self.wait(seconds)
        self._follow(self._gestures.edge(self.stage.now, False))

    def double(self) -> None:
        self.press(0.1)
        self.wait(0.15)
        self.press(0.1)

    def wait(self, seconds: float) -> None:
        """The switch is looked at as often as the box turns."""
        end = self.stage.now + round(seconds * SECOND)
        while self.stage.now < end:
            self.stage.pass_until(min(end, self.stage.now + TICK))
            self._follow(self._gestures.advance(self.stage.now))

    def _expected(self) -> Row:
        session = self.stage.session
        pending = session.playing is not None and session.playing.pending is not None
        return self._switch.expected(session.state, pending, self.stage.now)

    def _follow(self, gestures: list[Gesture]) -> None:
        for gesture in gestures:
            for wish in self._switch.wishes(gesture):
                self.stage.command(wish.verb, at=wish.at)


def kinds(stage: Stage, verb: str, at: int | None = None) -> list[type]:
    """What a command comes to, but for the screen and for writing."""
    effects = stage.session.step(Command(stage.now if at is None else at, verb))
    return [type(effect) for effect in effects if not isinstance(effect, Show | Write)]
