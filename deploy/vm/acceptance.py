"""The acceptance test, step by step; each is a function of the running box that returns what it
found, or raises VirtualBoxError."""

import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from appliance.events import View
from deploy.vm import piano, screen
from deploy.vm.guest import TOOLS, UPLOADER, Guest, parsed, wait
from deploy.vm.machine import Machine
from deploy.vm.piano import Note, Performance
from deploy.vm.places import REPOSITORY, VirtualBoxError, run
from firmware.doctor import PRIORITY

T = TypeVar("T")

UNIT = "smartlooper.service"
SECURITY_LIMIT = 25  # tenths: systemd-analyze security at 2.5 or better
LOOP_S = 8.0
GROOVE_LOOPS = 6
LONG_HOLD_S = 3.4
SESSIONS = "/var/lib/smartlooper/sessions"
UPLOAD = "fresh"
_STATE_LIMIT_S = 60.0
IMPORT_LIMIT_S = 600.0
# Of a note under emulation; on hardware it is the player's lateness that counts, and for the
# downbeat what tests/bench/first_tap.py measures.
_LOOSE_S, _DOWNBEAT_S = 0.1, 0.5
_KILL_AFTER_S, _KILL_HEARD_S = 6.0, 24.0
_LOOK_S = 10.0  # a question to the box may take seconds while it plays
_ON_TIME_US = 1000
_UPGRADE = "apt-daily-upgrade.service"
_KEPT_BACK = "Skipped due to 'exec-condition'"
_LET_IN = re.compile(r"^start(-pre)?$|Deactivated successfully|Failed with result", re.MULTILINE)

# What the doctor finds here: a small data partition, and a piano that sends nothing by itself.
_WARNED = ("disk", "piano alive")
_MISSING, _WITHOUT = ("piano out", "piano in"), ("box",)  # faults and warnings before it is plugged


@dataclass(frozen=True)
class Bench:
    """The running box, and a folder for what is fetched from it."""

    guest: Guest
    machine: Machine
    folder: Path


Step = Callable[[Bench], dict[str, Any]]


def health(bench: Bench) -> dict[str, Any]:
    """Ready by itself, nothing failed, the doctor finds no fault, nothing listens but SSH and
    mDNS."""
    guest = bench.guest
    ready = guest.await_ready(180)
    failed = guest.sh("systemctl --failed --no-legend --plain").split()
    _want(not failed, f"units that failed: {' '.join(failed)}")
    found = _doctor(guest, plugged=False)
    open_ports = guest.root("ss -Hlntu | awk '{print $1, $5}'").split("\n")
    told = parsed(guest.sh("smartlooper status --json"))["state"]
    _want(told == "idle", f"smartlooper status: {told}")
    odd = [line for line in open_ports if line and not _is_expected(line)]
    _want(not odd, f"open ports: {odd}")
    name = guest.sh("avahi-resolve -4 -n looper.local || true").strip()
    _want("looper.local" in name, "looper.local is not told by mDNS")
    return {"ready_s": round(ready, 1), "doctor": found}


def security(bench: Bench) -> dict[str, Any]:
    """The hardening is what it was promised to be, and uploads can do nothing else."""
    guest = bench.guest
    check = f"systemd-analyze security --no-pager --threshold={SECURITY_LIMIT} {UNIT} | tail -1"
    said = guest.root(check, 180)
    score = float(re.search(r"(\d+\.\d+)", said).group(1))  # type: ignore[union-attr]
    _want(score * 10 <= SECURITY_LIMIT, f"systemd-analyze security: {said.strip()}")
    pid = _main_pid(guest)
    capabilities = guest.root(f"grep -E 'Cap(Prm|Eff|Bnd|Amb)' /proc/{pid}/status").split()[1::2]
    _want(set(capabilities) == {"0" * 16}, f"capabilities: {capabilities}")
    _want(guest.refused(UPLOADER, "id"), "the upload user has a shell")
    listing = guest.sftp("ls -1 /\n").splitlines()
    seen = sorted(line.strip("/ ") for line in listing if line and not line.startswith("sftp>"))
    _want(seen == ["inbox"], f"the upload user sees {seen}")
    for bad in ("get /etc/passwd", "put /etc/hostname /x", "ln -s / /inbox/link", "mkdir /y"):
        _want(_sftp_fails(guest, bad), f"the upload user may: {bad}")
    passwords = guest.root("sshd -T | grep -ci '^passwordauthentication yes' || true").strip()
    _want(passwords == "0", "passwords are allowed over SSH")
    return {"security": score}


def devices(bench: Bench) -> dict[str, Any]:
    """The switch is pressed and the screen shows it; the piano comes after boot."""
    guest = bench.guest
    _await_screen(guest)
    piano.perform(guest, [], piano.taps(0.5), 1.5)
    guest.await_state("recording")
    shown = screen.picture(guest)
    piano.perform(guest, [], piano.held(0.2, 1.4), 2.5)  # a hold discards
    guest.await_state("idle")
    _await_screen(guest)
    _want(not screen.same(shown, screen.picture(guest)), "the screen did not change")
    screen.set_fault(guest, True)
    guest.sh("sleep 3")
    screen.set_fault(guest, False)
    guest.sh("sleep 5")
    _await_screen(guest)
    piano.plug(guest)
    await_ports(guest)
    return {"doctor": _doctor(guest)}


def play(bench: Bench) -> dict[str, Any]:
    """Tap, a seed, tap: it comes back; the groove follows; the session proves itself elsewhere."""
    played, took = _play(bench.guest)
    corpus = bench.guest.status()["corpus"]
    return took | _prove(bench, corpus) | {"pianist_late_ms": played.late_ms}


def upload(bench: Bench) -> dict[str, Any]:
    """A new corpus arrives over SSH while it plays, is taken up when it is idle, and is played."""
    guest = bench.guest
    before = guest.status()["corpus"]
    files = sorted((REPOSITORY / "corpus/demo").glob("01*.mid"))
    batch = f"mkdir inbox/{UPLOAD}\n" + "".join(f"put {f} inbox/{UPLOAD}/{f.name}\n" for f in files)
    _begin_loop(guest)
    guest.sftp(batch.replace("inbox/", "/inbox/"))
    played = piano.perform(guest, [], [], 4 * LOOP_S)
    _want(len(played.strikes()) > 20, "the music stopped during an upload")
    wait(lambda: _is_listed(guest), IMPORT_LIMIT_S, "the upload did not become a corpus", every_s=3)
    _silence(guest)
    wait(lambda: _corpus(guest) == UPLOAD, 60, "the new corpus was not taken up", every_s=2)
    report = guest.sftp(f"get /inbox/{UPLOAD}/REPORT.txt {bench.folder}/REPORT.txt\n")
    _play(guest)
    return {"before": before, "after": _corpus(guest), "report": len(report) > 0} | _prove(
        bench, UPLOAD
    )


def unplugging(bench: Bench) -> dict[str, Any]:
    """The lead is pulled in mid-phrase and put back; then the service is killed, and no key of what
    it played stays down."""
    guest = bench.guest
    _begin_loop(guest)
    piano.unplug(guest)
    wait(lambda: not _ports(guest), 20, "the loss of the piano was not noticed")
    _want(guest.status()["state"] in ("warmup", "groove"), "it stopped when the lead was pulled")
    piano.plug(guest)
    await_ports(guest)
    again = piano.perform(guest, [], [], 2 * LOOP_S)
    _want(bool(again.strikes()), "no music after the lead was put back")
    heard, killed = _meanwhile(
        lambda: piano.perform(guest, [], [], _KILL_HEARD_S), _KILL_AFTER_S, lambda: _kill(guest)
    )
    _want(bool(heard.strikes()), "the kill was not heard: nothing was played before it")
    _want(not heard.strikes(_KILL_HEARD_S - 3.0), "a dead box still plays")
    _want(not heard.hanging(), f"left down by the kill: {heard.hanging()}")
    await_ports(guest)
    quiet = piano.perform(guest, [], [], 3.0)
    _want(not quiet.strikes(), "a box that was killed begins to play by itself")
    _play(guest)
    return {"back_after_kill_s": round(killed, 1)}


def updates(bench: Bench) -> dict[str, Any]:
    """Upgrades that begin by themselves do not while it plays, and may when it is idle."""
    guest = bench.guest
    _begin_loop(guest)
    before = _main_pid(guest)
    said = _upgrade(guest)
    kept_back = _KEPT_BACK in said and _LET_IN.search(said) is None
    _want(kept_back, f"an upgrade may begin while a loop plays: {said.strip()[-200:]!r}")
    again = piano.perform(guest, [], [], LOOP_S)
    _want(bool(again.strikes()), "the music stopped for an upgrade")
    _want(_main_pid(guest) == before, "the service was restarted for an upgrade")
    _silence(guest)
    is_let_in = lambda: _LET_IN.search(_upgrade(guest)) is not None  # noqa: E731
    took = wait(is_let_in, 300, "no upgrade may begin though nothing plays", every_s=5)
    return {"let_in_after_s": round(took, 1)}


def timing(bench: Bench) -> dict[str, Any]:
    """How late the player is, against what the same kernel grants to cyclictest on the same core.

    cyclictest goes before the player, so that it waits for nothing but the machine."""
    guest = bench.guest
    _begin_loop(guest)
    last_core = "$(($(nproc) - 1))"
    test = f"cyclictest -q -m -p {PRIORITY + 1} -i 1000 -D 30 -t 1 -a {last_core}"
    said = guest.root(test, 120)
    late = guest.status()["lateness_us"]
    _silence(guest)
    found = re.search(r"Avg:\s*(\d+) Max:\s*(\d+)", said)
    _want(found is not None and late is not None, f"no figures: {said.strip()[-200:]}")
    assert found is not None
    machine = {"avg": int(found[1]), "max": int(found[2])}
    _want(
        late["p99"] <= most_late(machine["max"]),
        f"the player is late by {late['p99']} us (p99), cyclictest by {machine['max']} (max)",
    )
    return {"cyclictest_us": machine, "player_us": late}


def power_off(bench: Bench) -> dict[str, Any]:
    """A long hold while it is idle switches the machine off, and all that lasts is unmounted."""
    guest = bench.guest
    _silence(guest)
    guest.start(f"{TOOLS}/pianist").communicate(
        json.dumps(piano.score([], piano.held(0.2, 3.6), 4.2)).encode(), 60
    )
    took = wait(lambda: not bench.machine.alive, 120, "the machine is still on")
    return {"off_after_s": round(took, 1)}


STEPS: dict[str, Step] = {
    "health": health,
    "security": security,
    "devices": devices,
    "play": play,
    "upload": upload,
    "unplugging": unplugging,
    "updates": updates,
    "timing": timing,
    "power off": power_off,
}
SHORT = ("health", "security", "devices", "play", "upload")
FOREIGN = ("health", "security", "devices")


# -- what the steps are made of -------------------------------------------------------------------


def _play(guest: Guest) -> tuple[Performance, dict[str, Any]]:
    """A seed of sixteen beats, what follows it, and the long hold that ends it: heard without a
    break from silence to silence, so that every key has to come up again."""
    _make_ready(guest)
    seed = piano.boogie(1.0)
    ends = 1.0 + LOOP_S
    look = ends + GROOVE_LOOPS * LOOP_S
    stop = look + _LOOK_S
    foot = [*piano.taps(1.0, ends), *piano.held(stop, LONG_HOLD_S)]
    played, state = _meanwhile(
        lambda: piano.perform(guest, seed, foot, stop + 5.0), look, lambda: _state(guest)
    )
    _want(state == "groove", f"after {GROOVE_LOOPS} loops it is {state}")
    found = _loop_error(played, seed, ends)
    _want(not played.strikes(stop + 4.0), "it plays on after a long hold")
    _want(not played.hanging(), f"left down after a long hold: {played.hanging()}")
    guest.await_state("idle")
    return played, found | {"strikes": len(played.strikes())}


def _meanwhile(
    playing: Callable[[], Performance], after_s: float, act: Callable[[], T]
) -> tuple[Performance, T]:
    """While there is playing and listening, do something else some time after it began. The guest
    needs a moment to begin, so that there it is somewhat earlier."""
    with ThreadPoolExecutor(1) as pool:
        performance = pool.submit(playing)
        time.sleep(after_s)
        found = act()
        return performance.result(), found


def _loop_error(played: Performance, seed: list[Note], ends: float) -> dict[str, float]:
    """How late the downbeat is, which the second tap has to make first, and how far the rest of the
    first pass is from the seed at worst, note by note, after the time that all of it is late by."""
    heard = [(one.at - ends, one.pitch) for one in played.strikes(ends - 0.1, ends + LOOP_S - 0.1)]
    wanted = [(note.at - seed[0].at, note.pitch) for note in seed]
    _want(
        [pitch for _, pitch in heard[: len(wanted)]] == [pitch for _, pitch in wanted],
        f"the seed did not come back: {[p for _, p in heard][:12]}",
    )
    offsets = [at - due for (at, _), (due, _) in zip(heard, wanted, strict=False)]
    middle = sorted(offsets)[len(offsets) // 2]
    downbeat, off = offsets[0] - middle, max(abs(one - middle) for one in offsets[2:])
    _want(downbeat < _DOWNBEAT_S, f"the downbeat is late by {downbeat * 1e3:.0f} ms")
    _want(off < _LOOSE_S, f"the first loop is off by {off * 1e3:.0f} ms")
    return {"downbeat_late_ms": round(downbeat * 1e3, 1), "seed_off_ms": round(off * 1e3, 1)}


def _begin_loop(guest: Guest) -> None:
    _make_ready(guest)
    ends = 1.0 + LOOP_S
    piano.perform(guest, piano.boogie(1.0), piano.taps(1.0, ends), ends + 4.0)
    _want(_state(guest) in ("warmup", "groove"), f"no loop began: it is {_state(guest)}")


def _make_ready(guest: Guest) -> None:
    """Idle, and the piano is there."""
    piano.plug(guest)
    await_ports(guest)
    guest.await_state("idle")


def _silence(guest: Guest) -> None:
    """A long hold, and then nothing sounds."""
    if _state(guest) != "idle":
        after = piano.perform(guest, [], piano.held(0.2, LONG_HOLD_S), 5.0)
        _want(not after.strikes(4.2), "it plays on after a long hold")
    guest.await_state("idle")


def _prove(bench: Bench, corpus: str) -> dict[str, Any]:
    """The newest session, fetched by sftp, verifies on this machine against the fetched corpus."""
    guest = bench.guest
    name = guest.sh(f"ls -1 {SESSIONS} | tail -1").strip()
    get = f"get -r {SESSIONS}/{name} {bench.folder}\n"
    get += f"get -r /var/lib/smartlooper/corpora/{corpus} {bench.folder}\n"
    guest.sftp(get, user="looper")
    said = verify(bench.folder / name, bench.folder / corpus)
    summary = json.loads((bench.folder / name / "session.json").read_text())
    _want(summary["stuck_notes"] == 0, "stuck notes")
    keys = ("loops", "distinct_segments", "late_over_1ms", "lateness_us", "gaps_ms_max")
    return {"verify": said} | {key: summary[key] for key in keys}


def verify(session: Path, bundle: Path) -> str:
    """`smartlooper session verify`, here."""
    command: list[str | Path] = [sys.executable, "-m", "appliance", "session", "verify", session]
    return run([*command, "--corpus", bundle], 300).strip().splitlines()[-1]


def _kill(guest: Guest) -> float:
    """The service's main process; the seconds until it is back."""
    before = _main_pid(guest)
    guest.root(f"kill -KILL {before}")

    def is_back() -> bool:
        show = f"systemctl show -p MainPID,ActiveState --value {UNIT}"
        pid, state = guest.sh(show).split()
        return pid != before and state == "active"

    return wait(is_back, 90, "the service did not come back")


def _main_pid(guest: Guest) -> str:
    return guest.sh(f"systemctl show -p MainPID --value {UNIT}").strip()


def _upgrade(guest: Guest) -> str:
    """Start it as its timer would, and what the system says of that. The journal says it: a unit
    that no timer holds is forgotten when it is over, with its result. The last line is where it
    stands now."""
    news = f"journalctl -q -o cat -u {_UPGRADE} --cursor-file=/run/vm-upgrade"
    start = f"timeout 240 systemctl start {_UPGRADE} 2>&1 || true"
    stands = f"systemctl show -p SubState --value {_UPGRADE}"
    return guest.root(f"{news} >/dev/null; {start}; journalctl --sync; {news}; {stands}", 300)


def most_late(machine_us: int) -> int:
    """What is allowed of the player, 99 times of 100: twice what the machine itself is late at
    worst, and in any case a millisecond, which nobody hears."""
    return max(2 * machine_us, _ON_TIME_US)


def _await_screen(guest: Guest) -> None:
    """Until the display's memory holds what the box says it shows."""

    def is_right() -> bool:
        view = guest.ask("watch")
        view = view | {"roll": tuple(map(tuple, view.get("roll", ())))}
        return screen.same(screen.picture(guest), screen.expected(_view(view)))

    wait(is_right, _STATE_LIMIT_S, "the screen does not show what it should", every_s=1.0)


def _view(said: dict[str, Any]) -> View:
    names = View.__dataclass_fields__
    lists = {key: tuple(value) for key, value in said.items() if isinstance(value, list)}
    return View(**{key: value for key, value in (said | lists).items() if key in names})


def _doctor(guest: Guest, plugged: bool = True) -> list[str]:
    """What it finds, run as the service's user, and that this is what it should."""
    limits = "-p LimitRTPRIO=90 -p LimitMEMLOCK=infinity -p User=smartlooper"
    groups = "-p 'SupplementaryGroups=audio gpio i2c input smartlooper-upload'"
    command = f"systemd-run -q --pipe --wait {limits} {groups} smartlooper doctor --json || true"
    findings = parsed(guest.root(command, 180))
    odd = unexpected(findings, plugged)
    _want(not odd, f"doctor: {odd}")
    return [f"{one['name']}: {one['state']}" for one in findings]


def unexpected(findings: Sequence[dict[str, Any]], plugged: bool) -> list[dict[str, Any]]:
    """What the doctor should not find, with the piano `plugged` in or not."""
    expected = {
        "fault": () if plugged else _MISSING,
        "warning": _WARNED if plugged else (*_WARNED, *_WITHOUT),
    }
    amiss = (one for one in findings if one["state"] != "ok")
    return [one for one in amiss if one["name"] not in expected[one["state"]]]


def _is_expected(line: str) -> bool:
    kind, address = line.split()
    return address.rpartition(":")[2] == ("22" if kind == "tcp" else "5353") or (
        kind == "udp" and (address.endswith(":68") or "avahi" in line or _is_high(address))
    )


def _is_high(address: str) -> bool:
    """avahi asks from a port of its own, which is no service."""
    return int(address.rpartition(":")[2]) >= 32768


def await_ports(guest: Guest) -> None:
    wait(lambda: _ports(guest), _STATE_LIMIT_S, "the piano was not found")


def _ports(guest: Guest) -> bool:
    ports = guest.status()["ports"]
    return bool(ports) and all(ports.values())


def _state(guest: Guest) -> str:
    return str(guest.status()["state"])


def _corpus(guest: Guest) -> str:
    return str(guest.status()["corpus"])


def _is_listed(guest: Guest) -> bool:
    """A look that costs nothing: under emulation the command line takes seconds to begin."""
    return UPLOAD in guest.sh("ls /var/lib/smartlooper/corpora").split()


def _sftp_fails(guest: Guest, line: str) -> bool:
    try:
        guest.sftp(f"{line}\n")
    except VirtualBoxError:
        return True
    return False


def _want(true: bool, otherwise: str) -> None:
    if not true:
        raise VirtualBoxError(otherwise)
