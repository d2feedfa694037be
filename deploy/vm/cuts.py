"""Power cuts: the data partition behind a server that, when it dies, loses what was not flushed."""

import random
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.vm.guest import wait
from deploy.vm.machine import Disk, Machine, Settings, end, overlay, start
from deploy.vm.places import VirtualBoxError

_SERVER_LIMIT_S = 20.0


@dataclass(frozen=True)
class Card:
    """The card with the data partition; `honest` is False where it ignores every flush, as the
    worst of them do. Only what was flushed survives `Machine.kill`."""

    file: Path
    honest: bool = True

    @classmethod
    def new(cls, image: Path, file: Path, honest: bool = True) -> "Card":
        shutil.copyfile(image, file)
        return cls(file, honest)


def boot(settings: Settings, name: str, card: Card) -> Machine:
    """A machine whose data partition is on the card."""
    root = overlay(settings.places, settings.image.root, f"{name}-root")
    server, address = _serve(settings, name, card)
    try:
        machine = start(settings, name, [root, Disk(address, "raw")])
    except BaseException:
        end(server, signal.SIGKILL)
        raise
    machine.helpers.append(server)
    return machine


def cut_at(machine: Machine, seconds: float) -> float:
    """Wait so long, then take the power away; when that was, by time.monotonic."""
    time.sleep(seconds)
    now = time.monotonic()
    machine.kill()
    return now


def moments(rng: random.Random, count: int, low: float, high: float) -> list[float]:
    """Random seconds, one in each of `count` equal parts, in random order."""
    part = (high - low) / count
    found = [low + part * (number + rng.random()) for number in range(count)]
    rng.shuffle(found)
    return found


def _serve(settings: Settings, name: str, card: Card) -> tuple[subprocess.Popen[bytes], str]:
    sock = settings.places / f"{name}.nbd"
    sock.unlink(missing_ok=True)
    mode = "writeback" if card.honest else "unsafe"
    command = ["nbdkit", "--foreground", "--exit-with-parent", "-U", str(sock), "--filter=cache"]
    server = subprocess.Popen(
        [*command, "file", str(card.file), f"cache={mode}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        alive = lambda: server.poll() is None  # noqa: E731
        wait(sock.exists, _SERVER_LIMIT_S, "nbdkit does not answer", alive, every_s=0.05)
    except VirtualBoxError:
        end(server, signal.SIGKILL)
        raise
    return server, f"nbd+unix:///?socket={sock}"
