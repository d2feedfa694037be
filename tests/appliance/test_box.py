"""The box on simulated hardware: what the parts make of each other."""

from pathlib import Path

import pytest
from support.music import phrase

from appliance.box import Box, Hardware
from appliance.events import View
from appliance.pianist import messages
from appliance.policies import Groove
from appliance.session import Session, Settings
from appliance.transport import Transport
from corpus.keeping.bundle import Bundle
from firmware.display import Display
from firmware.errors import FirmwareError
from firmware.simulated import SimulatedPlayer

MS = 1_000_000
SECOND = 1000 * MS


class Rig:
    """A box, its simulated hardware, and time."""

    def __init__(self, bundle: Bundle, folder: Path, **more: bool) -> None:
        self.hardware = Hardware.simulated(folder / "oled.gif")
        self.box = Box(
            Session(Settings(), bundle, Groove()), bundle, self.hardware, lambda: folder / "take",
            sync=False, **more,
        )  # fmt: skip

    @property
    def engine(self) -> SimulatedPlayer:
        assert isinstance(self.hardware.engine, SimulatedPlayer)
        return self.hardware.engine

    def run(self, seconds: float) -> View:
        until = self.hardware.clock.now() + round(seconds * SECOND)
        while self.hardware.clock.now() < until:
            self.box.wait(until)
            self.box.turn()
        return self.box.view

    def record(self) -> None:
        assert self.hardware.keyboard is not None
        self.box.tap(self.hardware.clock.now())
        seed = phrase(36)
        start = self.hardware.clock.now()
        self.hardware.keyboard.play(messages(seed, Transport(0.0, start, seed.bpm)))
        self.run(4)
        self.box.tap(self.hardware.clock.now())
        self.run(0.05)


@pytest.fixture
def rig(bundle: Bundle, tmp_path: Path) -> Rig:
    return Rig(bundle, tmp_path)


def test_a_piano_that_stops_sensing_is_shown_and_welcomed_back(rig: Rig) -> None:
    rig.record()
    for _ in range(5):
        rig.engine.push(rig.hardware.clock.now(), b"\xfe")
        assert rig.run(0.2).warning == ""
    assert rig.run(1.0).warning == "PIANO OFF"
    assert rig.box.view.state == "warmup", "the music goes on"
    rig.engine.push(rig.hardware.clock.now(), b"\xfe")
    assert rig.run(0.2).warning == ""


def test_a_send_that_fails_is_shown_for_a_while(rig: Rig) -> None:
    rig.record()
    assert rig.run(1.0).warning == ""

    def refuse(_ns: int, _data: bytes) -> None:
        raise OSError("the wire is cut")

    rig.engine.listener = refuse
    assert rig.run(2.0).warning == "TIMING"
    rig.engine.listener = None
    assert rig.run(11.0).warning == ""


def test_an_external_clock_sets_the_tempo(bundle: Bundle, tmp_path: Path) -> None:
    rig = Rig(bundle, tmp_path, follow_clock=True)
    rig.record()
    assert rig.box.view.bpm == 120
    now = rig.hardware.clock.now()
    step = round(60e9 / 90 / 24)
    for index in range(60):
        rig.engine.push(now + index * step, b"\xf8")
    assert rig.run(3).bpm == pytest.approx(90, abs=0.1)


def test_without_asking_for_it_a_clock_is_ignored(rig: Rig) -> None:
    rig.record()
    now = rig.hardware.clock.now()
    for index in range(60):
        rig.engine.push(now + index * round(60e9 / 90 / 24), b"\xf8")
    assert rig.run(3).bpm == 120


def test_a_screen_that_fails_does_not_matter(bundle: Bundle, tmp_path: Path) -> None:
    class Broken(Display):
        def show(self, image: object, now: int) -> None:
            raise FirmwareError("the display does not answer")

        def close(self) -> None:
            raise FirmwareError("nor now")

    rig = Rig(bundle, tmp_path)
    rig.box._display = Broken()
    rig.record()
    assert rig.run(10).state == "groove"
    rig.box.close()
    assert "the display does not answer" in rig.box.faults


def test_a_disk_that_fails_does_not_matter(bundle: Bundle, tmp_path: Path) -> None:
    rig = Rig(bundle, tmp_path)
    (tmp_path / "take").write_text("a file where the folder should be")
    rig.record()
    assert rig.run(10).state == "groove"
    assert any("session folder" in fault for fault in rig.box.faults)
    rig.box.close()


def test_a_seed_without_notes_is_said_on_the_screen(rig: Rig) -> None:
    rig.box.tap(rig.hardware.clock.now())
    rig.run(3)
    rig.box.tap(rig.hardware.clock.now())
    view = rig.run(0.1)
    assert (view.state, view.notice) == ("idle", "NO NOTES")


def test_closing_in_the_middle_leaves_a_whole_folder(rig: Rig, tmp_path: Path) -> None:
    rig.record()
    rig.run(9.7)
    rig.box.close()
    assert not rig.engine.sounding
    names = {path.name for path in (tmp_path / "take").iterdir()}
    assert {"session.json", "performance.mid", "stage.png"} <= names
