"""A box on simulated hardware, and time."""

from pathlib import Path
from typing import Any

from appliance.box import Box, Hardware
from appliance.events import View
from appliance.pianist import messages
from appliance.policies import Groove
from appliance.session import Session, Settings
from appliance.transport import Transport
from corpus.keeping.bundle import Bundle
from firmware.simulated import SimulatedPlayer
from firmware.switch import ScriptedSwitch
from support.music import phrase

MS = 1_000_000
SECOND = 1000 * MS


class Rig:
    """A box, its simulated hardware, a foot and hands. `more` goes to the box."""

    def __init__(
        self,
        bundle: Bundle,
        folder: Path,
        hardware: Hardware | None = None,
        session: Session | None = None,
        **more: Any,
    ) -> None:
        self.hardware = hardware or Hardware.simulated(folder / "oled.gif")
        self.wire: list[tuple[int, bytes]] = []
        self.box = Box(
            session or Session(Settings(), bundle, Groove()),
            bundle,
            self.hardware,
            lambda: folder / "take",
            sync=False,
            **more,
        )

    @property
    def engine(self) -> SimulatedPlayer:
        assert isinstance(self.hardware.engine, SimulatedPlayer)
        return self.hardware.engine

    @property
    def now(self) -> int:
        return self.hardware.clock.now()

    @property
    def state(self) -> str:
        return self.box.session.state

    def listen(self) -> None:
        """From here on, `wire` has all that leaves."""
        self.engine.listener = lambda ns, data: self.wire.append((ns, data))

    def run(self, seconds: float) -> View:
        until = self.now + round(seconds * SECOND)
        while self.now < until:
            self.box.wait(until)
            self.box.turn()
        return self.box.view

    def play(self, pitch: int = 36) -> None:
        """The hands begin a bass of 8 beats at 120 BPM, 4 seconds."""
        assert self.hardware.keyboard is not None
        seed = phrase(pitch)
        self.hardware.keyboard.play(messages(seed, Transport(0.0, self.now, seed.bpm)))

    def record(self) -> None:
        self.box.tap(self.now)
        self.play()
        self.run(4)
        self.box.tap(self.now)
        self.run(0.05)

    # -- the foot

    def press(self) -> None:
        self._foot(True)

    def release(self) -> None:
        self._foot(False)

    def tap(self, seconds: float = 0.1) -> View:
        """The foot goes down, and up again."""
        return self.hold(seconds)

    def hold(self, seconds: float) -> View:
        self.press()
        self.run(seconds)
        self.release()
        return self.run(0.01)

    def double(self) -> View:
        self.tap()
        self.run(0.1)
        return self.tap()

    def _foot(self, pressed: bool) -> None:
        assert isinstance(self.hardware.switch, ScriptedSwitch)
        self.hardware.switch.push(self.now, pressed)
