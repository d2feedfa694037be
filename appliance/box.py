"""The box: one session wired to its hardware, real or simulated."""

import select
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.events import (
    BeginTake,
    Cancel,
    Command,
    CompareSeed,
    Effect,
    EndTake,
    Event,
    KeepSeed,
    MidiIn,
    Outcome,
    Reported,
    SeedCompared,
    Send,
    Show,
    Tap,
    Tick,
    View,
    Write,
)
from appliance.jobs import InlineJobs, Jobs, ProcessJobs, compare_seed, finish_folder
from appliance.journal import Journal, Syncer
from appliance.screen import draw
from appliance.session import Session
from corpus.bundle import Bundle
from firmware.clock import Clock, MonotonicClock, SimulatedClock
from firmware.dispatch import Message
from firmware.display import Display, GifDisplay, NoDisplay
from firmware.errors import FirmwareError
from firmware.keyboard import ScriptedKeyboard
from firmware.player import Player, PlayerProcess
from firmware.simulated import SimulatedPlayer
from firmware.switch import KeyboardSwitch, NoSwitch, ScriptedSwitch, Switch

TICK_NS = 50_000_000
FRAME_NS = 100_000_000
RETRY_NS = 500_000_000
LAST_REPORTS_NS = 1_000_000_000
NOTE_ON, NOTE_OFF = 0x90, 0x80
FOLDER_JOB = "folder"
_OUTCOMES = {outcome.name: outcome for outcome in Outcome}


@dataclass
class Hardware:
    """What a box is made of. Without a `keyboard` only the player's own input is heard."""

    clock: Clock
    player: Player
    switch: Switch
    display: Display
    jobs: Jobs
    keyboard: ScriptedKeyboard | None = None

    @property
    def quit(self) -> bool:
        """Somebody at the terminal has had enough."""
        return isinstance(self.switch, KeyboardSwitch) and self.switch.quit

    @classmethod
    def simulated(cls, film: Path) -> "Hardware":
        """Nothing real, not even time; the screen is filmed to a GIF."""
        clock = SimulatedClock()
        return cls(
            clock,
            SimulatedPlayer(clock),
            ScriptedSwitch(),
            GifDisplay(film),
            InlineJobs(clock.now),
            ScriptedKeyboard(),
        )

    @classmethod
    def rehearsal(cls, film: Path) -> "Hardware":
        """Real time and a real player process, but no ports and no screen."""
        return cls(
            MonotonicClock(),
            PlayerProcess(None, None),
            _terminal_switch(),
            GifDisplay(film),
            ProcessJobs(),
            ScriptedKeyboard(),
        )

    @classmethod
    def real(cls, output: str, input: str) -> "Hardware":
        """MIDI ports by name pattern, and the space bar of the terminal as footswitch."""
        player = PlayerProcess(output, input)
        return cls(MonotonicClock(), player, _terminal_switch(), NoDisplay(), ProcessJobs())


def _terminal_switch() -> Switch:
    """The space bar, where there is a terminal."""
    return KeyboardSwitch() if sys.stdin.isatty() else NoSwitch()


class Box:
    """Turns what the hardware says into events, and effects into what the hardware does.

    One thread turns it. Slow work goes to `jobs`, and to a thread that syncs the journal to disk.
    """

    def __init__(
        self,
        session: Session,
        bundle: Bundle,
        hardware: Hardware,
        new_folder: Callable[[], Path],
        sync: bool = True,
    ) -> None:
        self.session = session
        self.view = View()
        self.folder: Path | None = None  # of the latest take
        self.faults: deque[str] = deque(maxlen=100)
        self._bundle = bundle
        self._clock = hardware.clock
        self._player = hardware.player
        self._switch = hardware.switch
        self._display = hardware.display
        self._jobs = hardware.jobs
        self._keyboard = hardware.keyboard
        self._new_folder = new_folder
        self._sync = sync
        self._asked: deque[Event] = deque()
        self._journal: Journal | None = None
        self._syncer: Syncer | None = None
        self._drawn: View | None = None
        self._next_frame = 0
        self._next_retry = 0

    def command(self, verb: str, value: float | None = None) -> None:
        """Ask for something at the next turn."""
        self._asked.append(Command(self._clock.now(), verb, value))

    def tap(self, at: int) -> None:
        """A tap that no footswitch made."""
        self._asked.append(Tap(at))

    def turn(self) -> None:
        """Take in what happened, let the session decide, carry it out, draw."""
        now = self._clock.now()
        self._keep_player_alive(now)
        for event in sorted(self._happened(now), key=lambda event: event.at):
            self._carry_out(self.session.step(event))
        self._carry_out(self.session.step(Tick(now)))
        self._draw(now)

    def wait(self, until: int | None = None) -> None:
        """Until something happens, a tick has passed, or it is `until`."""
        now = self._clock.now()
        wake = now + TICK_NS if until is None else min(now + TICK_NS, max(now, until))
        if isinstance(self._player, SimulatedPlayer):
            self._clock.wait_until(wake)
            self._player.advance(wake)
        else:
            select.select(self._handles(), [], [], (wake - now) / 1e9)

    def close(self) -> None:
        """Stop the music, finish the folder, give the hardware back."""
        self.command("stop")
        self.turn()
        deadline = self._clock.now() + LAST_REPORTS_NS
        while self.session.is_busy and self._clock.now() < deadline:
            self.wait()
            self.turn()
        self._carry_out(self.session.finish())
        self._player.close()
        self._jobs.close()
        self._switch.close()
        try:
            self._display.close()
        except FirmwareError as error:
            self.faults.append(str(error))

    # -- in ---------------------------------------------------------------------------------------

    def _happened(self, now: int) -> list[Event]:
        events: list[Event] = [MidiIn(at, data) for at, data in self._player.incoming()]
        if self._keyboard is not None:
            for at, data in self._keyboard.incoming(now):
                if data[0] & 0xF0 in (NOTE_ON, NOTE_OFF):
                    self._player.hold(data[1], data[0] & 0xF0 == NOTE_ON and data[2] > 0)
                events.append(MidiIn(at, data))
        events += [Tap(at) for at, pressed in self._switch.edges() if pressed]
        events += self._finished_jobs(now)
        events += self._reports(now)
        while self._asked:
            events.append(self._asked.popleft())
        return events

    def _reports(self, now: int) -> list[Event]:
        return [
            Reported(now, report.seq, _OUTCOMES[report.outcome.name], report.at - report.due)
            for report in self._player.reports()
        ]

    def _finished_jobs(self, now: int) -> list[Event]:
        """Comparisons bear the number of their take; a folder that was finished says nothing."""
        events: list[Event] = []
        for done in self._jobs.finished():
            if done.tag != FOLDER_JOB:
                events.append(SeedCompared(now, int(done.tag), done.result, done.fault))
            elif done.fault:
                self.faults.append(f"session folder: {done.fault}")
        return events

    # -- out --------------------------------------------------------------------------------------

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(messages):
                    self._player.schedule(Message(*message) for message in messages)
                case Cancel(after):
                    self._player.cancel(after)
                case Show(view):
                    self.view = view
                case CompareSeed(take, phrase):
                    self._jobs.submit(str(take), compare_seed, self._bundle.path, phrase)
                case _:
                    self._keep(effect)

    def _keep(self, effect: BeginTake | KeepSeed | Write | EndTake | Effect) -> None:
        """What goes to the session folder. A disk that fails is told of; the music goes on."""
        try:
            match effect:
                case BeginTake():
                    self.folder = self._new_folder()
                    self._journal = Journal(self.folder)
                    self._syncer = Syncer(self._journal) if self._sync else None
                case KeepSeed(seed, offset) if self._journal is not None:
                    self._journal.keep_seed(seed, offset)
                case Write(file, line) if self._journal is not None:
                    self._journal.write(file, line)
                case EndTake(summary):
                    self._end_take(summary)
        except OSError as error:
            self.faults.append(f"session folder: {error}")

    def _end_take(self, summary: dict[str, object] | None) -> None:
        journal, self._journal = self._journal, None
        if self._syncer is not None:
            self._syncer.close()
            self._syncer = None
        if journal is None:
            return
        if summary is None:
            journal.discard()
            self.folder = None
            return
        journal.close(summary)
        self._jobs.submit(FOLDER_JOB, finish_folder, journal.folder)

    def _draw(self, now: int) -> None:
        if self.view == self._drawn or now < self._next_frame:
            return
        self._drawn, self._next_frame = self.view, now + FRAME_NS
        try:
            self._display.show(draw(self.view), now)
        except FirmwareError as error:
            self.faults.append(str(error))

    # -- the player -------------------------------------------------------------------------------

    def _handles(self) -> list[int]:
        player = self._player.fileno() if isinstance(self._player, PlayerProcess) else None
        return [handle for handle in (player, self._switch.fileno()) if handle is not None]

    def _keep_player_alive(self, now: int) -> None:
        """A player that died is replaced; the loop goes on at its place on the grid."""
        player = self._player
        if not isinstance(player, PlayerProcess) or player.alive or now < self._next_retry:
            return
        self._next_retry = now + RETRY_NS
        try:
            player.restart()
        except FirmwareError as error:
            self.faults.append(str(error))
