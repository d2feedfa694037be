"""A processor's heat, in files as the kernel has them."""

from pathlib import Path

import pytest

from firmware.heat import COOL_C, HOT_C, LOOK_NS, Thermometer


def zone(root: Path, number: int, kind: str | None, celsius: float | str) -> Path:
    folder = root / f"thermal_zone{number}"
    folder.mkdir(parents=True)
    if kind is not None:
        (folder / "type").write_text(kind + "\n")
    text = celsius if isinstance(celsius, str) else f"{round(celsius * 1000)}\n"
    (folder / "temp").write_text(text)
    return folder / "temp"


def set_to(sensor: Path, celsius: float) -> None:
    sensor.write_text(f"{round(celsius * 1000)}\n")


def test_it_is_hot_from_one_mark_until_below_another(tmp_path: Path) -> None:
    sensor = zone(tmp_path, 0, "cpu-thermal", 48.3)
    thermometer = Thermometer(tmp_path)
    found = []
    for turn, celsius in enumerate((48.3, HOT_C - 0.1, HOT_C, COOL_C, COOL_C - 0.1, HOT_C - 0.1)):
        set_to(sensor, celsius)
        found.append(thermometer.is_hot(turn * LOOK_NS))
    assert found == [False, False, True, True, False, False]
    assert thermometer.celsius == pytest.approx(HOT_C - 0.1)


def test_it_is_read_only_now_and_then(tmp_path: Path) -> None:
    sensor = zone(tmp_path, 0, "cpu-thermal", 50)
    thermometer = Thermometer(tmp_path)
    assert not thermometer.is_hot(7)
    set_to(sensor, 95)
    assert not thermometer.is_hot(7 + LOOK_NS - 1)
    assert thermometer.is_hot(7 + LOOK_NS)


def test_the_hottest_sensor_of_the_processor_counts_and_no_other(tmp_path: Path) -> None:
    zone(tmp_path, 0, "cpu-thermal", 50)
    zone(tmp_path, 1, "iwlwifi_1", 99)
    zone(tmp_path, 2, "x86_pkg_temp", 61)
    zone(tmp_path, 3, None, 40)
    thermometer = Thermometer(tmp_path)
    assert not thermometer.is_hot(0)
    assert thermometer.celsius == 61


@pytest.mark.parametrize("text", ["", "warm\n", "\xff"])
def test_a_sensor_that_says_nothing_is_no_sensor(tmp_path: Path, text: str) -> None:
    zone(tmp_path, 0, "cpu-thermal", text)
    thermometer = Thermometer(tmp_path)
    assert not thermometer.is_hot(0)
    assert thermometer.celsius is None


def test_a_machine_without_sensors_is_never_hot(tmp_path: Path) -> None:
    thermometer = Thermometer(tmp_path / "nowhere")
    assert not thermometer.is_hot(0)
    assert thermometer.celsius is None


def test_a_sensor_that_goes_while_it_is_hot_leaves_no_alarm(tmp_path: Path) -> None:
    sensor = zone(tmp_path, 0, "cpu-thermal", 90)
    thermometer = Thermometer(tmp_path)
    assert thermometer.is_hot(0)
    sensor.unlink()
    assert not thermometer.is_hot(LOOK_NS)
