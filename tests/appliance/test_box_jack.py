"""The box on real MIDI ports: hands play in, an ear listens, a real player process between."""

import json
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from support.jack import Ear, Hands, Jack
from support.music import phrase

from appliance.box import Box, Hardware
from appliance.jobs import ProcessJobs
from appliance.pianist import Pianist
from appliance.policies import Groove
from appliance.session import Session, Settings
from appliance.verify import verify_session
from corpus.keeping.bundle import Bundle
from firmware.clock import MonotonicClock
from firmware.display import NoDisplay
from firmware.fitted import FittedPlayer
from firmware.player import PlayerProcess
from firmware.profile import load_profile
from firmware.switch import ScriptedSwitch
from models.notes import Phrase


class Cable:
    """Sends what a pianist plays over a real port, when it is due."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._coming: deque[tuple[int, bytes]] = deque()

    def play(self, messages: Iterable[tuple[int, bytes]]) -> None:
        self._coming = deque(sorted([*self._coming, *messages]))

    @property
    def next_time(self) -> int | None:
        return self._coming[0][0] if self._coming else None

    def act(self, now: int) -> None:
        while self._coming and self._coming[0][0] <= now:
            self._hands.play(*self._coming.popleft()[1])


def wired(engine: PlayerProcess) -> Hardware:
    clock, profile = MonotonicClock(), load_profile("keyboard")
    player = FittedPlayer(engine, profile, clock.now)
    return Hardware(clock, engine, player, ScriptedSwitch(), NoDisplay(), ProcessJobs(), profile)


def performer(
    box: Box, cable: Cable, seed: Phrase, solo: Phrase, loops: int = 99, ends: bool = False
) -> Pianist:
    """Taps, plays the seed, and plays the solo from then on; at the end asks for it or goes on."""
    return Pianist(
        seed=seed,
        solo=solo,
        loops=loops,
        start=time.monotonic_ns(),
        tap=box.tap,
        play=cable.play,
        end=(lambda: box.command("end")) if ends else (lambda: None),
    )


def turn_until(
    done: Callable[[], object],
    box: Box,
    pianist: Pianist,
    cable: Cable,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Turn the box beside its pianist until it is done; gives up rather than hangs."""
    deadline = time.monotonic() + 120
    while not done():
        assert time.monotonic() < deadline, box.view
        times = [t for t in (pianist.next_time, cable.next_time) if t is not None]
        box.wait(min(times, default=None))
        now = time.monotonic_ns()
        cable.act(now)
        playing = box.session.playing
        pianist.act(now, playing.situation if playing else None)
        meanwhile()
        box.turn()


def perform(
    box: Box, pianist: Pianist, cable: Cable, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Until the pianist is done."""
    turn_until(lambda: pianist.is_done(box.session.state), box, pianist, cable, meanwhile)


def heard_by_the_journal(folder: Path) -> list[bytes]:
    lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return [
        bytes.fromhex(line["midi"])
        for line in lines
        if line.get("who") == "system" and "omitted" not in line
    ]


def test_every_message_of_a_session_arrives_in_order(
    jack: Jack,
    ear: Ear,
    hands: Hands,
    bundle: Bundle,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    seed, solo = phrase(36, bpm=180), phrase(72, bpm=180, beats=16)

    def check() -> None:
        ear.forget()
        folder = tmp_path / f"take{time.monotonic_ns()}"
        player = PlayerProcess(ear.name, hands.name)
        session = Session(Settings(rng=3), bundle, Groove())
        box = Box(session, bundle, wired(player), lambda: folder)
        cable = Cable(hands)
        pianist = performer(box, cable, seed, solo, loops=6, ends=True)
        try:
            perform(box, pianist, cable)
            jack.wait(lambda: len(ear.listen()) >= len(expected(box)), "the last message")
            arrived = list(ear.heard)
        finally:
            box.close()
        assert arrived == heard_by_the_journal(folder)
        summary = json.loads((folder / "session.json").read_text())
        record_property("lateness_us", summary["lateness_us"])
        assert summary["loops"] == 6
        assert summary["stuck_notes"] == 0
        assert summary["lateness_us"]["count"] > 100
        assert summary["seed"]["notes"] == len(seed.notes)
        assert not any("stale" in line for line in (folder / "events.jsonl").open())
        proof = verify_session(folder, bundle)
        assert proof.loops == 6

    def expected(box: Box) -> list[bytes]:
        assert box.folder is not None
        box.turn()
        return heard_by_the_journal(box.folder)

    jack.attempt(check)


@pytest.mark.parametrize("gesture", ["stop", "close"])
def test_stopping_lets_go_of_every_key(
    jack: Jack, ear: Ear, hands: Hands, bundle: Bundle, tmp_path: Path, gesture: str
) -> None:
    def check() -> None:
        ear.forget()
        hardware = wired(PlayerProcess(ear.name, hands.name))
        folder = tmp_path / f"{time.monotonic_ns()}"
        box = Box(Session(Settings(), bundle, Groove()), bundle, hardware, lambda: folder)
        cable = Cable(hands)
        pianist = performer(box, cable, phrase(36, bpm=200), phrase(72, bpm=200))
        turn_until(ear.sounding, box, pianist, cable)
        if gesture == "stop":
            box.command("stop")
            box.turn()
            jack.wait(lambda: not ear.sounding(), "silence")
        box.close()
        jack.wait(lambda: not ear.sounding(), "silence")

    jack.attempt(check)


def test_a_piano_that_is_unplugged_is_shown_and_the_groove_goes_on(
    jack: Jack, hands: Hands, bundle: Bundle, tmp_path: Path, unique: Callable[[str], str]
) -> None:
    name = unique("piano")
    piano = Ear(name)
    engine = PlayerProcess(name, hands.name)
    box = Box(
        Session(Settings(), bundle, Groove()), bundle, wired(engine), lambda: tmp_path / "take"
    )
    cable = Cable(hands)
    pianist = performer(box, cable, phrase(36, bpm=200), phrase(72, bpm=200))

    def until(condition: Callable[[], object]) -> None:
        turn_until(condition, box, pianist, cable)

    try:
        until(lambda: box.view.state == "groove" and piano.sounding())
        piano.close()
        until(lambda: box.view.warning == "PIANO OFF")
        loop = box.view.loop
        until(lambda: box.view.loop > loop)
        piano = Ear(name)
        until(lambda: box.view.warning == "" and piano.sounding())
    finally:
        box.close()
    jack.wait(lambda: not piano.sounding(), "silence")
    piano.close()
    summary = json.loads((tmp_path / "take" / "session.json").read_text())
    assert summary["stuck_notes"] == 0


def test_when_the_player_is_killed_the_loop_goes_on_in_its_place(
    jack: Jack,
    ear: Ear,
    hands: Hands,
    bundle: Bundle,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    seed = phrase(36, bpm=180)

    def check() -> None:
        ear.forget()
        folder = tmp_path / f"take{time.monotonic_ns()}"
        engine = PlayerProcess(ear.name, hands.name)
        session = Session(Settings(rng=3), bundle, Groove())
        box = Box(session, bundle, wired(engine), lambda: folder)
        cable = Cable(hands)
        killed: list[int] = []
        times: dict[str, float] = {}

        def kill_once() -> None:
            """In the middle of the third loop."""
            if killed and "back" not in times and engine.counters()["restarts"] and engine.alive:
                times["back"] = time.monotonic()
            if not killed and box.view.loop == 2 and box.view.beat == 4 and engine.pid:
                killed.append(engine.pid)
                times["killed"] = time.monotonic()
                os.kill(engine.pid, signal.SIGKILL)

        pianist = performer(box, cable, seed, seed, loops=6, ends=True)
        try:
            perform(box, pianist, cable, meanwhile=kill_once)
            jack.wait(lambda: not ear.sounding(), "silence")
        finally:
            box.close()
        assert killed
        record_property("player_back_after_s", round(times["back"] - times["killed"], 3))
        assert engine.counters()["restarts"] == 1
        lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        assert any(line.get("why") == "player restarted" for line in lines)
        struck = [line["beat"] for line in lines if line.get("midi", "")[:2] == "90"
                  and line["who"] == "system" and "omitted" not in line]  # fmt: skip
        summary = json.loads((folder / "session.json").read_text())
        assert summary["loops"] == 6
        assert summary["stuck_notes"] == 0
        last = json.loads((folder / "provenance.jsonl").read_text().splitlines()[-1])
        assert max(struck) > last["start_beat"] + 4, "it plays to the end"
        verify_session(folder, bundle)

    jack.attempt(check)
