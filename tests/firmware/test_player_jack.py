"""The real process on real ports, heard by a second MIDI client."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import rtmidi
from support.jack import Ear, Hands

from firmware.dispatch import Message, Outcome, Report
from firmware.errors import PortNotFound
from firmware.player import PlayerProcess

MS = 1_000_000
PATIENT = 60_000 * MS
CHORD = (48, 55, 64, 72)


def collect(player: PlayerProcess, count: int, wait) -> list[Report]:
    found: list[Report] = []
    wait(lambda: found.extend(player.reports()) or len(found) >= count, f"{count} reports")
    return found


def chord(first_seq: int = 1) -> list[Message]:
    now = time.monotonic_ns()
    return [
        Message(now, first_seq + n, first_seq + n, bytes((0x90, key, 64)))
        for n, key in enumerate(CHORD)
    ]


def test_every_message_arrives_in_order(jack, ear: Ear) -> None:
    def check() -> None:
        ear.listen()
        ear.heard.clear()
        with PlayerProcess(ear.name, None, stale_ns=PATIENT) as player:
            start = time.monotonic_ns() + 50 * MS
            music = [
                Message(start + n * MS, n, n // 2 + 1, bytes((0x80 if n % 2 else 0x90, 60, 64)))
                for n in range(300)
            ]
            player.schedule(reversed(music))
            reports = collect(player, 300, jack.wait)
            assert [report.seq for report in reports] == list(range(300))
            assert {report.outcome for report in reports} == {Outcome.SENT}
            assert all(report.at >= report.due for report in reports)
            jack.wait(lambda: len(ear.listen()) >= 300, "everything to arrive")
            assert ear.heard == [message.data for message in music]

    jack.attempt(check)


def test_the_threads_of_the_driver_may_run_anywhere(jack, ear: Ear) -> None:
    with PlayerProcess(ear.name, None) as player:
        threads = [int(path.name) for path in Path(f"/proc/{player.pid}/task").iterdir()]
        others = [os.sched_getaffinity(thread) for thread in threads if thread != player.pid]
    assert others
    assert all(cores == os.sched_getaffinity(0) for cores in others)


def test_without_realtime_priority_every_message_arrives_in_order(jack, ear: Ear, capfd) -> None:
    def check() -> None:
        ear.forget()
        # A priority beyond the scheduler's range is refused even to root.
        with PlayerProcess(ear.name, None, priority=1000, stale_ns=PATIENT) as player:
            assert player.realtime is False
            now = time.monotonic_ns()
            music = [Message(now + n, n, n, bytes((0x90, n, 64))) for n in range(100)]
            player.schedule(music)
            jack.wait(lambda: len(ear.listen()) >= 100, "everything to arrive")
            assert ear.heard[:100] == [message.data for message in music]
        lines = capfd.readouterr().err.splitlines()
        assert len([line for line in lines if "no realtime scheduling" in line]) == 1

    jack.attempt(check)


def test_a_virtual_port_can_be_connected_to(jack, unique, wait) -> None:
    name = unique("line")
    with PlayerProcess(f"virtual:{name}", None, stale_ns=PATIENT) as player:
        assert player.ports()["output"]
        ear = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="Ear")
        names = ear.get_ports()
        ear.open_port(next(n for n, found in enumerate(names) if name in found))

        def heard() -> bool:
            player.schedule([Message(time.monotonic_ns(), 1, 0, bytes((0xB0, 1, 7)))])
            event = ear.get_message()
            return bool(event) and event[0] == [0xB0, 1, 7]

        wait(heard, "the controller")
        ear.close_port()
        ear.delete()


def test_what_comes_in_is_timed_and_in_order(jack, hands: Hands) -> None:
    sysex = (0xF0, 0x43, *range(50), 0xF7)
    played = [(0x90, 60, 64), (0xFE,), (0xF8,), (0xB0, 64, 127), sysex, (0xFE,), (0x80, 60, 0)]

    def check() -> None:
        with PlayerProcess(None, hands.name) as player:
            before = time.monotonic_ns()
            for data in played:
                hands.play(*data)
            found: list[tuple[int, bytes]] = []
            jack.wait(lambda: found.extend(player.incoming()) or len(found) >= len(played), "input")
            after = time.monotonic_ns()
            assert [data for _, data in found] == [bytes(data) for data in played]
            times = [ns for ns, _ in found]
            assert times == sorted(times)
            assert before <= times[0] and times[-1] <= after  # noqa: PT018

    jack.attempt(check)


def test_the_loop_yields_the_keys_under_the_hands(jack, ear: Ear, hands: Hands) -> None:
    def check() -> None:
        with PlayerProcess(ear.name, hands.name, stale_ns=PATIENT) as player:
            hands.play(0x90, 55, 64)
            jack.wait(player.incoming, "the pressed key")
            # The message was seen here before the realtime loop took note of it.
            due = time.monotonic_ns() + 100 * MS
            player.schedule(message._replace(due=due) for message in chord())
            reports = collect(player, 4, jack.wait)
            yielded = [report.seq for report in reports if report.outcome is Outcome.YIELDED]
            assert yielded == [1 + CHORD.index(55)]
            jack.wait(lambda: ear.sounding() == set(CHORD) - {55}, "the rest of the chord")
            hands.play(0x80, 55, 0)
            jack.wait(player.incoming, "the key to rise")

    jack.attempt(check)


def test_closing_releases_everything(jack, ear: Ear) -> None:
    def check() -> None:
        with PlayerProcess(ear.name, None, stale_ns=PATIENT) as player:
            player.schedule(chord())
            jack.wait(lambda: ear.sounding() == set(CHORD), "the chord")
        jack.wait(lambda: not ear.sounding(), "silence")
        jack.wait(lambda: bytes((0xB0, 64, 0)) in ear.listen(), "the pedal up")

    jack.attempt(check)


PARENT = """
import sys, time
from firmware.dispatch import Message
from firmware.player import PlayerProcess
player = PlayerProcess(sys.argv[1], None, stale_ns=60_000_000_000)
now = time.monotonic_ns()
player.schedule(Message(now, n, n, bytes((0x90, int(key), 64)))
                for n, key in enumerate(sys.argv[2:], 1))
print("playing", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_parent_dies_every_key_is_released(jack, ear: Ear, number) -> None:
    command = [sys.executable, "-c", PARENT, ear.name, *map(str, CHORD)]

    def check() -> None:
        with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
            assert parent.stdout is not None
            assert parent.stdout.readline() == b"playing\n"
            jack.wait(lambda: ear.sounding() == set(CHORD), "the chord")
            parent.send_signal(number)
            jack.wait(lambda: not ear.sounding(), "silence")

    jack.attempt(check)


TO_ALL = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGABRT)


@pytest.mark.parametrize("number", TO_ALL)
def test_a_signal_to_all_leaves_the_player_playing(jack, ear: Ear, number) -> None:
    """The parent decides when the music ends, also where systemd tells every process."""

    def check() -> None:
        ear.forget()
        with PlayerProcess(ear.name, None, stale_ns=PATIENT) as player:
            assert player.pid is not None
            os.kill(player.pid, number)
            player.schedule(chord())
            jack.wait(lambda: ear.sounding() == set(CHORD), "the chord")
            assert player.alive
        jack.wait(lambda: not ear.sounding(), "silence")

    jack.attempt(check)


def test_a_box_that_starts_lets_go_what_the_power_left_down(jack, ear: Ear) -> None:
    def check() -> None:
        ear.forget()
        with PlayerProcess(ear.name, None, wait_for_ports=True):
            silence = [bytes((0xB0, control, 0)) for control in (64, 66, 67, 120, 123)]
            jack.wait(lambda: ear.listen()[: len(silence)] == silence, "silence")

    jack.attempt(check)


def test_a_new_child_releases_what_a_dead_one_left(jack, ear: Ear, record_property) -> None:
    def check() -> None:
        ear.forget()
        with PlayerProcess(ear.name, None, stale_ns=PATIENT) as player:
            player.schedule(chord())
            jack.wait(lambda: ear.sounding() == set(CHORD), "the chord")
            assert player.pid is not None
            os.kill(player.pid, signal.SIGKILL)
            jack.wait(lambda: not player.alive, "death")
            assert ear.sounding() == set(CHORD)
            struck = len(ear.heard)
            began = time.monotonic_ns()
            player.restart()
            jack.wait(lambda: not ear.sounding(), "silence")
            record_property("milliseconds_to_silence", (time.monotonic_ns() - began) // MS)
            released = [bytes((0x80, key, 0)) for key in CHORD]
            assert ear.heard[struck : struck + len(CHORD)] == released
            player.schedule(chord(11))
            jack.wait(lambda: ear.sounding() == set(CHORD), "the chord again")

    jack.attempt(check)


def test_active_sensing_begins_with_the_playing(jack, ear: Ear) -> None:
    def check() -> None:
        ear.listen()
        ear.heard.clear()
        with PlayerProcess(ear.name, None, active_sensing=True, stale_ns=PATIENT) as player:
            player.schedule(chord())
            jack.wait(lambda: ear.listen().count(b"\xfe") >= 3, "three signs of life")
            assert ear.heard[: len(CHORD)] == [message.data for message in chord()]

    jack.attempt(check)


def test_a_missing_port_is_named_with_those_there_are(jack, ear: Ear) -> None:
    with pytest.raises(PortNotFound, match=f"'harpsichord'.*{ear.name}"):
        PlayerProcess("harpsichord", None)
