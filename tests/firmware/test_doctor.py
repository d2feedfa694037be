import os
from dataclasses import replace
from pathlib import Path

import pytest

from firmware import doctor
from firmware.doctor import Patient
from firmware.oled_settings import OledSettings
from firmware.switches import SwitchSettings


@pytest.fixture
def machine(tmp_path: Path) -> Patient:
    """A machine of files: everything as it should be."""
    for path, text in (
        ("sys/kernel/realtime", "1\n"),
        ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n"),
        ("sys/class/thermal/thermal_zone0/temp", "48312\n"),
        ("dev/i2c-1", ""),
        ("dev/gpiochip0", ""),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return Patient(root=tmp_path, storage=tmp_path)


def test_a_sound_machine(machine: Patient) -> None:
    for check in (doctor.kernel, doctor.governor, doctor.temperature, doctor.screen,
                  doctor.footswitch, doctor.disk):  # fmt: skip
        finding = check(machine)
        assert finding.state == "ok", finding
        assert not finding.cure


@pytest.mark.parametrize(
    ("milli", "state"), [("74900", "ok"), ("76000", "warning"), ("83000", "fault")]
)
def test_heat(machine: Patient, milli: str, state: str) -> None:
    (machine.root / "sys/class/thermal/thermal_zone0/temp").write_text(milli)
    assert doctor.temperature(machine).state == state


def test_a_slow_governor_has_a_cure(machine: Patient) -> None:
    (machine.root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").write_text("ondemand")
    finding = doctor.governor(machine)
    assert (finding.state, finding.found) == ("warning", "ondemand")
    assert "performance" in finding.cure


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    bare = Patient(root=tmp_path, storage=tmp_path)
    assert doctor.screen(bare).state == "warning"
    assert doctor.footswitch(bare).state == "warning"


def test_a_screen_that_is_wanted_where_there_is_none(machine: Patient) -> None:
    spi = replace(machine, oled=OledSettings(bus="spi", port=0))
    found = doctor.screen(spi)
    assert (found.state, found.cure) == ("warning", "to use one: sudo raspi-config nonint do_spi 0")
    assert "spidev0.0" in found.found
    assert doctor.screen(replace(machine, oled=OledSettings(port=3))).state == "warning"
    assert doctor.screen(replace(machine, oled=None)).found == "none is fitted"


def test_a_pedal_by_the_name_it_bears(machine: Patient) -> None:
    usb = replace(machine, switches=SwitchSettings(("usb",)))
    assert doctor.footswitch(usb).state == "warning"
    devices = machine.root / "proc/bus/input/devices"
    devices.parent.mkdir(parents=True)
    devices.write_text('I: Bus=0003\nN: Name="PCsensor FootSwitch"\nH: Handlers=sysrq\n')
    assert doctor.footswitch(usb).found == "USB: PCsensor FootSwitch"
    devices.write_text('N: Name="A Keyboard"\nS: Sysfs=/N: Name="foot"\n')
    assert doctor.footswitch(usb).state == "warning"


@pytest.mark.usefixtures("no_midi")
def test_one_switch_that_is_there_will_do(machine: Patient) -> None:
    own = SwitchSettings(("midi",), midi_port="Pedal of its own")
    assert "Pedal of its own" in doctor.footswitch(replace(machine, switches=own)).found
    both = replace(own, sources=("midi", "gpio"))
    assert doctor.footswitch(replace(machine, switches=both)).state == "ok"
    piano = replace(machine, switches=SwitchSettings())
    assert doctor.footswitch(piano).found == "cc67 of the piano"
    assert doctor.footswitch(replace(machine, switches=SwitchSettings(()))).state == "ok"


def test_a_full_disk(machine: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = os.statvfs(machine.storage)
    assert usage
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: type("U", (), {"free": 10}))
    assert doctor.disk(machine).state == "fault"


def test_a_folder_that_cannot_be_written_to_is_a_fault_though_the_disk_is_small_too(
    machine: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    little = type("U", (), {"free": doctor.LITTLE_DISK - 1})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: little)
    assert doctor.disk(machine).state == "warning"
    monkeypatch.setattr(doctor.os, "access", lambda _path, _mode: False)
    finding = doctor.disk(machine)
    assert finding.state == "fault"
    assert "cannot be written" in finding.found


def test_a_port_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = {"inputs": [], "outputs": ["Disklavier MIDI 1"]}
    monkeypatch.setattr(doctor, "list_ports", lambda: ports)
    assert doctor.port("piano out", "outputs", "disklavier").state == "ok"
    missing = doctor.port("piano out", "outputs", "Steinway")
    assert missing.state == "fault"
    assert "'Disklavier MIDI 1'" in missing.found
    assert doctor.piano_alive(Patient(input="Steinway")).state == "warning"


def test_it_asks_for_the_priority_that_the_player_will_ask_for() -> None:
    # Beyond the scheduler's range: refused even to root.
    finding = doctor.realtime(Patient(priority=1000))
    assert finding.state == "fault"
    assert "rtprio 1000" in finding.cure


def test_whatever_breaks_while_looking_is_a_finding(
    machine: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine.root / "sys/class/thermal/thermal_zone0/temp").write_text("hot")
    monkeypatch.setattr(doctor, "list_ports", lambda: {"inputs": [], "outputs": []})
    findings = {finding.name: finding for finding in doctor.examine(machine)}
    assert len(findings) == 11
    assert findings["temperature"].state == "fault"
    assert all("\n" not in str(finding) for finding in findings.values())
