import builtins
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

gpiozero = pytest.importorskip("gpiozero", reason="gpiozero is not installed")
from gpiozero.pins.mock import MockFactory, MockPin  # noqa: E402

from firmware.debounce import Debounced  # noqa: E402
from firmware.errors import FirmwareError  # noqa: E402
from firmware.gpio_switch import GpioSettings, GpioSwitch, _monotonic  # noqa: E402

MS = 1_000_000


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.reset()


def pressed(switch: GpioSwitch) -> list[bool]:
    return [edge.pressed for edge in switch.edges()]


def foot(pin: MockPin, *levels: int) -> None:
    for level in levels:
        (pin.drive_high if level else pin.drive_low)()


def test_gpiozeros_button_on_its_mock_pins(pins: MockFactory) -> None:
    """What we build on: pressed is low on a pulled-up pin, and the bounce time is not heeded."""
    seen: list[str] = []
    button = gpiozero.Button(17, bounce_time=5.0, pin_factory=pins)
    button.when_pressed = lambda: seen.append("down")
    button.when_released = lambda: seen.append("up")
    foot(pins.pin(17), 0, 1, 0, 1, 0, 1)
    assert seen == ["down", "up"] * 3, "the mock has begun to debounce: simplify our tests"
    button.close()


@pytest.mark.parametrize(
    ("settings", "levels"),
    [
        (GpioSettings(17), (0, 1, 0)),
        (GpioSettings(4, "down", "high"), (1, 0, 1)),
        (GpioSettings(22, "up", "high"), (0, 1, 0)),
        (GpioSettings(27, "none", "low"), (1, 0, 1)),
    ],
)
def test_edges(pins: MockFactory, settings: GpioSettings, levels: tuple[int, ...]) -> None:
    switch = GpioSwitch(settings, pins)
    pin = pins.pin(settings.pin)
    assert pin.pull == {"up": "up", "down": "down", "none": "floating"}[settings.pull]
    assert switch.edges() == []
    foot(pin, *levels)
    assert pressed(switch) == [level == (settings.active == "high") for level in levels]
    assert switch.edges() == []
    switch.close()


def test_an_edge_rings_and_bears_its_time(pins: MockFactory) -> None:
    switch = GpioSwitch(GpioSettings(), pins)
    assert select.select([switch.fileno()], [], [], 0)[0] == []
    before = time.monotonic_ns()
    foot(pins.pin(17), 0)
    after = time.monotonic_ns()
    assert select.select([switch.fileno()], [], [], 10)[0]
    (edge,) = switch.edges()
    assert before - MS <= edge.ns <= after
    assert select.select([switch.fileno()], [], [], 0)[0] == [], "it rings once"
    switch.close()


def test_a_bouncing_button_is_pressed_once(pins: MockFactory) -> None:
    switch = GpioSwitch(GpioSettings(), pins)
    pin = pins.pin(17)
    debounced = Debounced(switch, time.monotonic_ns, settle=3600 * 1000 * MS)
    foot(pin, 0, 1, 0, 1, 0)
    assert [edge.pressed for edge in debounced.edges()] == [True]
    debounced.close()


def test_it_gives_everything_back(pins: MockFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[object] = []
    monkeypatch.setattr(pins, "close", lambda: closed.append(pins))
    handles = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        switch = GpioSwitch(GpioSettings(), pins)
        switch.close()
        switch.close()
        assert switch.fileno() is None
        assert switch.edges() == []
    foot(pins.pin(17), 0)
    assert len(os.listdir("/proc/self/fd")) <= handles
    assert len(closed) == 3


def test_kernels_stamp_with_one_clock_or_the_other() -> None:
    for clock in (time.monotonic, time.time):
        stamp = clock() - 0.25
        age = (time.monotonic_ns() - _monotonic(stamp)) / 1e9
        assert 0.24 < age < 1.25
    for nonsense in (-5.0, time.time() + 1e6):
        before = time.monotonic_ns()
        assert before <= _monotonic(nonsense) <= time.monotonic_ns()


def test_without_the_library_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *more: object, **named: object) -> object:
        if name.partition(".")[0] in ("gpiozero", "lgpio"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])
        return real(name, *more, **named)

    for name in [name for name in sys.modules if name.startswith("gpiozero")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(FirmwareError, match=r"GPIO 17 needs gpiozero.*pip install") as told:
        GpioSwitch(GpioSettings())
    assert "\n" not in str(told.value)


def test_the_process_stays_in_its_working_directory(tmp_path: Path) -> None:
    """lgpio takes it elsewhere, and relative paths of the box with it. In a process of its own,
    since it does so once."""
    pytest.importorskip("lgpio", reason="lgpio is not installed")
    code = """
import os, sys
from firmware.errors import FirmwareError
from firmware.gpio_switch import GpioSettings, GpioSwitch
try:
    GpioSwitch(GpioSettings()).close()
except FirmwareError:
    pass
assert "lgpio" in sys.modules
print(os.getcwd())
"""
    root = str(Path(__file__).resolve().parents[2])
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == str(tmp_path.resolve())


def test_a_pin_that_is_taken_says_so(pins: MockFactory) -> None:
    taken = gpiozero.LED(17, pin_factory=pins)
    with pytest.raises(FirmwareError, match="GPIO 17 cannot be used") as told:
        GpioSwitch(GpioSettings(), pins)
    assert "\n" not in str(told.value)
    taken.close()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"pin": 28}, r"gpio_pin 28: 0 to 27"),
        ({"pin": -1}, r"gpio_pin -1"),
        ({"pull": "sideways"}, r"gpio_pull 'sideways': one of up, down, none"),
        ({"active": "yes"}, r"gpio_active 'yes': low or high"),
    ],
)
def test_bad_settings_are_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(FirmwareError, match=words):
        GpioSettings(**values)  # type: ignore[arg-type]
