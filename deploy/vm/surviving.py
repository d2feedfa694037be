"""Power cuts at random moments, and what must be true after each."""

import json
import random
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.vm import cuts, piano
from deploy.vm.acceptance import IMPORT_LIMIT_S, SESSIONS, verify
from deploy.vm.guest import TOOLS, Guest, wait
from deploy.vm.machine import Machine, Settings
from deploy.vm.places import REPOSITORY, VirtualBoxError
from deploy.vm.starting import BOOT_LIMIT_S

WITHIN_S = 1.0
_CORPORA = "/var/lib/smartlooper/corpora"


@dataclass
class Taken:
    """What the piano had sent when (by this machine's clock), as far as it was told."""

    sent: list[tuple[float, int]] = field(default_factory=list)

    def safe(self, cut: float) -> int:
        """Messages that had left at least a second before the cut."""
        return sum(1 for at, _ in self.sent if at <= cut - WITHIN_S)


Scene = Callable[[Guest, Taken], None]
"""Begins something that is going on when the power goes."""


def recording(guest: Guest, taken: Taken) -> None:
    """A seed is being played in."""
    _ladder(guest, taken, [0.5])
    guest.await_state("recording")


def groove(guest: Guest, taken: Taken) -> None:
    """The loop plays, and so does the pianist."""
    _ladder(guest, taken, [0.5, 8.5])
    guest.await_state("warmup", "groove")


def importing(guest: Guest, taken: Taken) -> None:
    """An upload has just arrived."""
    files = sorted((REPOSITORY / "corpus/demo").glob("01*.mid"))
    name = f"cut-{len(_names(guest))}"
    puts = "".join(f"put {file} /inbox/{name}/{file.name}\n" for file in files)
    guest.sftp(f"mkdir /inbox/{name}\n{puts}")


def switching(guest: Guest, taken: Taken) -> None:
    """The current corpus is being changed, again and again."""
    two = lambda: len(_names(guest)) > 1  # noqa: E731
    wait(two, IMPORT_LIMIT_S, "an upload that was cut off is not taken up again", every_s=3)
    process = guest.start(f"{TOOLS}/switch")
    assert process.stdout is not None
    for _ in range(2):  # from one to the other
        if not process.stdout.readline():
            raise VirtualBoxError(f"no corpus is switched: exit {process.wait()}")
    threading.Thread(target=process.communicate, daemon=True).start()


def first_boot(guest: Guest, taken: Taken) -> None:
    """Nothing: the power goes while it starts."""


SCENES: dict[str, Scene] = {
    "recording": recording,
    "importing": importing,
    "groove": groove,
    "switching": switching,
    "first boot": first_boot,
}


_LONGER = {"importing": 3.0, "first boot": 3.0}
"""These go on for about a minute under emulation, and any moment of it is to be met."""


@dataclass
class Survival:
    """Cuts in one card after another; `run` gives a line for each."""

    settings: Settings
    guest: Guest
    rng: random.Random
    machine: Machine | None = None

    def run(self, count: int, honest: bool = True) -> list[dict[str, Any]]:
        """`count` cuts, the scenes in turn. VirtualBoxError at the first broken promise."""
        names = list(SCENES)
        lines: list[dict[str, Any]] = []
        card = self._card("card", honest)
        waits = cuts.moments(self.rng, count, 1.0, 20.0)
        try:
            for number, seconds in enumerate(waits):
                name = names[number % len(names)]
                if name == "first boot":
                    card = self._card("card", honest)
                lines.append(self._one(card, name, seconds))
                print(f"vm-test: cut {number + 1}: {json.dumps(lines[-1])}", flush=True)
        finally:
            self._end()
        return lines

    def _card(self, name: str, honest: bool) -> cuts.Card:
        self._end()
        place = self.settings.places / f"{name}.raw"
        return cuts.Card.new(self.settings.image.data, place, honest)

    def _one(self, card: cuts.Card, name: str, seconds: float) -> dict[str, Any]:
        taken = Taken()
        if name == "first boot":
            machine = self.machine = cuts.boot(self.settings, "cut", card)
        else:
            machine = self.machine or self._boot(card)
            SCENES[name](self.guest, taken)
        seconds *= _LONGER.get(name, 1.0)
        cut = cuts.cut_at(machine, seconds)
        self._end()
        began = time.monotonic()
        self._boot(card)
        ready = round(time.monotonic() - began, 1)
        found = self._check(taken, cut)
        return {"scene": name, "after_s": round(seconds, 1), "ready_s": ready} | found

    def _boot(self, card: cuts.Card) -> Machine:
        machine = cuts.boot(self.settings, "cut", card)
        self.machine = machine
        self.guest.await_login(BOOT_LIMIT_S, lambda: machine.alive)
        self.guest.await_ready(BOOT_LIMIT_S)
        piano.plug(self.guest)
        return machine

    def _check(self, taken: Taken, cut: float) -> dict[str, Any]:
        guest = self.guest
        corpora = _names(guest)
        for name in corpora:
            guest.sh(f"smartlooper corpus verify {_CORPORA}/{name}", 300)
        current = guest.status()["corpus"]
        if not current:
            raise VirtualBoxError("no corpus is current after a cut")
        found = {"corpora": len(corpora), "current": current}
        return found | self._read(taken, cut, current) if taken.sent else found

    def _read(self, taken: Taken, cut: float, corpus: str) -> dict[str, Any]:
        """The session that was cut off: what it must have kept, and that it proves itself."""
        folder = self.settings.places / "cut-session"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        name = self.guest.sh(f"ls -1 {SESSIONS} | tail -1").strip()
        if name:
            self.guest.sftp(f"get -r {SESSIONS}/{name} {folder}\n", user="looper")
            self.guest.sftp(f"get -r {_CORPORA}/{corpus} {folder}\n", user="looper")
        kept = _kept(folder / name / "events.jsonl") if name else 0
        if kept < taken.safe(cut):
            raise VirtualBoxError(f"{taken.safe(cut)} messages were safe, {kept} are on the card")
        found: dict[str, Any] = {"safe": taken.safe(cut), "kept": kept}
        if _has_loops(folder / name):
            found["verify"] = verify(folder / name, folder / corpus).partition(": ")[2]
        return found

    def _end(self) -> None:
        if self.machine is not None:
            self.machine.close()
            self.machine = None
            self.guest.hang_up()


def _names(guest: Guest) -> list[str]:
    """Of the corpora that are there."""
    return [name for name in guest.sh(f"ls {_CORPORA}").split() if name != "current"]


def _ladder(guest: Guest, taken: Taken, presses: list[float]) -> None:
    """Notes that can be counted, told one by one as they leave."""
    process = guest.start(f"{TOOLS}/pianist")
    plan = piano.score(piano.ladder(0.8, 60.0), piano.taps(*presses), 61.0, tell=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps(plan).encode())
    process.stdin.close()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            if "sent" in said:
                taken.sent.append((time.monotonic(), said["sent"]))
        process.wait()

    threading.Thread(target=listen, daemon=True).start()


def _has_loops(session: Path) -> bool:
    made = session / "provenance.jsonl"
    return made.is_file() and made.stat().st_size > 0


def _kept(journal: Path) -> int:
    """Messages of the pianist in the journal of a session, whole lines only."""
    found = 0
    for line in journal.read_text().splitlines():
        try:
            said = json.loads(line)
        except ValueError:  # the last line may be torn
            continue
        found += said.get("who") == "player" and said.get("midi", "")[:1] in "89"
    return found
