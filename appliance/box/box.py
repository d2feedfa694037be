"""One session wired to its hardware, real or simulated."""

import select
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance.box.desk import Desk
from appliance.box.errands import Errands
from appliance.box.foot import Foot, Step
from appliance.box.glass import Glass
from appliance.box.hands import play_hands
from appliance.box.hardware import Hardware
from appliance.box.players import Players
from appliance.box.reports import Reports
from appliance.box.signals import heeding
from appliance.box.status import TableOfLoop
from appliance.box.stock import Corpora, Stock
from appliance.box.takes import Finish, Takes
from appliance.box.trouble import Trouble
from appliance.control.server import ControlServer
from appliance.copilot.model import Endpoint
from appliance.events import (
    Cancel,
    Command,
    CompareSeed,
    Conduct,
    CorpusOpened,
    Effect,
    EmbedPlayer,
    Event,
    Farewell,
    Heard,
    MidiIn,
    PowerOff,
    Pulse,
    Said,
    Send,
    Show,
    State,
    Tap,
    Tick,
    View,
    Warned,
)
from appliance.footswitch import Footswitch
from appliance.jobs import finish_folder
from appliance.session import Session
from corpus.keeping.bundle import Bundle
from firmware.gestures import Timing
from firmware.midiclock import ClockFollower
from firmware.scheduling import prompt
from firmware.simulated import SimulatedPlayer

TICK_NS = 50_000_000
LAST_REPORTS_NS = 1_000_000_000
SHORT_S = 0.005
TIMING = Timing()


class Box:
    """Turns what the hardware says into events, and effects into what the hardware does.

    One thread turns it. Slow work goes to workers, and to a thread that syncs the journal to disk.
    Without a `footswitch`, which knows what gestures mean, every press is a tap; without `control`
    nobody asks from outside; without `corpora` it plays what it was given; without an `endpoint`
    no language model helps to understand what is said.

    After `close` the folders that nobody had the time to finish are in `unfinished`.
    """

    def __init__(
        self,
        session: Session,
        bundle: Bundle,
        hardware: Hardware,
        new_folder: Callable[[], Path],
        sync: bool = True,
        follow_clock: bool = False,
        *,
        footswitch: Footswitch | None = None,
        timing: Timing = TIMING,
        control: ControlServer | None = None,
        corpora: Corpora | None = None,
        endpoint: Endpoint | None = None,
        finish: Finish = finish_folder,
    ) -> None:
        self.session = session
        self.view = View()
        self.told_to_stop = False
        self.power_off = False
        self.unfinished: list[Path] = []
        self.faults: deque[str] = deque(maxlen=100)
        self._shown = View()  # as the session sees it
        self._farewell: Farewell = ""
        self._hardware = hardware
        self._clock = hardware.clock
        self._players = Players(hardware, self._complain)
        self._trouble = Trouble(
            self._players, hardware.switch, hardware.display, hardware.thermometer
        )
        self._reports = Reports(self._clock, bundle, self._players, self._trouble)
        self._errands = Errands(hardware.jobs, self._complain, endpoint, hardware.more_jobs)
        self._table = TableOfLoop(session.table)
        self._stock = Stock(corpora, self._complain)
        self._takes = Takes(new_folder, sync, self._errands.finish, self._complain, finish)
        self._foot = Foot(hardware.switch, footswitch, timing, self._situation, self._stock)
        self._glass = Glass(hardware.display, self._complain)
        self._desk = Desk(control, self, self._stock, self._complain)
        self._follower = ClockFollower() if follow_clock else None
        self._asked: deque[Event] = deque()
        self._errands.hold(bundle)

    @property
    def folder(self) -> Path | None:
        """That of the latest take."""
        return self._takes.folder

    def refit(
        self, *, footswitch: Footswitch, timing: Timing, finish: Finish, endpoint: Endpoint | None
    ) -> None:
        """Settings that change while it is turned: from now on these."""
        self._foot.refit(footswitch, timing)
        self._takes.finish = finish
        self._errands.endpoint = endpoint

    def command(self, verb: str, value: float | None = None, text: str = "") -> None:
        """Ask for something at the next turn."""
        self._asked.append(Command(self._clock.now(), verb, value, text))

    def tap(self, at: int) -> None:
        """A tap that no footswitch made."""
        self._asked.append(Tap(at))

    @contextmanager
    def on_stage(self) -> Iterator[None]:
        """While the box is turned: it goes before ordinary processes, and heeds signals.

        Ctrl-C and SIGTERM end the music between two turns, never in the middle of one: they set
        `told_to_stop`. Only for the main thread.
        """
        with self.going_first(), heeding(self._be_told):
            yield

    @staticmethod
    def going_first() -> AbstractContextManager[bool]:
        """For the block, this process goes before ordinary ones; gives whether it may."""
        return prompt()

    def _be_told(self) -> None:
        self.told_to_stop = True

    # -- its turns --------------------------------------------------------------------------------

    def turn(self) -> None:
        """Take in what happened, let the session decide, carry it out, show it."""
        now = self._clock.now()
        self._asked.extend(self._players.keep_alive(now))
        self._takes.turn()
        for event in sorted(self._happened(now), key=lambda event: event.at):
            self._step(event)
        for command in self._foot.advance(now):
            self._step(command)
        self._desk.turn()
        self._step(Tick(now))
        for opened in self._stock.turn(now, idle=not self.session.is_busy):
            self._step(opened)
        self._show(now)

    def _show(self, now: int) -> None:
        """On the screen, and to whoever watches."""
        self.view = self._dressed(now)
        self._reports.look(now, self.session, self.view)
        self._glass.show(self.view, now)
        self._desk.tell(now)

    def wait(self, until: int | None = None) -> None:
        """Until something happens, a tick has passed, or it is `until`."""
        now = self._clock.now()
        times = [time for time in (until, self._foot.next_time) if time is not None]
        wake = max(now, min([now + TICK_NS, *times]))
        engine = self._players.engine
        if isinstance(engine, SimulatedPlayer):
            self._clock.wait_until(wake)
            engine.advance(wake)
        elif not self._desk.is_busy:
            self._sleep((wake - now) / 1e9)

    def _sleep(self, seconds: float) -> None:
        handles = [
            *self._players.handles(),
            *self._foot.handles(),
            *self._desk.handles(),
            *self._stock.handles(),
        ]
        try:
            select.select(handles, [], [], seconds)
        except (OSError, ValueError):  # one was closed meanwhile; then not for long
            select.select([], [], [], min(seconds, SHORT_S))

    def close(self, patience_s: float | None = None) -> None:
        """Stop the music, finish the folder, give the hardware back; again does nothing.

        Folders are waited for so long at most (None: however long it takes); the keys are let go
        before anything is waited for.
        """
        if self._farewell:
            return
        self._try(self._fall_silent)
        self._try(self._players.close)
        self._try(lambda: self._carry_out(self.session.finish()))
        for close in (self._stock.close, self._desk.close, self._foot.close):
            self._try(close)
        self._try(lambda: self._finish(patience_s))
        self._farewell = "unplug" if self.power_off else "stopped"
        now = self._clock.now()
        self.view = self._dressed(now)
        self._glass.close(self.view, now)

    def _fall_silent(self) -> None:
        """And hear how the last notes fared."""
        self.command("stop")
        self.turn()
        deadline = self._clock.now() + LAST_REPORTS_NS
        while self.session.is_busy and self._clock.now() < deadline:
            self.wait()
            self.turn()

    def _finish(self, patience_s: float | None) -> None:
        self.unfinished = self._takes.close(patience_s)
        self.unfinished += self._errands.close(patience_s)

    def _try(self, close: Callable[[], None]) -> None:
        """One part that cannot be closed must not leave the others open."""
        try:
            close()
        except Exception as error:
            self._complain(f"at the end: {type(error).__name__}: {error}")

    # -- in ---------------------------------------------------------------------------------------

    def _happened(self, now: int) -> list[Event | Step]:
        self._asked.extend(play_hands(self._hardware, now))
        events: list[Event | Step] = []
        for at, data in self._players.notes.incoming():
            events += self._came_in(at, data)
        events += self._players.steering()
        events += self._foot.steps()
        events += self._errands.finished(now)
        events += self._players.reports(now)
        events.append(Warned(now, self._trouble.warning(now, self._takes.unsaved)))
        while self._asked:
            events.append(self._asked.popleft())
        return events

    def _came_in(self, at: int, data: bytes) -> list[Event]:
        self._trouble.heard(at, data)
        if self._foot.heard(at, data):
            return []
        bpm = self._follower.heard(at, data) if self._follower is not None else None
        followed: list[Event] = [] if bpm is None else [Command(at, "tempo", bpm)]
        return [*followed, MidiIn(at, data)]

    def _situation(self) -> tuple[State, bool]:
        playing = self.session.playing
        return self.session.state, playing is not None and playing.pending is not None

    # -- out --------------------------------------------------------------------------------------

    def _step(self, event: Event | Step) -> list[Effect]:
        """Let the session take it, and carry out what follows."""
        if isinstance(event, Step):
            commands = self._foot.take(event)
            return [effect for command in commands for effect in self._step(command)]
        effects = self.session.step(event)
        if isinstance(event, MidiIn) and not event.second:
            self._reports.levels.heard(event.at, event.data)
        elif isinstance(event, CorpusOpened):
            self._reports.bundle = event.bundle
            self._errands.hold(event.bundle)
        self._carry_out(effects)
        return effects

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(messages):
                    self._players.send(messages)
                    self._reports.levels.sent(messages)
                case Cancel(after):
                    self._players.cancel(after)
                    self._reports.levels.cancelled(after)
                case Pulse(messages):
                    self._players.pulse(messages)
                case Show(view):
                    self._shown = view
                case CompareSeed() | EmbedPlayer() | Conduct():
                    self._errands.send(effect)
                case Heard(number, answer):
                    self._desk.heard(number, answer)
                case PowerOff():
                    self.power_off = self.told_to_stop = True
                case _:
                    self._takes.keep(effect)

    def _dressed(self, now: int) -> View:
        """What the session shows, and what only the box knows."""
        going: Farewell = "stopping" if self.power_off else ""
        return replace(
            self._shown,
            missing=self._trouble.missing(now),
            importing=self._stock.importing,
            progress=round(self._stock.progress, 2),
            confirm=self._foot.confirm(now) or self._asking(),
            notice=self._shown.notice or self._stock.notice,
            farewell=self._farewell or going,
        )

    def _asking(self) -> str:
        return self._stock.asking if self.session.state == "idle" else ""

    def _complain(self, fault: str) -> None:
        self.faults.append(fault)
        self._reports.complain(fault)

    # -- for the desk -----------------------------------------------------------------------------

    def obey(self, verb: str, value: float | None, text: str) -> list[Effect]:
        return self._step(Command(self._clock.now(), verb, value, text))

    @property
    def notices(self) -> int:
        return self.session.notices

    def say(self, number: int, text: str) -> list[Effect]:
        """Say something to the loop; what came of it at once has been carried out."""
        return self._step(Said(self._clock.now(), number, text))

    def look(self) -> View:
        return self._dressed(self._clock.now())

    def table(self) -> dict[str, Any]:
        return self.session.table()

    def picture(self) -> dict[str, Any]:
        playing = self.session.playing
        table = self._table.look(None if playing is None else playing.current)
        return self._reports.picture(self.look(), table)

    def status(self) -> dict[str, Any]:
        return self._reports.status(self.look(), self.folder)
