"""QEMU: one virtual machine, started, spoken to through QMP, and ended for certain."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.vm import tsc
from deploy.vm.image import Image
from deploy.vm.places import Places, VirtualBoxError, is_foreign, run

PROGRAMS = {"amd64": "qemu-system-x86_64", "arm64": "qemu-system-aarch64"}
_CONSOLES = {"amd64": "ttyS0", "arm64": "ttyAMA0"}
_QUIET = (
    "quiet tsc=reliable clocksource=tsc mitigations=off audit=0 panic=-1"
    " modprobe.blacklist=cfg80211,pcspkr,bochs,psmouse,gpio_keys"
    " rcupdate.rcu_cpu_stall_suppress=1 systemd.default_timeout_start_sec=900 fsck.repair=yes"
)
_PLAIN = "max,avx=off,avx2=off,fma=off,f16c=off"
"""Wide and fused arithmetic is done lane by lane in software: a network runs slower with it."""
WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""However this process ends, the machine ends with it."""
_PROBE_S = 20.0
_CLOSE_S = 10.0


@dataclass(frozen=True)
class Disk:
    """What QEMU is given as a drive: a file of format qcow2 or raw, or the address of a server.
    `cache` is QEMU's: "unsafe" ignores every flush."""

    source: str
    format: str = "qcow2"
    cache: str = "writeback"

    def option(self) -> str:
        return f"if=virtio,file={self.source},format={self.format},cache={self.cache}"


@dataclass(frozen=True)
class Settings:
    """How the machine is made. `accel` is "kvm" or "tcg"."""

    places: Places
    image: Image
    accel: str
    port: int
    memory_mib: int = 1024
    extra: str = ""  # for the kernel's command line


@dataclass
class Machine:
    """A running machine. `kill` is a power cut, `close` is the same but waits and never fails."""

    settings: Settings
    process: subprocess.Popen[bytes]
    log: Path
    qmp: Path
    helpers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """Servers behind its disks; they end with it."""

    def kill(self) -> None:
        """The power goes: the disks' servers first, with all that they had not written."""
        for helper in self.helpers:
            end(helper, signal.SIGKILL)
        end(self.process, signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        self.qmp.unlink(missing_ok=True)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, command: str, limit_s: float = 60.0, **arguments: Any) -> Any:
        """One QMP command, and its answer."""
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(limit_s)
            wire.connect(str(self.qmp))
            lines = wire.makefile("rwb")
            lines.readline()
            _exchange(lines, {"execute": "qmp_capabilities"})
            return _exchange(lines, {"execute": command, "arguments": arguments})

    def monitor(self, line: str, limit_s: float = 300.0) -> str:
        """One line of the human monitor, such as savevm; VirtualBoxError if it complains."""
        said = str(self.ask("human-monitor-command", limit_s, **{"command-line": line}))
        if said.strip():
            raise VirtualBoxError(f"qemu: {line}: {said.strip()}")
        return said

    def console(self) -> str:
        return self.log.read_text(errors="replace") if self.log.is_file() else ""


def start(settings: Settings, name: str, disks: Sequence[Disk], *, load: str = "") -> Machine:
    """Boot it, or go on from the snapshot `load` of its disks."""
    places = settings.places
    log, qmp = places / f"{name}.log", places / f"{name}.qmp"
    log.unlink(missing_ok=True)
    command = [
        *_machine(settings),
        *("-nodefaults", "-display", "none", "-no-reboot", "-m", str(settings.memory_mib)),
        *("-kernel", str(settings.image.kernel), "-initrd", str(settings.image.initrd)),
        *("-append", _kernel_line(settings)),
        *(word for disk in disks for word in ("-drive", disk.option())),
        *("-netdev", _network(settings), "-device", "virtio-net-pci,netdev=n0,romfile="),
        *("-device", "virtio-rng-pci"),
        *("-qmp", f"unix:{qmp},server=on,wait=off", "-serial", f"file:{log}"),
        *(("-loadvm", load) if load else ()),
    ]
    errors = (places / f"{name}.err").open("wb")
    with errors:
        process = subprocess.Popen(
            [*WITH_US, "nice", "-n", os.environ.get("VM_NICE", "0"), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    return Machine(settings, process, log, qmp)


def overlay(places: Places, backing: Path, name: str) -> Disk:
    """A disk that begins as `backing` and keeps its changes to itself."""
    path = places / f"{name}.qcow2"
    path.unlink(missing_ok=True)
    run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-b", backing, "-F", _format(backing), path], 60
    )
    return Disk(str(path))


def accelerator(places: Places, image: Image) -> str:
    """KVM where it really runs a kernel, which cannot be told by looking at /dev/kvm; else TCG."""
    wanted = os.environ.get("VM_ACCEL", "")
    if wanted:
        return wanted
    if is_foreign(places.arch) or not os.access("/dev/kvm", os.W_OK):
        return "tcg"
    log = places / "probe.log"
    log.unlink(missing_ok=True)
    words = [PROGRAMS[places.arch], *("-accel", "kvm", "-cpu", "host", "-nodefaults", "-m", "256")]
    words += ["-display", "none", "-no-reboot", "-serial", f"file:{log}"]
    words += ["-kernel", str(image.kernel), "-append", "console=ttyS0 panic=-1"]
    probe = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + _PROBE_S
        while time.monotonic() < until and probe.poll() is None:
            if log.is_file() and b"Linux version" in log.read_bytes():
                return "kvm"
            time.sleep(0.2)
    finally:
        end(probe, signal.SIGKILL)
    return "tcg"


def end(process: subprocess.Popen[bytes], number: int) -> None:
    """By its own id, and waited for."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(_CLOSE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_CLOSE_S)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def installed(arch: str) -> bool:
    """Whether the virtual box can be run here at all."""
    programs = (PROGRAMS[arch], "qemu-img", "mmdebstrap", "mke2fs", "nbdkit", "ssh")
    return all(shutil.which(one) for one in programs) and os.geteuid() == 0


def _machine(settings: Settings) -> list[str]:
    program = PROGRAMS[settings.places.arch]
    if settings.places.arch == "arm64":
        accel, cpu, board = "tcg,thread=multi", "cortex-a72", "virt"
    else:
        accel, cpu = ("kvm", "host") if settings.accel == "kvm" else ("tcg,thread=multi", _PLAIN)
        board = "pc,hpet=off,vmport=off"
    return [program, "-accel", accel, "-machine", board, "-cpu", cpu, "-smp", "2"]


def _kernel_line(settings: Settings) -> str:
    console = _CONSOLES[settings.places.arch]
    same_clock = settings.accel == "tcg" and not is_foreign(settings.places.arch)
    khz = tsc.kilohertz() if same_clock else None
    rate = f"tsc_early_khz={khz}" if khz else ""
    return f"root=LABEL=root ro console={console} {_QUIET} {rate} {settings.extra}".strip()


def _network(settings: Settings) -> str:
    """Nothing but SSH from here: the guest reaches nobody."""
    return f"user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:{settings.port}-:22"


def _format(path: Path) -> str:
    return "qcow2" if path.suffix == ".qcow2" else "raw"


def _exchange(lines: Any, message: dict[str, Any]) -> Any:
    lines.write(json.dumps(message).encode() + b"\n")
    lines.flush()
    while True:
        line = lines.readline()
        if not line:
            raise VirtualBoxError("qemu closed its monitor")
        said = json.loads(line)
        if "error" in said:
            raise VirtualBoxError(f"qemu: {said['error'].get('desc')}")
        if "return" in said:
            return said["return"]
