"""The process around the dispatcher: start, death, overflow, restart. No MIDI driver needed."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware import player as player_module
from firmware.dispatch import Message, Outcome
from firmware.errors import FirmwareError, PortNotFound
from firmware.player import PlayerProcess

MS = 1_000_000
HOUR = 3600 * 1000 * MS
PATIENT = 60_000 * MS


@pytest.fixture
def player() -> Iterator[PlayerProcess]:
    with PlayerProcess(None, None, stale_ns=PATIENT) as made:
        yield made


def note_on(seq: int, due: int | None = None, key: int = 60) -> Message:
    return Message(due or time.monotonic_ns(), seq, seq, bytes((0x90, key, 64)))


def is_gone(pid: int) -> bool:
    """The process has ended (it may wait for whoever inherited it to take note)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def test_it_wakes_a_select_for_reports_and_stays_quiet_otherwise(player: PlayerProcess) -> None:
    assert select.select([player.fileno()], [], [], 0)[0] == []
    player.schedule([note_on(1)])
    assert select.select([player.fileno()], [], [], 30)[0]
    player.incoming()
    assert select.select([player.fileno()], [], [], 30)[0], "reports still wait"
    assert len(player.reports()) == 1
    player.incoming()
    assert select.select([player.fileno()], [], [], 0)[0] == []


def test_closing_ends_the_child(player: PlayerProcess) -> None:
    pid = player.pid
    assert player.alive
    assert pid is not None
    player.close()
    assert not player.alive
    assert is_gone(pid)
    assert player.fileno() == -1
    with pytest.raises(FirmwareError, match="closed"):
        player.restart()


def test_no_descriptors_leak() -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = count()
    for _ in range(3):
        with PlayerProcess(None, None) as player:
            player.restart()
    assert count() == before


def test_a_dead_child_is_noticed_and_replaced(player: PlayerProcess, wait) -> None:
    player.schedule([note_on(1)])
    wait(player.reports, "the first note")
    assert player.pid is not None
    os.kill(player.pid, signal.SIGKILL)
    wait(lambda: not player.alive, "death")
    player.schedule([note_on(2)])
    (report,) = player.reports()
    assert (report.seq, report.outcome) == (2, Outcome.FAILED)
    player.restart()
    assert player.alive
    assert player.counters()["restarts"] == 1
    player.schedule([note_on(3)])
    found = []
    wait(lambda: found.extend(player.reports()) or found, "a note of the new child")
    assert (found[0].seq, found[0].outcome) == (3, Outcome.SENT)


def test_counters_survive_a_restart(player: PlayerProcess, wait) -> None:
    player.hold(60, True)
    player.schedule([note_on(1)])
    wait(lambda: player.counters()["yielded"] == 1, "a yield")
    player.restart()
    assert player.counters()["yielded"] == 1
    player.schedule([note_on(2)])
    wait(lambda: player.counters()["yielded"] == 2, "the key is held still")


def test_a_child_that_hangs_counts_as_dead(player: PlayerProcess, wait, monkeypatch) -> None:
    assert player.pid is not None
    os.kill(player.pid, signal.SIGSTOP)
    with monkeypatch.context() as hasty:
        hasty.setattr(player_module, "_HEARTBEAT_LIMIT_NS", 50 * MS)
        wait(lambda: not player.alive, "the heart to stop")
        player.restart()
    assert player.alive


def test_a_full_ring_is_counted_and_note_offs_are_kept(
    player: PlayerProcess, wait, monkeypatch
) -> None:
    monkeypatch.setattr(player_module, "_HEARTBEAT_LIMIT_NS", HOUR)
    assert player.pid is not None
    os.kill(player.pid, signal.SIGSTOP)
    wait(lambda: Path(f"/proc/{player.pid}/stat").read_text().split()[2] == "T", "a stop")
    later = time.monotonic_ns() + HOUR
    # Fewer than the dispatcher's queue holds, were it not stopped; more than the ring does.
    for seq in range(1, 9001):
        player.schedule([note_on(seq, later)])
    refused = player.reports()
    assert refused
    assert {report.outcome for report in refused} == {Outcome.FAILED}
    assert player.counters()["ring_overflows"] == len(refused)
    offs = [Message(later, 10_000 + n, n, bytes((0x80, 60, 0))) for n in range(1000)]
    player.schedule(offs)
    assert player.reports() == []
    player.panic()
    os.kill(player.pid, signal.SIGCONT)
    found = []
    wait(lambda: found.extend(player.reports()) or len(found) + len(refused) == 10_000, "all")
    assert len({report.seq for report in found}) == len(found)


def test_a_panic_keeps_in_mind_what_the_hands_do(player: PlayerProcess, wait, monkeypatch) -> None:
    monkeypatch.setattr(player_module, "_HEARTBEAT_LIMIT_NS", HOUR)
    player.hold(60, True)
    assert player.pid is not None
    os.kill(player.pid, signal.SIGSTOP)
    later = time.monotonic_ns() + HOUR
    player.schedule([Message(later, 1, 1, bytes((0x80, 60, 0)))])
    # The ring of 8,192 is filled by what is never reported, since a burst of as many reports may
    # not fit theirs: what the hands do now has to wait for room.
    for number in range(8300):
        player.hold(61, number % 2 == 0)
    player.hold(60, False)
    player.panic()
    os.kill(player.pid, signal.SIGCONT)
    found = []
    wait(lambda: found.extend(player.reports()) or found, "all to be forgotten")
    assert (found[0].seq, found[0].outcome) == (1, Outcome.CANCELLED)
    player.schedule([note_on(9001)])
    found.clear()
    wait(lambda: found.extend(player.reports()) or found, "the note")
    assert (found[0].seq, found[0].outcome) == (9001, Outcome.SENT)


def test_ctrl_c_in_the_terminal_leaves_the_child_to_its_parent(player: PlayerProcess, wait) -> None:
    assert player.pid is not None
    os.kill(player.pid, signal.SIGINT)
    os.kill(player.pid, signal.SIGHUP)
    player.schedule([note_on(1)])
    wait(player.reports, "a report after the signals")
    assert player.alive


PARENT = """
import sys, time
from firmware.player import PlayerProcess
player = PlayerProcess(None, None)
print(player.pid, flush=True)
time.sleep(600)
"""


def test_the_child_ends_with_its_parent(wait) -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        wait(lambda: is_gone(child), "the end of the orphan")


def test_a_child_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player_module.sys, "executable", "/bin/false")
    with pytest.raises(FirmwareError, match="ended while it started"):
        PlayerProcess(None, None)


def test_a_child_that_cannot_be_started_is_an_error_of_ours_and_leaks_nothing(
    player: PlayerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where there is no memory for another process: the box catches it, and tries again later.
    before = len(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as starved:
        starved.setattr(player_module.sys, "executable", "/nonexistent")
        with pytest.raises(FirmwareError, match="could not be started"):
            player.restart()
    assert len(os.listdir("/proc/self/fd")) <= before
    player.restart()
    assert player.alive


def test_a_child_that_takes_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 600\n")
    sleeper.chmod(0o755)
    monkeypatch.setattr(player_module.sys, "executable", str(sleeper))
    with pytest.raises(FirmwareError, match=r"0\.05 seconds"):
        PlayerProcess(None, None, start_limit_s=0.05)


@pytest.mark.usefixtures("no_midi")
@pytest.mark.parametrize(("output", "source"), [("piano", None), (None, "piano")])
def test_without_a_driver_it_says_so(output: str | None, source: str | None) -> None:
    with pytest.raises(PortNotFound, match="neither ALSA MIDI"):
        PlayerProcess(output, source)


def test_where_realtime_is_forbidden_it_says_so_and_plays(wait, capfd) -> None:
    # A priority beyond the scheduler's range is refused even to root.
    with PlayerProcess(None, None, priority=1000, stale_ns=PATIENT) as player:
        assert player.realtime is False
        player.schedule([note_on(1)])
        wait(player.reports, "a report")
    assert "no realtime scheduling" in capfd.readouterr().err


def affinities(player: PlayerProcess) -> dict[int, set[int]]:
    """The cores that each thread of the player may use."""
    threads = [int(path.name) for path in Path(f"/proc/{player.pid}/task").iterdir()]
    return {thread: os.sched_getaffinity(thread) for thread in threads}


def test_the_realtime_thread_keeps_to_the_last_core_or_to_the_one_it_is_given() -> None:
    cores = os.sched_getaffinity(0)
    for wanted, kept in ((None, max(cores)), (min(cores), min(cores))):
        with PlayerProcess(None, None, cpu=wanted) as player:
            if not player.realtime:
                pytest.skip("no realtime priority here")
            assert affinities(player)[player.pid] == {kept}


def test_where_it_may_not_have_its_core_it_says_so_and_plays(wait, capfd) -> None:
    with PlayerProcess(None, None, cpu=4095, stale_ns=PATIENT) as player:
        if not player.realtime:
            pytest.skip("no realtime priority here")
        player.schedule([note_on(1)])
        wait(player.reports, "a report")
        assert affinities(player)[player.pid] == os.sched_getaffinity(0)
    assert "not kept to one core" in capfd.readouterr().err


def test_without_realtime_priority_it_goes_where_there_is_room(capfd) -> None:
    with PlayerProcess(None, None, priority=1000) as player:
        assert affinities(player)[player.pid] == os.sched_getaffinity(0)
    assert "no realtime scheduling" in capfd.readouterr().err


AS_NOBODY = """
import json, os, pwd, resource, sys
from firmware import player_main
nobody = pwd.getpwnam("nobody")
resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
sys.exit(player_main.main(json.loads(sys.argv[1])))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_without_the_permission_plays_in_order_and_is_told_once(
    wait, capfd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The player is loaded as root, since another user may not read what it is made of.
    (tmp_path / "nobody.py").write_text(AS_NOBODY)
    starter = tmp_path / "starter"
    starter.write_text(f'#!/bin/sh\nexec {sys.executable} {tmp_path}/nobody.py "$3"\n')
    starter.chmod(0o755)
    monkeypatch.setattr(player_module.sys, "executable", str(starter))
    with PlayerProcess(None, None, stale_ns=PATIENT) as player:
        assert player.realtime is False
        status = Path(f"/proc/{player.pid}/status").read_text()
        owner = next(line.split()[1] for line in status.splitlines() if line.startswith("Uid"))
        assert owner != "0"
        now = time.monotonic_ns()
        player.schedule(note_on(seq, now + seq, seq) for seq in range(1, 128))
        found = []
        wait(lambda: found.extend(player.reports()) or len(found) >= 127, "all reports")
        assert [report.seq for report in found] == list(range(1, 128))
        assert {report.outcome for report in found} == {Outcome.SENT}
    lines = capfd.readouterr().err.splitlines()
    (told,) = (line for line in lines if "realtime" in line)
    assert "notes may be late under load" in told
    assert "LimitRTPRIO" in told
    assert all(line.startswith("smartlooper player: ") for line in lines)


def test_the_child_loads_little() -> None:
    code = (
        "import json, sys; import firmware.player_main; "
        "print(json.dumps([m for m in ('numpy', 'PIL', 'luma', 'mido') if m in sys.modules]))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(loaded.stdout) == []
