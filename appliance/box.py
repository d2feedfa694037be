"""The box: one session wired to its hardware, real or simulated."""

import select
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.events import (
    BeginTake,
    Cancel,
    Command,
    CompareSeed,
    Effect,
    EmbedPlayer,
    EndTake,
    Event,
    KeepSeed,
    MidiIn,
    Outcome,
    PlayerEmbedded,
    PlayerRestarted,
    Pulse,
    Reported,
    SeedCompared,
    Send,
    Show,
    Tap,
    Tick,
    View,
    Warned,
    Write,
)
from appliance.jobs import InlineJobs, Jobs, ProcessJobs, compare_seed, embed_player, finish_folder
from appliance.journal import Journal, Syncer
from appliance.screen import draw
from appliance.session import Session
from corpus.keeping.bundle import Bundle
from firmware.clock import Clock, MonotonicClock, SimulatedClock
from firmware.clockout import ClockOut
from firmware.disklavier import Mechanics, SimulatedDisklavier
from firmware.dispatch import Message
from firmware.display import Display, GifDisplay, NoDisplay
from firmware.errors import FirmwareError
from firmware.fitted import FittedPlayer
from firmware.keeper import Keeper
from firmware.keyboard import ScriptedKeyboard
from firmware.midiclock import ClockFollower
from firmware.player import PlayerProcess
from firmware.presence import Presence
from firmware.profile import MS, Profile, load_profile
from firmware.punctuality import Punctuality
from firmware.scheduling import prompt
from firmware.simulated import SimulatedPlayer
from firmware.switch import KeyboardSwitch, NoSwitch, ScriptedSwitch, Switch

TICK_NS = 50_000_000
AHEAD_NS = 600_000_000
FRAME_NS = 100_000_000
LAST_REPORTS_NS = 1_000_000_000
NOTE_ON, NOTE_OFF = 0x90, 0x80
FOLDER_JOB = "folder"
PLAYER_JOB = "player "  # and the number of what was asked
_OUTCOMES = {outcome.name: outcome for outcome in Outcome}


@dataclass(frozen=True)
class Tuning:
    """How the realtime player runs: its SCHED_FIFO priority (1..98), the core it keeps to (None:
    the last), and how late a note-on may be before it is dropped with its note-off."""

    priority: int = 80
    cpu: int | None = None
    stale_ms: float = 100.0


@dataclass
class Hardware:
    """What a box is made of. `engine` does the work of `player`, which fits it to an instrument.

    Without a `keyboard` only what comes in at the engine is heard; with a simulated `piano` the
    keyboard's keys are those of the piano, and the piano is what the engine plays.
    """

    clock: Clock
    engine: PlayerProcess | SimulatedPlayer
    player: FittedPlayer
    switch: Switch
    display: Display
    jobs: Jobs
    profile: Profile
    keyboard: ScriptedKeyboard | None = None
    piano: SimulatedDisklavier | None = None
    clock_out: PlayerProcess | SimulatedPlayer | None = None

    @property
    def quit(self) -> bool:
        """Somebody at the terminal has had enough."""
        return isinstance(self.switch, KeyboardSwitch) and self.switch.quit

    @property
    def ahead(self) -> int:
        """How long before it sounds a message must be handed over (ns)."""
        return max(AHEAD_NS, self.profile.look_ahead_ns)

    @property
    def lead(self) -> int:
        """How long before it sounds a message may leave (ns)."""
        return self.profile.lead_ns

    @classmethod
    def simulated(cls, film: Path, profile_name: str = "keyboard") -> "Hardware":
        """Nothing real, not even time; the screen is filmed to a GIF."""
        clock, profile = SimulatedClock(), load_profile(profile_name)
        piano = SimulatedDisklavier(_mechanics(profile)) if profile.lead_ns else None
        window = round(profile.echo_window_ms * MS) if profile.echo else 0
        engine = SimulatedPlayer(clock, piano.receive if piano else None, echo_window_ns=window)
        return cls(
            clock,
            engine,
            FittedPlayer(engine, profile, clock.now),
            ScriptedSwitch(),
            GifDisplay(film),
            InlineJobs(clock.now),
            profile,
            ScriptedKeyboard(),
            piano,
        )

    @classmethod
    def rehearsal(cls, film: Path, profile_name: str = "keyboard") -> "Hardware":
        """Real time and a real player process, but no ports and no screen."""
        profile = load_profile(profile_name)
        clock, engine = MonotonicClock(), _engine(None, None, profile)
        return cls(
            clock,
            engine,
            FittedPlayer(engine, profile, clock.now),
            _terminal_switch(),
            GifDisplay(film),
            ProcessJobs(),
            profile,
            ScriptedKeyboard(),
        )

    @classmethod
    def real(
        cls,
        output: str,
        input: str,
        profile_name: str,
        clock_port: str = "",
        tuning: Tuning = Tuning(),
    ) -> "Hardware":
        """MIDI ports by name pattern, and the space bar of the terminal as footswitch.

        A port that is not there, like a piano that is still off, is taken up when it comes.
        """
        profile = load_profile(profile_name)
        clock, engine = MonotonicClock(), _engine(output, input, profile, tuning)
        return cls(
            clock,
            engine,
            FittedPlayer(engine, profile, clock.now, round(tuning.stale_ms * MS)),
            _terminal_switch(),
            NoDisplay(),
            ProcessJobs(),
            profile,
            clock_out=_clock_out(clock_port, tuning) if clock_port else None,
        )


def _engine(
    output: str | None, input: str | None, profile: Profile, tuning: Tuning = Tuning()
) -> PlayerProcess:
    return PlayerProcess(
        output,
        input,
        priority=tuning.priority,
        cpu=tuning.cpu,
        stale_ns=round(tuning.stale_ms * MS),
        active_sensing=profile.active_sensing,
        echo_window_ns=round(profile.echo_window_ms * MS) if profile.echo else 0,
        wait_for_ports=True,
    )


def _clock_out(port: str, tuning: Tuning) -> PlayerProcess:
    """It may share its core with the player of the notes, which go first."""
    return PlayerProcess(
        port,
        None,
        priority=max(1, tuning.priority - 1),
        cpu=tuning.cpu,
        stale_ns=round(tuning.stale_ms * MS),
        wait_for_ports=True,
    )


def _mechanics(profile: Profile) -> Mechanics:
    """A piano that is just as its profile says."""
    delayed = not profile.velocity_latency
    return Mechanics(
        channel=profile.channel,
        latency_ms=profile.output_latency_ms,
        velocity_latency=profile.velocity_latency,
        delay_ms=profile.output_latency_ms if delayed else 0,
        input_latency_ms=profile.input_latency_ms,
        echo=profile.echo,
        sensing=profile.active_sensing,
    )


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
        follow_clock: bool = False,
    ) -> None:
        self.session = session
        self.view = View()
        self.told_to_stop = False
        self.folder: Path | None = None  # of the latest take
        self.faults: deque[str] = deque(maxlen=100)
        self._bundle = bundle
        self._clock = hardware.clock
        self._engine = hardware.engine
        self._player = hardware.player
        self._piano = hardware.piano
        clock_out = hardware.clock_out
        self._clock_out = None if clock_out is None else ClockOut(clock_out, self._clock.now)
        processes = (p for p in (self._engine, clock_out) if isinstance(p, PlayerProcess))
        self._keepers = {process: Keeper(process) for process in processes}
        self._absent: list[str] = []
        self._presence = Presence()
        self._punctuality = Punctuality()
        self._follower = ClockFollower() if follow_clock else None
        self._switch = hardware.switch
        self._display = hardware.display
        self._jobs = hardware.jobs
        self._keyboard = hardware.keyboard
        self._new_folder = new_folder
        self._sync = sync
        self._asked: deque[Event] = deque()
        self._journal: Journal | None = None
        self._syncer: Syncer | None = None
        self._unsaved = False
        self._drawn: View | None = None
        self._next_frame = 0

    def command(self, verb: str, value: float | None = None) -> None:
        """Ask for something at the next turn."""
        self._asked.append(Command(self._clock.now(), verb, value))

    @contextmanager
    def on_stage(self) -> Iterator[None]:
        """While the box is turned: it goes before ordinary processes, and heeds signals.

        Ctrl-C and SIGTERM end the music between two turns, never in the middle of one: they set
        `told_to_stop`. Only for the main thread.
        """
        with self.going_first(), self._heeding_signals():
            yield

    @staticmethod
    def going_first() -> AbstractContextManager[bool]:
        """For the block, this process goes before ordinary ones; gives whether it may."""
        return prompt()

    @contextmanager
    def _heeding_signals(self) -> Iterator[None]:
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in before:
            signal.signal(number, self._be_told)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _be_told(self, *_: object) -> None:
        self.told_to_stop = True

    def tap(self, at: int) -> None:
        """A tap that no footswitch made."""
        self._asked.append(Tap(at))

    def turn(self) -> None:
        """Take in what happened, let the session decide, carry it out, draw."""
        now = self._clock.now()
        self._keep_players_alive(now)
        self._tell_what_is_absent()
        for event in sorted(self._happened(now), key=lambda event: event.at):
            self._carry_out(self.session.step(event))
        self._carry_out(self.session.step(Tick(now)))
        self._draw(now)

    def wait(self, until: int | None = None) -> None:
        """Until something happens, a tick has passed, or it is `until`."""
        now = self._clock.now()
        wake = now + TICK_NS if until is None else min(now + TICK_NS, max(now, until))
        if isinstance(self._engine, SimulatedPlayer):
            self._clock.wait_until(wake)
            self._engine.advance(wake)
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
        if self._clock_out is not None:
            self._clock_out.close()
        self._jobs.close()
        self._switch.close()
        try:
            self._display.close()
        except FirmwareError as error:
            self.faults.append(str(error))

    # -- in ---------------------------------------------------------------------------------------

    def _happened(self, now: int) -> list[Event]:
        self._play_hands(now)
        events: list[Event] = []
        for at, data in self._player.incoming():
            events += self._came_in(at, data)
        events += [Tap(at) for at, pressed in self._switch.edges() if pressed]
        events += self._finished_jobs(now)
        events += self._reports(now)
        events.append(Warned(now, self._trouble(now)))
        while self._asked:
            events.append(self._asked.popleft())
        return events

    def _came_in(self, at: int, data: bytes) -> list[Event]:
        self._presence.heard(at, data)
        bpm = self._follower.heard(at, data) if self._follower is not None else None
        followed: list[Event] = [] if bpm is None else [Command(at, "tempo", bpm)]
        return [*followed, MidiIn(at, data)]

    def _play_hands(self, now: int) -> None:
        """The simulated pianist's keys are the piano's, or go straight to the session."""
        if self._keyboard is None:
            return
        for at, data in self._keyboard.incoming(now):
            strikes = data[0] & 0xF0 == NOTE_ON and data[2] > 0
            is_key = data[0] & 0xF0 in (NOTE_ON, NOTE_OFF)
            if self._piano is not None and is_key:
                if strikes:
                    self._piano.press(at, data[1], data[2])
                else:
                    self._piano.lift(at, data[1])
                continue
            if is_key:
                self._player.hold(data[1], strikes)
            self._asked.append(MidiIn(at, data))
        if self._piano is not None and isinstance(self._engine, SimulatedPlayer):
            self._piano.advance(now)
            for at, data in self._piano.outgoing():
                self._engine.push(at, data)

    def _trouble(self, now: int) -> str:
        """What the screen must say, in the order of what matters most."""
        if isinstance(self._engine, PlayerProcess):
            if not self._engine.alive:
                return "PLAYER LOST"
            if not all(self._engine.ports().values()):
                return "PIANO OFF"
        if self._presence.is_off(now):
            return "PIANO OFF"
        if self._clock_out is not None and self._is_clock_amiss(self._clock_out):
            return "CLOCK OUT"
        if self._unsaved or (self._syncer is not None and self._syncer.faults):
            return "NOT SAVED"
        if self._punctuality.look(now, self._player.counters()):
            return "TIMING"
        return ""

    def _reports(self, now: int) -> list[Event]:
        return [
            Reported(now, report.seq, _OUTCOMES[report.outcome.name], report.at - report.due)
            for report in self._player.reports()
        ]

    def _finished_jobs(self, now: int) -> list[Event]:
        """Comparisons bear the number of their take; a folder that was finished says nothing."""
        events: list[Event] = []
        for done in self._jobs.finished():
            if done.tag.startswith(PLAYER_JOB):
                number = int(done.tag.removeprefix(PLAYER_JOB))
                events.append(PlayerEmbedded(now, number, done.result, done.fault))
            elif done.tag != FOLDER_JOB:
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
                    if self._clock_out is not None:
                        self._clock_out.cancel(after)
                case Pulse(messages) if self._clock_out is not None:
                    self._clock_out.schedule(Message(*message) for message in messages)
                case Show(view):
                    self.view = view
                case CompareSeed(take, phrase):
                    self._jobs.submit(str(take), compare_seed, self._bundle.path, phrase)
                case EmbedPlayer(number, phrase):
                    tag = f"{PLAYER_JOB}{number}"
                    self._jobs.submit(tag, embed_player, self._bundle.path, phrase)
                case _:
                    self._keep(effect)

    def _keep(self, effect: BeginTake | KeepSeed | Write | EndTake | Effect) -> None:
        """What goes to the session folder. A disk that fails is told of; the music goes on."""
        try:
            match effect:
                case BeginTake():
                    self._unsaved = True  # until the folder is there
                    self.folder = self._new_folder()
                    self._journal = Journal(self.folder, durable=self._sync)
                    self._unsaved = False
                    self._syncer = Syncer(self._journal) if self._sync else None
                case KeepSeed(seed, offset, summary) if self._journal is not None:
                    self._journal.keep_seed(seed, offset, summary)
                case Write(file, line) if self._journal is not None:
                    self._journal.write(file, line)
                case EndTake(summary):
                    self._end_take(summary)
        except OSError as error:
            self._unsaved = True
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
        players = [player.fileno() for player in self._keepers]
        return [handle for handle in (*players, self._switch.fileno()) if handle is not None]

    def _keep_players_alive(self, now: int) -> None:
        """A player that died is replaced; the loop goes on at its place on the grid."""
        for player, keeper in self._keepers.items():
            try:
                replaced = keeper.look(now)
            except FirmwareError as error:
                self.faults.append(str(error))
                continue
            if replaced and player is self._engine:
                self._player.restarted()
                self._asked.append(PlayerRestarted(self._clock.now()))
            elif replaced and self._clock_out is not None:
                self._clock_out.restarted()
                self.faults.append("MIDI clock: its player ended, and was replaced")
        if self._clock_out is not None:
            self._clock_out.turn()

    def _is_clock_amiss(self, clock_out: ClockOut) -> bool:
        """Whether whoever follows our clock hears none, or is out of step."""
        player = clock_out.player
        if not isinstance(player, PlayerProcess):
            return clock_out.lost
        return clock_out.lost or not player.alive or bool(player.absent())

    def _tell_what_is_absent(self) -> None:
        """One line for each port that is waited for, when it begins to be."""
        absent = [
            f"{direction} matching {pattern!r}"
            for player in self._keepers
            if player.alive
            for direction, pattern in player.absent().items()
        ]
        self.faults.extend(_waiting_for(port) for port in absent if port not in self._absent)
        self._absent = absent


def _waiting_for(port: str) -> str:
    return (
        f"waiting for a MIDI {port}: connect the instrument and switch it on; "
        "'smartlooper ports' lists what is there (it takes ALSA MIDI or a running JACK server)"
    )
