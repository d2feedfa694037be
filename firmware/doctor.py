"""A check-up of the machine: a finding for each thing that the music depends on, and its cure."""

import os
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from firmware.errors import FirmwareError
from firmware.oled_settings import OledSettings
from firmware.ports import find_port, list_ports, open_input
from firmware.switches import GPIO, MIDI, USB, SwitchSettings

State = Literal["ok", "warning", "fault"]

HOT_C, BURNING_C = 75.0, 82.0  # a Pi slows itself down at 80 to 85
LITTLE_DISK, NO_DISK = 1 << 30, 100 << 20
PRIORITY = 80

LISTEN_S = 1.0  # a piano that sends active sensing does so every 0.3 s

_NAME = "N: Name="  # in /proc/bus/input/devices
_ASK_FOR_REALTIME = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param({}))"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it stands, what was found, and what to do about it."""

    name: str
    state: State
    found: str
    cure: str = ""

    def __str__(self) -> str:
        cure = f"; {self.cure}" if self.cure else ""
        return f"{self.state:<8} {self.name}: {self.found}{cure}"


@dataclass(frozen=True)
class Patient:
    """What is looked at. `root` stands for / (tests bring their own)."""

    output: str = ""
    input: str = ""
    storage: Path = Path("/var/lib/smartlooper")
    root: Path = Path("/")
    priority: int = PRIORITY
    """The one that the player will ask for."""
    oled: OledSettings | None = field(default_factory=OledSettings)
    switches: SwitchSettings = field(default_factory=lambda: SwitchSettings((GPIO,)))


def examine(patient: Patient) -> list[Finding]:
    """Look at everything; whatever goes wrong while looking is a finding too."""
    checks: list[tuple[str, Callable[[Patient], Finding]]] = [
        ("realtime", realtime),
        ("locked memory", locked_memory),
        ("kernel", kernel),
        ("cpu governor", governor),
        ("piano out", lambda patient: port("piano out", "outputs", patient.output)),
        ("piano in", lambda patient: port("piano in", "inputs", patient.input)),
        ("piano alive", piano_alive),
        ("screen", screen),
        ("footswitch", footswitch),
        ("disk", disk),
        ("temperature", temperature),
    ]
    findings = []
    for name, check in checks:
        try:
            findings.append(check(patient))
        except (OSError, ValueError, FirmwareError) as error:
            findings.append(Finding(name, "fault", f"could not be looked at ({error})"))
    return findings


def realtime(patient: Patient) -> Finding:
    """Asked for by a child, so that this process stays as it is."""
    code = _ASK_FOR_REALTIME.format(patient.priority)
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True)
    if asked.returncode == 0:
        return Finding("realtime", "ok", f"SCHED_FIFO {patient.priority} is allowed")
    limit = max(90, patient.priority)
    file = "/etc/security/limits.d/smartlooper.conf"
    cure = f"add '@audio - rtprio {limit}' to {file} and log in again"
    return Finding("realtime", "fault", "realtime priority is refused: notes may be late", cure)


def locked_memory(_patient: Patient) -> Finding:
    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if limit == resource.RLIM_INFINITY or os.geteuid() == 0:
        return Finding("locked memory", "ok", "unlimited")
    cure = "add '@audio - memlock unlimited' to /etc/security/limits.d/smartlooper.conf"
    return Finding("locked memory", "warning", f"at most {limit >> 10} KiB", cure)


def kernel(patient: Patient) -> Finding:
    release = os.uname().release
    mark = patient.root / "sys/kernel/realtime"
    if mark.is_file() and mark.read_text().strip() == "1":
        return Finding("kernel", "ok", f"{release}, realtime")
    return Finding("kernel", "ok", f"{release}, not a realtime kernel (one is better, not needed)")


def governor(patient: Patient) -> Finding:
    folder = patient.root / "sys/devices/system/cpu"
    found = {path.read_text().strip() for path in folder.glob("cpu*/cpufreq/scaling_governor")}
    if not found:
        return Finding("cpu governor", "ok", "none: the clock rate does not change")
    if found == {"performance"}:
        return Finding("cpu governor", "ok", "performance")
    cure = "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
    return Finding("cpu governor", "warning", ", ".join(sorted(found)), cure)


def port(name: str, direction: Literal["inputs", "outputs"], pattern: str) -> Finding:
    names = list_ports()[direction]
    there = ", ".join(map(repr, names)) or "none"
    if not pattern:
        state: State = "ok" if names else "fault"
        return Finding(name, state, f"ports: {there}", "" if names else "connect a MIDI lead")
    index = find_port(pattern, names)
    if index is not None:
        return Finding(name, "ok", names[index])
    cure = "connect it, or change the name in the configuration"
    return Finding(name, "fault", f"no port matches {pattern!r}; there are: {there}", cure)


def piano_alive(patient: Patient) -> Finding:
    """Listens for active sensing, or anything else, for a moment."""
    if not patient.input or find_port(patient.input, list_ports()["inputs"]) is None:
        return Finding("piano alive", "warning", "no input to listen to", "see piano in")
    heard = threading.Event()
    listening = open_input(patient.input, lambda _ns, _data: heard.set())
    try:
        alive = heard.wait(LISTEN_S)
    finally:
        listening.close()
    if alive:
        return Finding("piano alive", "ok", "it sends")
    found = "it is silent: off, or of a kind that sends nothing by itself"
    return Finding("piano alive", "warning", found, "play a key while the doctor looks")


def screen(patient: Patient) -> Finding:
    settings = patient.oled
    if settings is None:
        return Finding("screen", "ok", "none is fitted")
    if settings.bus == "i2c":
        node, interface = f"dev/i2c-{settings.port}", "i2c"
        found = f"I2C {settings.port} at {settings.address:#04x}"
    else:
        node, interface = f"dev/spidev{settings.port}.{settings.spi_device}", "spi"
        found = f"SPI {settings.port}.{settings.spi_device}"
    path = patient.root / node
    if not path.exists():
        cure = f"to use one: sudo raspi-config nonint do_{interface} 0"
        return Finding("screen", "warning", f"no /{node}; the box plays without a screen", cure)
    if not os.access(path, os.R_OK | os.W_OK):
        cure = f"put the box's user into the group {interface}"
        return Finding("screen", "warning", f"/{node} may not be used", cure)
    return Finding("screen", "ok", found)


def footswitch(patient: Patient) -> Finding:
    """Each source that is fitted; one that can be pressed will do."""
    looks = {GPIO: _gpio, MIDI: _midi_pedal, USB: _usb_pedal}
    found = [looks[source](patient, patient.switches) for source in patient.switches.sources]
    if not found:
        return Finding("footswitch", "ok", "none is fitted")
    return next((one for one in found if one.state == "ok"), found[0])


def _gpio(patient: Patient, settings: SwitchSettings) -> Finding:
    chips = sorted((patient.root / "dev").glob("gpiochip*"))
    if not chips:
        return Finding("footswitch", "warning", "no GPIO", "use a MIDI pedal, or a USB one")
    if not any(os.access(chip, os.R_OK | os.W_OK) for chip in chips):
        cure = "put the box's user into the group gpio"
        return Finding("footswitch", "warning", "GPIO may not be used", cure)
    names = ", ".join(chip.name for chip in chips)
    return Finding("footswitch", "ok", f"GPIO {settings.gpio.pin} on {names}")


def _midi_pedal(_patient: Patient, settings: SwitchSettings) -> Finding:
    sign = f"{settings.trigger.kind}{settings.trigger.number}"
    if not settings.midi_port:
        return Finding("footswitch", "ok", f"{sign} of the piano")
    names = list_ports()["inputs"]
    index = find_port(settings.midi_port, names)
    if index is not None:
        return Finding("footswitch", "ok", f"{sign} on {names[index]}")
    found = f"no MIDI input matches {settings.midi_port!r}"
    return Finding("footswitch", "warning", found, "connect the pedal")


def _usb_pedal(patient: Patient, settings: SwitchSettings) -> Finding:
    """By the kernel's list: the pedal itself may be in use."""
    file = patient.root / "proc/bus/input/devices"
    text = file.read_text(errors="replace") if file.exists() else ""
    names = [
        line[len(_NAME) :].strip().strip('"')
        for line in text.splitlines()
        if line.startswith(_NAME)
    ]
    fitting = [name for name in names if settings.usb.fits(name)]
    if fitting:
        return Finding("footswitch", "ok", f"USB: {fitting[0]}")
    found = f"no USB pedal is called {settings.usb.device!r}"
    return Finding("footswitch", "warning", found, "connect it; its name is in /proc/bus/input")


def disk(patient: Patient) -> Finding:
    folder = patient.storage
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free at {folder}"
    if free < NO_DISK:
        return Finding("disk", "fault", found, "delete old sessions")
    if not os.access(folder, os.W_OK):
        return Finding("disk", "fault", f"{folder} cannot be written to", "check its owner")
    if free < LITTLE_DISK:
        return Finding("disk", "warning", found, "delete old sessions soon")
    return Finding("disk", "ok", found)


def temperature(patient: Patient) -> Finding:
    zones = sorted((patient.root / "sys/class/thermal").glob("thermal_zone*/temp"))
    if not zones:
        return Finding("temperature", "ok", "no thermometer")
    degrees = max(int(zone.read_text()) for zone in zones) / 1000
    found = f"{degrees:.0f} C"
    if degrees >= BURNING_C:
        return Finding("temperature", "fault", found, "cool it: the processor slows itself down")
    if degrees >= HOT_C:
        return Finding("temperature", "warning", found, "give it air")
    return Finding("temperature", "ok", found)
