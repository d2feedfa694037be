"""The box on simulated hardware: what the parts make of each other."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.rig import MS, Rig

from appliance.box import Box, Hardware, Tuning
from appliance.policies import Groove
from appliance.session import Session, Settings
from corpus.keeping.bundle import Bundle
from firmware.dispatch import Message, Outcome
from firmware.display import Display
from firmware.errors import FirmwareError
from firmware.player import PlayerProcess
from firmware.simulated import SimulatedPlayer


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
        fault = ""

        def show(self, image: object, now: int) -> None:
            raise FirmwareError("the display does not answer")

        def close(self) -> None:
            raise FirmwareError("nor now")

    hardware = Hardware.simulated(tmp_path / "oled.gif")
    hardware.display = Broken()
    rig = Rig(bundle, tmp_path, hardware)
    rig.record()
    assert rig.run(10).state == "groove"
    rig.box.close()
    assert "screen: the display does not answer" in rig.box.faults
    assert "nor now" in rig.box.faults


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


def test_a_clock_player_that_dies_is_replaced_and_said(
    bundle: Bundle, tmp_path: Path, wait: Callable[[Callable[[], object], str], None]
) -> None:
    hardware = Hardware.simulated(tmp_path / "oled.gif")
    hardware.clock_out = clock_out = PlayerProcess(None, None)
    session = Session(Settings(), bundle, Groove())
    box = Box(session, bundle, hardware, lambda: tmp_path / "take", sync=False)
    assert clock_out.pid is not None
    os.kill(clock_out.pid, signal.SIGKILL)
    wait(lambda: not clock_out.alive, "death")
    box.turn()
    assert clock_out.alive
    assert clock_out.counters()["restarts"] == 1
    assert any("MIDI clock" in fault for fault in box.faults)
    box.close()


def test_a_clock_that_is_out_of_step_is_shown_until_it_is_put_right(
    bundle: Bundle, tmp_path: Path
) -> None:
    hardware = Hardware.simulated(tmp_path / "oled.gif")
    refuses = False
    heard: list[int] = []

    def drums(_ns: int, data: bytes) -> None:
        if refuses:
            raise OSError("unplugged")
        heard.append(data[0])

    hardware.clock_out = SimulatedPlayer(hardware.clock, drums)
    rig = Rig(bundle, tmp_path, hardware)
    rig.record()
    assert rig.run(3).warning == ""
    refuses = True
    assert rig.run(1).warning == "CLOCK OUT"
    refuses = False
    assert rig.run(3).warning == ""
    assert heard.count(0xFA) == 1
    assert heard.count(0xFB) == 1, "put right once"


@pytest.fixture
def real() -> Iterator[Hardware]:
    made = Hardware.real("piano", "piano", "keyboard", "drums", Tuning(70, stale_ms=500))
    yield made
    made.player.close()
    made.jobs.close()
    if made.clock_out is not None:
        made.clock_out.close()


@pytest.mark.usefixtures("no_midi")
def test_a_box_is_ready_before_there_is_a_piano_or_even_a_driver(
    real: Hardware, bundle: Bundle, tmp_path: Path
) -> None:
    box = Box(Session(Settings(), bundle, Groove()), bundle, real, lambda: tmp_path / "take")
    for _ in range(3):
        box.turn()
    assert box.view.warning == "PIANO OFF"
    waiting = list(box.faults)
    for port in ("MIDI output matching 'piano'", "input matching 'piano'", "'drums'"):
        assert sum(port in line for line in waiting) == 1, waiting


@pytest.mark.usefixtures("no_midi")
def test_the_tuning_reaches_every_player(
    real: Hardware, wait: Callable[[Callable[[], object], str], None]
) -> None:
    late = Message(time.monotonic_ns() - 200 * MS, 1, 1, b"\x90\x3c\x40")
    real.player.schedule([late])
    found = []
    wait(lambda: found.extend(real.player.reports()) or found, "a report")
    assert found[0].outcome is Outcome.FAILED, "there is no port; but it is not stale yet"
    assert isinstance(real.engine, PlayerProcess)
    assert isinstance(real.clock_out, PlayerProcess)
    if real.engine.realtime:
        pids = (real.engine.pid, real.clock_out.pid)
        priorities = [os.sched_getparam(pid or 0).sched_priority for pid in pids]
        assert priorities == [70, 69], "the notes go first"
