"""Power cuts at random moments, and what must be true after each."""

import json
import random
import shutil
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

from appliance.box.corpora import DEMO
from appliance.folder import EVENTS, PROVENANCE, SEED_MIDI, SESSION
from deploy.vm import cuts, piano
from deploy.vm.acceptance import IMPORT_LIMIT_S, SESSIONS, await_ports, verify
from deploy.vm.guest import TOOLS, Guest, wait
from deploy.vm.machine import Machine, Settings
from deploy.vm.places import LOST, REPOSITORY, BrokenPromise, CommandFailed, VirtualBoxError
from deploy.vm.starting import BOOT_LIMIT_S

T = TypeVar("T")

WITHIN_S = 1.0
_CORPORA = "/var/lib/smartlooper/corpora"


@dataclass
class Given:
    """What the box was given before a cut.

    `plan` is what the piano was to send, in hex and in order, and `sent` which of it had left when
    (by this machine's clock), as far as that was told. `sessions` were there before the first of
    it. `upload` is the name of a corpus to come.
    """

    plan: list[str] = field(default_factory=list)
    sent: list[tuple[float, int]] = field(default_factory=list)
    sessions: frozenset[str] = frozenset()
    upload: str = ""

    def safe(self, cut: float) -> int:
        """Messages that had left at least a second before the cut: the first so many of the
        plan."""
        return sum(1 for at, _ in self.sent if at <= cut - WITHIN_S)

    def kept(self, journal: list[str]) -> int:
        """With how many messages of the plan a journal begins: each is there, and in its place."""
        pairs = zip(journal, self.plan, strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@dataclass(frozen=True)
class Stock:
    """The corpora on a card, by name. Where none is current the name of that is empty."""

    names: frozenset[str]
    current: str

    @classmethod
    def of(cls, guest: Guest) -> "Stock":
        """As the box's folder has them now."""
        said = guest.sh(f"readlink {_CORPORA}/current || echo; ls {_CORPORA}")
        current, *names = said.splitlines()
        return cls(frozenset(names) - {"current"}, current)


FRESH = Stock(frozenset({DEMO}), DEMO)
"""What a card without corpora has after its first boot."""


@dataclass(frozen=True)
class Allowed:
    """What a card may hold after a cut: `kept` must be there and `new` may be, one of `current` is
    in use, and there is nothing else."""

    kept: frozenset[str]
    new: frozenset[str]
    current: frozenset[str]

    def fault(self, found: Stock, playing: str) -> str:
        """What is not so, in words; empty where all is. `playing` is what the box says it uses."""
        lost, strange = self.kept - found.names, found.names - self.kept - self.new
        if lost:
            return f"corpora are lost: {_listed(lost)}"
        if strange:
            return f"corpora that nobody made: {_listed(strange)}"
        for what, name in (("current", found.current), ("played", playing)):
            if name not in self.current & found.names:
                return f"{name or 'none'} is {what}, not {_listed(self.current, ' or ')}"
        return ""


def allowed(scene: str, before: Stock, uploads: Collection[str]) -> Allowed:
    """After a cut in a scene that began with `before`. What was uploaded to this card may have
    become a corpus since, and a box that is idle goes over to it. Switching goes to every one in
    turn."""
    new = frozenset(uploads)
    current = before.names if scene == "switching" else new | {before.current}
    return Allowed(before.names, new, current)


Scene = Callable[[Guest, Given], None]
"""Begins something that is going on when the power goes."""


def recording(guest: Guest, given: Given) -> None:
    """A seed is being played in."""
    _ladder(guest, given, [0.5])
    guest.await_state("recording")


def groove(guest: Guest, given: Given) -> None:
    """The loop plays, and so does the pianist."""
    _ladder(guest, given, [0.5, 8.5])
    guest.await_state("warmup", "groove")


def importing(guest: Guest, given: Given) -> None:
    """An upload has just arrived, all of it on the card (-f): what is imported next is its own
    affair."""
    files = sorted((REPOSITORY / "corpus/demo").glob("01*.mid"))
    name = given.upload = f"cut-{len(Stock.of(guest).names)}"
    puts = "".join(f"put -f {file} /inbox/{name}/{file.name}\n" for file in files)
    guest.sftp(f"mkdir /inbox/{name}\n{puts}")


def switching(guest: Guest, given: Given) -> None:
    """The current corpus is being changed, again and again."""
    two = lambda: len(Stock.of(guest).names) > 1  # noqa: E731
    wait(two, IMPORT_LIMIT_S, "an upload that was cut off is not taken up again", every_s=3)
    process = guest.start(f"{TOOLS}/switch")
    assert process.stdout is not None
    for _ in range(2):  # from one to the other
        if not process.stdout.readline():
            raise VirtualBoxError(f"no corpus is switched: exit {process.wait()}")
    threading.Thread(target=process.communicate, daemon=True).start()


def first_boot(guest: Guest, given: Given) -> None:
    """Nothing: the power goes while it starts."""


SCENES: dict[str, Scene] = {
    "recording": recording,
    "importing": importing,
    "groove": groove,
    "switching": switching,
    "first boot": first_boot,
}


_SHORTEST_S, _LONGEST_S = 1.0, 20.0
_LONGER = {"importing": 9.0, "first boot": 3.0}
"""Under emulation an import takes three minutes and a boot one, and any moment is to be met."""


def moments(rng: random.Random, count: int) -> list[tuple[str, float]]:
    """The scenes in turn, and how long each goes on (seconds); those of one scene are spread over
    all of it."""
    names = [list(SCENES)[number % len(SCENES)] for number in range(count)]
    spread = {
        name: cuts.moments(rng, names.count(name), _SHORTEST_S, _LONGEST_S)
        for name in dict.fromkeys(names)
    }
    return [(name, spread[name].pop() * _LONGER.get(name, 1.0)) for name in names]


@dataclass
class Survival:
    """Cuts in one card after another; `run` gives a line for each. `uploads` are those that this
    card was given."""

    settings: Settings
    guest: Guest
    rng: random.Random
    machine: Machine | None = None
    uploads: set[str] = field(default_factory=set)

    def run(self, count: int, honest: bool = True) -> list[dict[str, Any]]:
        """`count` cuts, the scenes in turn. BrokenPromise at the first card that is not as it has
        to be, any other VirtualBoxError where the test itself fails."""
        lines: list[dict[str, Any]] = []
        card = self._card("card", honest)
        try:
            for number, (name, seconds) in enumerate(moments(self.rng, count)):
                if name == "first boot":
                    card = self._card("card", honest)
                lines.append(self._one(card, name, seconds))
                print(f"vm-test: cut {number + 1}: {json.dumps(lines[-1])}", flush=True)
        finally:
            self._end()
        return lines

    def _card(self, name: str, honest: bool) -> cuts.Card:
        self._end()
        self.uploads.clear()
        place = self.settings.places / f"{name}.raw"
        return cuts.Card.new(self.settings.image.data, place, honest)

    def _one(self, card: cuts.Card, name: str, seconds: float) -> dict[str, Any]:
        given = Given()
        machine, before = self._begin(card, name, given)
        cut = cuts.cut_at(machine, seconds)
        self._end()
        began = time.monotonic()
        self._come_up(card)
        ready = round(time.monotonic() - began, 1)
        found = self._check(allowed(name, before, self.uploads))
        found |= self._read(given, cut) if given.plan else {}
        return {"scene": name, "after_s": round(seconds, 1), "ready_s": ready} | found

    def _begin(self, card: cuts.Card, name: str, given: Given) -> tuple[Machine, Stock]:
        """A machine in the midst of a scene, and what is on its card by then."""
        if name == "first boot":
            self.machine = cuts.boot(self.settings, "cut", card)
            return self.machine, FRESH
        machine = self.machine or self._boot(card)
        piano.plug(self.guest)
        SCENES[name](self.guest, given)
        self.uploads |= {given.upload} - {""}
        return machine, Stock.of(self.guest)

    def _boot(self, card: cuts.Card) -> Machine:
        machine = self.machine = cuts.boot(self.settings, "cut", card)
        self.guest.await_login(BOOT_LIMIT_S, lambda: machine.alive)
        self.guest.await_ready(BOOT_LIMIT_S)
        return machine

    def _come_up(self, card: cuts.Card) -> None:
        """After a cut. A box that does not is the card's fault, unless it never had a chance."""
        try:
            self._boot(card)
        except VirtualBoxError as error:
            if isinstance(error, CommandFailed) or not _runs(self.machine):
                raise
            raise BrokenPromise(f"it does not come up after a cut: {error}") from error

    def _check(self, may: Allowed) -> dict[str, Any]:
        """What every cut must leave: all corpora, each of them sound, and the right one in use."""
        guest = self.guest
        playing = str(guest.status()["corpus"])
        stock = _promised("the corpora", lambda: Stock.of(guest))
        fault = may.fault(stock, playing)
        if fault:
            raise BrokenPromise(fault)
        for name in sorted(stock.names):
            command = f"smartlooper corpus verify {_CORPORA}/{name}"
            _promised(f"corpus {name}", partial(guest.sh, command, 300))
        return {"corpora": len(stock.names), "current": playing}

    def _read(self, given: Given, cut: float) -> dict[str, Any]:
        """The session that was cut off: what it must have kept, and that it proves itself."""
        folder = self.settings.places / "cut-session"
        shutil.rmtree(folder, ignore_errors=True)
        session = self._fetch(given, folder)
        kept, safe = given.kept(played(session / EVENTS)), given.safe(cut)
        if kept < safe:
            raise BrokenPromise(f"{safe} messages were safe, {kept} are on the card")
        found: dict[str, Any] = {"safe": safe, "kept": kept}
        if _has_loops(session):
            found["verify"] = self._proof(session).partition(": ")[2]
        return found

    def _fetch(self, given: Given, folder: Path) -> Path:
        """What there is of the session that began before the cut: files may be missing, and where
        there is no such session all of them are."""
        new = sorted(_promised("the sessions", lambda: _sessions(self.guest)) - given.sessions)
        session = folder / (new[-1] if new else "none")
        session.mkdir(parents=True)
        names = (EVENTS, PROVENANCE, SESSION, SEED_MIDI) if new else ()
        gets = "".join(f"-get {SESSIONS}/{session.name}/{name} {session}\n" for name in names)
        if gets:
            self.guest.sftp(gets, user="looper")
        return session

    def _proof(self, session: Path) -> str:
        """Against the corpus that it was played with, which need not be the current one now."""
        try:
            name = json.loads((session / SESSION).read_text())["bundle"]["name"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokenPromise(f"session {session.name}: loops, and no summary") from error
        bundle = session.with_name(name)
        get = f"get -r {_CORPORA}/{name} {bundle.parent}\n"
        _promised(f"corpus {name}", lambda: self.guest.sftp(get, user="looper"))
        return _promised(f"session {session.name}", lambda: verify(session, bundle))

    def _end(self) -> None:
        if self.machine is not None:
            self.machine.close()
            self.machine = None
            self.guest.hang_up()


def played(journal: Path) -> list[str]:
    """The pianist's notes in the journal of a session, in order and in hex; whole lines only."""
    found = [_note(line) for line in _lines(journal)]
    return [midi for midi in found if midi]


def _lines(journal: Path) -> list[str]:
    return journal.read_text(errors="replace").splitlines() if journal.is_file() else []


def _note(line: str) -> str:
    """What the pianist played, if a line says that."""
    try:
        said = json.loads(line)
    except ValueError:  # the last line may be torn
        return ""
    if not isinstance(said, dict) or said.get("who") != "player":
        return ""
    midi = str(said.get("midi", ""))
    return midi if midi[:1] in ("8", "9") else ""


def _promised(what: str, look: Callable[[], T]) -> T:
    """What a look at the card gives. A command that reaches the card and fails is a broken
    promise; one that does not get so far is not."""
    try:
        return look()
    except CommandFailed as error:
        if not 0 < error.code < LOST:
            raise
        raise BrokenPromise(f"{what}: {error}") from error


def _runs(machine: Machine | None) -> bool:
    """Whether the machine works, whatever its guest does: QEMU did not complain, and the disk's
    server is there."""
    if machine is None or machine.process.poll():
        return False
    return all(helper.poll() is None for helper in machine.helpers)


def _sessions(guest: Guest) -> frozenset[str]:
    return frozenset(guest.sh(f"ls -1 {SESSIONS}").split())


def _ladder(guest: Guest, given: Given, presses: list[float]) -> None:
    """Notes that can be told apart, told one by one as they leave. The first comes after the first
    press, so that the session begins with it."""
    await_ports(guest)
    given.sessions = _sessions(guest)
    process = guest.start(f"{TOOLS}/pianist")
    plan = piano.score(piano.ladder(0.8, 60.0), piano.taps(*presses), 61.0, tell=True)
    given.plan = [midi for _, midi in plan["notes"]]
    assert process.stdin is not None
    process.stdin.write(json.dumps(plan).encode())
    process.stdin.close()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            if "sent" in said:
                given.sent.append((time.monotonic(), said["sent"]))
        process.wait()

    threading.Thread(target=listen, daemon=True).start()


def _has_loops(session: Path) -> bool:
    made = session / PROVENANCE
    return made.is_file() and made.stat().st_size > 0


def _listed(names: Collection[str], between: str = ", ") -> str:
    return between.join(sorted(names))
