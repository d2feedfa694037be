"""Ports that go and come back while the real process plays, and what an instrument echoes."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from support.jack import Ear, Hands, Jack

from firmware.dispatch import Message, Outcome, Report
from firmware.fitted import FittedPlayer
from firmware.player import PlayerProcess
from firmware.profile import load_profile

MS = 1_000_000
SECOND = 1000 * MS
PATIENT = 60 * SECOND
CHORD = (48, 55, 64, 72)
LINES = {"output": True, "input": True}


def note_on(due: int, seq: int, key: int) -> Message:
    return Message(due, seq, seq, bytes((0x90, key, 64)))


def note_off(due: int, seq: int, note: int, key: int) -> Message:
    return Message(due, seq, note, bytes((0x80, key, 0)))


def collected(player: PlayerProcess, seqs: set[int], jack: Jack) -> dict[int, Report]:
    """Reports of these messages, once all are there; each comes once."""
    found: dict[int, Report] = {}

    def complete() -> bool:
        for report in player.reports():
            assert report.seq not in found
            found[report.seq] = report
        return found.keys() >= seqs

    jack.wait(complete, f"reports of {seqs}")
    return found


class Plug:
    """A piano that can be unplugged: ports of one name that go and come back."""

    def __init__(self, unique: Callable[[str], str]) -> None:
        self.name = unique("plug")
        self.ear: Ear | None = None
        self.hands: Hands | None = None

    def plug_ear(self) -> Ear:
        self.ear = Ear(self.name)
        return self.ear

    def plug_hands(self) -> Hands:
        self.hands = Hands(self.name)
        return self.hands

    def pull(self) -> None:
        for port in (self.ear, self.hands):
            if port is not None:
                port.close()
        self.ear = self.hands = None


@pytest.fixture
def plug(jack: Jack, unique: Callable[[str], str]) -> Iterator[Plug]:
    made = Plug(unique)
    yield made
    made.pull()


def test_an_output_that_comes_back_is_released_and_played_again(jack: Jack, plug: Plug) -> None:
    def check() -> None:
        plug.pull()
        ear = plug.plug_ear()
        with PlayerProcess(plug.name, None, stale_ns=PATIENT) as player:
            play_across_a_gap(player, plug, ear, jack)

    jack.attempt(check)


def play_across_a_gap(player: PlayerProcess, plug: Plug, ear: Ear, jack: Jack) -> None:
    start = time.monotonic_ns()
    player.schedule(note_on(start, n, key) for n, key in enumerate(CHORD, 1))
    # One key goes up just before the gap, where nobody can say whether that was heard.
    player.schedule([note_off(start + MS, 11, 1, CHORD[0])])
    assert {r.outcome for r in collected(player, {1, 2, 3, 4, 11}, jack).values()} == {Outcome.SENT}
    jack.wait(lambda: ear.sounding() == set(CHORD[1:]), "the chord")
    plug.pull()
    jack.wait(lambda: not player.ports()["output"], "the loss to be noticed")

    now = time.monotonic_ns()
    # Of other keys than the chord's: to strike one of those again would release it.
    missed = [note_on(now + n * MS, 100 + n, 74 + n) for n in range(50)]
    missed += [note_off(now + (n + 9) * MS, 200 + n, 100 + n, 74 + n) for n in range(50)]
    missed += [note_off(now + 5 * MS, 12, 2, CHORD[1])]
    player.schedule(missed)
    reports = collected(player, {message.seq for message in missed}, jack)
    assert reports[12].outcome is Outcome.FAILED
    assert {reports[100 + n].outcome for n in range(50)} == {Outcome.FAILED}
    assert {reports[200 + n].outcome for n in range(50)} == {Outcome.SUPPRESSED}

    # A key that sounded, and is to go up only later, and music that goes on beyond the gap.
    later = time.monotonic_ns() + 4 * SECOND
    player.schedule([note_off(later, 13, 3, CHORD[2])])
    player.schedule([note_on(later, 301, 80), note_off(later + MS, 302, 301, 80)])
    back = plug.plug_ear()
    jack.wait(lambda: player.ports()["output"], "the port to be found")
    reports = collected(player, {13, 301, 302}, jack)
    assert reports[13].outcome is Outcome.SUPPRESSED
    assert [reports[seq].outcome for seq in (301, 302)] == [Outcome.SENT] * 2
    jack.wait(lambda: bytes((0x80, 80, 0)) in back.listen(), "the later note")
    released = [data[1] for data in back.heard[: len(CHORD)]]
    assert released == list(CHORD), back.heard
    silence = [bytes((0xB0, control, 0)) for control in (64, 66, 67, 120, 123)]
    music = [bytes((0x90, 80, 64)), bytes((0x80, 80, 0))]
    assert back.heard[len(CHORD) :] == silence + music


def test_an_input_that_goes_lets_go_what_it_held(jack: Jack, plug: Plug) -> None:
    def check() -> None:
        plug.pull()
        hands = plug.plug_hands()
        with PlayerProcess(None, plug.name, stale_ns=PATIENT) as player:
            heard: list[bytes] = []

            def hears(data: tuple[int, ...]) -> None:
                def came() -> bool:
                    heard.extend(data for _, data in player.incoming())
                    return bytes(data) in heard

                jack.wait(came, f"{data}")

            hands.play(0x90, 60, 64)
            hands.play(0xB0, 64, 127)
            hears((0xB0, 64, 127))
            plug.pull()
            jack.wait(lambda: not player.ports()["input"], "the loss to be noticed")
            hears((0xB0, 64, 0))
            assert heard[2:] == [bytes((0x80, 60, 0)), bytes((0xB0, 64, 0))]

            hands = plug.plug_hands()
            jack.wait(lambda: player.ports()["input"], "the port to be found")
            player.schedule([note_on(time.monotonic_ns(), 1, 60)])
            assert collected(player, {1}, jack)[1].outcome is Outcome.SENT
            hands.play(0x90, 62, 64)
            hears((0x90, 62, 64))
            assert len(heard) == 5

    jack.attempt(check)


def test_it_starts_without_its_ports_where_that_is_allowed(jack: Jack, plug: Plug) -> None:
    def check() -> None:
        plug.pull()
        with PlayerProcess(
            plug.name, plug.name, wait_for_ports=True, active_sensing=True, stale_ns=PATIENT
        ) as player:
            assert player.ports() == {"output": False, "input": False}
            player.schedule([note_on(time.monotonic_ns(), 1, 60)])
            assert collected(player, {1}, jack)[1].outcome is Outcome.FAILED
            ear, hands = plug.plug_ear(), plug.plug_hands()
            jack.wait(lambda: player.ports() == LINES, "the ports to be found")
            player.schedule([note_on(time.monotonic_ns(), 2, 62)])
            assert collected(player, {2}, jack)[2].outcome is Outcome.SENT
            jack.wait(lambda: ear.sounding() == {62}, "the note")
            assert bytes((0x90, 60, 64)) not in ear.heard
            hands.play(0x90, 64, 64)
            jack.wait(player.incoming, "what is played")
        assert player.ports() == {"output": False, "input": False}

    jack.attempt(check)


def test_a_player_that_dies_while_its_port_is_away_releases_on_the_way_back(
    jack: Jack, plug: Plug
) -> None:
    def check() -> None:
        plug.pull()
        ear = plug.plug_ear()
        with PlayerProcess(plug.name, None, stale_ns=PATIENT) as player:
            now = time.monotonic_ns()
            player.schedule(note_on(now, n, key) for n, key in enumerate(CHORD, 1))
            jack.wait(lambda: ear.sounding() == set(CHORD), "the chord")
            plug.pull()
            assert player.pid is not None
            os.kill(player.pid, signal.SIGKILL)
            jack.wait(lambda: not player.alive, "death")
            assert player.ports() == {"output": False, "input": True}
            player.restart()
            jack.wait(lambda: not player.ports()["output"], "the loss to be noticed")
            back = plug.plug_ear()
            jack.wait(lambda: player.ports()["output"], "the port to be found")
            released = [bytes((0x80, key, 0)) for key in CHORD]
            jack.wait(lambda: len(back.listen()) >= len(CHORD), "the releases")
            assert back.heard[: len(CHORD)] == released

    jack.attempt(check)


def test_without_ports_nothing_is_missing() -> None:
    with PlayerProcess(None, None) as player:
        assert player.ports() == LINES
    assert player.ports() == LINES


def test_an_echo_is_neither_playing_nor_a_hand_on_the_key(
    jack: Jack, ear: Ear, hands: Hands
) -> None:
    def check() -> None:
        ear.forget()
        with PlayerProcess(
            ear.name, hands.name, echo_window_ns=PATIENT, stale_ns=PATIENT
        ) as player:
            now = time.monotonic_ns()
            player.schedule(note_on(now, n, key) for n, key in enumerate(CHORD, 1))
            collected(player, {1, 2, 3, 4}, jack)
            for key in CHORD:
                hands.play(0x90, key, 60)
            hands.play(0x90, 50, 61)
            found: list[tuple[int, bytes]] = []
            jack.wait(lambda: found.extend(player.incoming()) or found, "what was played")
            assert [data for _, data in found] == [bytes((0x90, 50, 61))]
            jack.wait(lambda: player.counters()["echoed"] == len(CHORD), "the count")

            # The loop still owns its keys: it releases them, and strikes one of them again.
            offs = [note_off(time.monotonic_ns(), 10 + n, n, key) for n, key in enumerate(CHORD, 1)]
            player.schedule(offs)
            player.schedule([note_on(time.monotonic_ns(), 20, 48)])
            player.schedule([note_on(time.monotonic_ns(), 21, 50)])
            reports = collected(player, {11, 12, 13, 14, 20, 21}, jack)
            assert reports.pop(21).outcome is Outcome.YIELDED
            assert {report.outcome for report in reports.values()} == {Outcome.SENT}
            # The releases come back too; the second strike of a key by hand is no echo.
            for key in CHORD:
                hands.play(0x80, key, 0)
            hands.play(0x90, 48, 60)
            hands.play(0x90, 48, 62)
            found.clear()
            jack.wait(lambda: found.extend(player.incoming()) or found, "the strike by hand")
            assert [data for _, data in found] == [bytes((0x90, 48, 62))]

    jack.attempt(check)


def test_a_pedal_that_was_let_up_on_the_way_back_goes_down_again(jack: Jack, plug: Plug) -> None:
    pedal = bytes((0xB0, 64, 127))

    def check() -> None:
        plug.pull()
        ear = plug.plug_ear()
        with PlayerProcess(plug.name, None, stale_ns=PATIENT) as engine:
            player = FittedPlayer(engine, load_profile("keyboard"), time.monotonic_ns, PATIENT)
            player.schedule([Message(time.monotonic_ns(), 1, 0, pedal)])
            jack.wait(lambda: pedal in ear.listen(), "the pedal")
            plug.pull()
            jack.wait(lambda: not engine.ports()["output"], "the loss to be noticed")
            back = plug.plug_ear()
            jack.wait(lambda: engine.ports()["output"], "the port to be found")
            assert engine.counters()["returned"] == 1
            player.schedule([Message(time.monotonic_ns(), 2, 0, pedal)])
            jack.wait(lambda: pedal in back.listen(), "the pedal again")

    jack.attempt(check)


def test_a_key_that_is_let_go_while_the_player_is_dead_is_let_go(
    jack: Jack, ear: Ear, hands: Hands
) -> None:
    def check() -> None:
        with PlayerProcess(ear.name, hands.name, stale_ns=PATIENT) as player:
            player.hold(40, True)  # as told by another: that one stays true
            hands.play(0x90, 60, 64)
            hands.play(0xB0, 64, 127)
            heard: list[bytes] = []

            def came(count: int) -> bool:
                heard.extend(data for _, data in player.incoming())
                return len(heard) >= count

            jack.wait(lambda: came(2), "what is played")
            assert player.pid is not None
            os.kill(player.pid, signal.SIGKILL)
            jack.wait(lambda: not player.alive, "death")
            hands.play(0x80, 60, 0)
            hands.play(0xB0, 64, 0)
            player.restart()
            assert came(4)
            assert heard[2:] == [bytes((0x80, 60, 0)), bytes((0xB0, 64, 0))]
            player.schedule([note_on(time.monotonic_ns(), 1, 60)])
            player.schedule([note_on(time.monotonic_ns(), 2, 40)])
            reports = collected(player, {1, 2}, jack)
            assert reports[1].outcome is Outcome.SENT
            assert reports[2].outcome is Outcome.YIELDED
            hands.play(0x90, 62, 64)
            jack.wait(lambda: came(5), "the input of the new child")
            assert heard[4:] == [bytes((0x90, 62, 64))]

    jack.attempt(check)
