"""What a box adds to the view of its session: what is missing, wrong, or over."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from support.rig import SECOND, Rig

from appliance.box import Hardware, Tuning
from appliance.box.glass import FRAME_NS, Glass
from appliance.events import View
from appliance.footswitch import Footswitch
from appliance.screen import draw
from corpus.keeping.bundle import Bundle
from firmware.display import NoDisplay
from firmware.errors import FirmwareError
from firmware.gpio_switch import GpioSettings
from firmware.heat import LOOK_NS, Thermometer
from firmware.oled import Oled, OledSettings
from firmware.switch import NoSwitch
from firmware.switches import Switches, SwitchSettings


@pytest.fixture
def hardware(tmp_path: Path) -> Hardware:
    return Hardware.simulated(tmp_path / "oled.gif")


class Screen:
    """Remembers what it was shown; breaks when told to."""

    def __init__(self) -> None:
        self.fault = ""
        self.breaks = ""
        self.closed = 0
        self.shown: list[tuple[int, Image.Image]] = []

    def show(self, image: Image.Image, now: int) -> None:
        if self.breaks:
            raise FirmwareError(self.breaks)
        self.shown.append((now, image))

    def close(self) -> None:
        self.closed += 1


# -- what is missing ------------------------------------------------------------------------------


def test_a_whole_box_misses_nothing(hardware: Hardware, bundle: Bundle, tmp_path: Path) -> None:
    view = Rig(bundle, tmp_path, hardware).run(0.1)
    assert (view.missing, view.warning, view.farewell) == ((), "", "")


def test_a_switch_that_is_lost_is_warned_of_and_found_again(
    hardware: Hardware, bundle: Bundle, tmp_path: Path
) -> None:
    switch = NoSwitch("no footswitch on pin 17")
    hardware.switch = switch
    rig = Rig(bundle, tmp_path, hardware, footswitch=Footswitch())
    view = rig.run(0.1)
    assert (view.missing, view.warning) == (("footswitch",), "NO SWITCH")
    switch.fault = ""
    view = rig.run(0.1)
    assert (view.missing, view.warning) == ((), "")


def test_no_switch_that_is_wanted_is_no_switch_missing(
    hardware: Hardware, bundle: Bundle, tmp_path: Path
) -> None:
    hardware.switch = Switches([])
    assert Rig(bundle, tmp_path, hardware).run(0.1).missing == ()


def test_a_screen_that_is_away_is_missing_and_nothing_more(
    hardware: Hardware, bundle: Bundle, tmp_path: Path
) -> None:
    hardware.display = screen = Screen()
    rig = Rig(bundle, tmp_path, hardware)
    screen.fault = "no screen on I2C 1 at 0x3c"
    view = rig.run(0.5)
    assert (view.missing, view.warning) == (("screen",), "")
    assert list(rig.box.faults) == ["screen: no screen on I2C 1 at 0x3c"], "said once"
    rig.record()
    assert rig.run(10).state == "groove"


def test_a_piano_that_is_off_comes_before_all_else(
    hardware: Hardware, bundle: Bundle, tmp_path: Path
) -> None:
    hardware.switch = NoSwitch("gone")
    rig = Rig(bundle, tmp_path, hardware)
    rig.engine.push(rig.now, b"\xfe")
    view = rig.run(1)
    assert (view.missing, view.warning) == (("piano", "footswitch"), "PIANO OFF")


# -- what is wrong --------------------------------------------------------------------------------


def test_heat_is_warned_of_and_is_over_when_it_is_cooler(
    hardware: Hardware, bundle: Bundle, tmp_path: Path
) -> None:
    zone = tmp_path / "thermal_zone0"
    zone.mkdir()
    (zone / "temp").write_text("81000\n")
    hardware.thermometer = Thermometer(tmp_path)
    rig = Rig(bundle, tmp_path, hardware)
    rig.record()
    assert rig.box.view.warning == "HOT"
    assert rig.box.status()["celsius"] == 81
    (zone / "temp").write_text("60000\n")
    assert rig.run(LOOK_NS / SECOND + 0.1).warning == ""
    assert rig.box.folder is not None
    rig.box.close()
    journal = (rig.box.folder / "events.jsonl").read_text()
    assert '"why":""' in journal, "that it is over is written down too"


def test_faults_that_came_while_the_piano_was_off_are_not_told_when_it_is_back(
    hardware: Hardware, bundle: Bundle, tmp_path: Path
) -> None:
    rig = Rig(bundle, tmp_path, hardware)
    rig.record()
    rig.engine.push(rig.now, b"\xfe")

    def refuse(_ns: int, _data: bytes) -> None:
        raise OSError("unplugged")

    rig.engine.listener = refuse
    assert rig.run(3).warning == "PIANO OFF"
    rig.engine.listener = None
    rig.run(11)
    for _ in range(3):
        rig.engine.push(rig.now, b"\xfe")
        assert rig.run(0.3).warning == ""


def test_a_disk_that_fails_is_on_the_screen(
    hardware: Hardware, bundle: Bundle, tmp_path: Path
) -> None:
    rig = Rig(bundle, tmp_path, hardware)
    (tmp_path / "take").write_text("a file where the folder should be")
    rig.record()
    assert rig.run(1).warning == "NOT SAVED"


# -- what is over ---------------------------------------------------------------------------------


def test_the_last_picture_says_that_the_service_has_ended(
    hardware: Hardware, bundle: Bundle, tmp_path: Path
) -> None:
    hardware.display = screen = Screen()
    rig = Rig(bundle, tmp_path, hardware)
    rig.record()
    rig.box.close()
    rig.box.close()
    assert screen.closed == 1
    assert rig.box.view.farewell == "stopped"
    assert screen.shown[-1][1].tobytes() == draw(View(farewell="stopped")).tobytes()


def test_power_off_is_said_at_once_and_the_cable_only_when_all_is_written(
    hardware: Hardware, bundle: Bundle, tmp_path: Path
) -> None:
    hardware.display = screen = Screen()
    rig = Rig(bundle, tmp_path, hardware)
    rig.run(0.2)
    rig.box.command("shutdown")
    assert rig.run(0.2).farewell == "stopping"
    assert screen.shown[-1][1].tobytes() == draw(View(farewell="stopping")).tobytes()
    assert (rig.box.power_off, rig.box.told_to_stop) == (True, True)
    rig.box.close()
    assert screen.shown[-1][1].tobytes() == draw(View(farewell="unplug")).tobytes()


def test_one_part_that_cannot_be_closed_leaves_no_other_open(
    hardware: Hardware, bundle: Bundle, tmp_path: Path
) -> None:
    class Stuck(NoSwitch):
        def close(self) -> None:
            raise OSError("stuck")

    hardware.switch, hardware.display = Stuck(), Screen()
    rig = Rig(bundle, tmp_path, hardware)
    rig.box.close()
    assert hardware.display.closed == 1
    assert "at the end: OSError: stuck" in rig.box.faults


# -- the glass ------------------------------------------------------------------------------------


def test_ten_pictures_a_second_at_most_and_the_last_one_is_true() -> None:
    screen, faults = Screen(), list[str]()
    glass = Glass(screen, faults.append)
    for turn in range(100):
        glass.show(View(notice=str(turn)), turn * FRAME_NS // 10)
    glass.show(View(notice="99"), 10 * FRAME_NS)
    times = [now for now, _ in screen.shown]
    assert times == [turn * FRAME_NS for turn in range(11)]
    assert screen.shown[-1][1].tobytes() == draw(View(notice="99")).tobytes()


def test_a_screen_that_breaks_is_said_once_and_tried_again() -> None:
    screen, faults = Screen(), list[str]()
    glass = Glass(screen, faults.append)
    screen.breaks = "the display does not answer"
    for turn in range(5):
        glass.show(View(notice=str(turn)), turn * FRAME_NS)
    assert faults == ["screen: the display does not answer"]
    screen.breaks = ""
    glass.show(View(notice="back"), 5 * FRAME_NS)
    assert len(screen.shown) == 1
    screen.breaks = "the display does not answer"
    glass.show(View(notice="again"), 6 * FRAME_NS)
    assert len(faults) == 2


# -- real parts -----------------------------------------------------------------------------------


@pytest.fixture
def real() -> Iterator[Hardware]:
    settings = SwitchSettings(("gpio", "usb"), GpioSettings(pin=17))
    made = Hardware.real(
        "piano",
        "piano",
        "keyboard",
        tuning=Tuning(70),
        switches=settings,
        oled=OledSettings(port=97),
    )
    yield made
    made.player.close()
    made.jobs.close()
    made.switch.close()
    made.display.close()


@pytest.mark.usefixtures("no_midi")
def test_a_box_turns_with_switches_and_a_screen_that_are_not_there(
    real: Hardware, bundle: Bundle, tmp_path: Path
) -> None:
    if os.path.exists("/dev/gpiochip0"):
        pytest.skip("this machine has GPIO")
    assert isinstance(real.switch, Switches)
    assert isinstance(real.display, Oled)
    rig = Rig(bundle, tmp_path, real, footswitch=Footswitch())
    rig.box.turn()
    assert rig.box.view.missing[:2] == ("piano", "footswitch")
    until = rig.now + 10 * SECOND
    while "screen" not in rig.box.view.missing:
        assert rig.now < until
        rig.box.wait()
        rig.box.turn()


@pytest.mark.usefixtures("no_midi")
def test_without_settings_there_is_no_switch_and_no_screen_to_miss() -> None:
    made = Hardware.real("piano", "piano", "keyboard")
    try:
        assert isinstance(made.display, NoDisplay)
        assert made.switch.fault == ""
    finally:
        made.player.close()
        made.jobs.close()
