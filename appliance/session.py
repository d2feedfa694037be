"""The instrument as a state machine: events in, effects out.

No clock, thread, port or file of its own: under one random seed the same events give the same
effects, so a whole concert can be played in milliseconds.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from appliance.errors import SeedError
from appliance.events import (
    BeginTake,
    Command,
    CompareSeed,
    Effect,
    EndTake,
    Event,
    KeepSeed,
    MidiIn,
    PlayerRestarted,
    Reported,
    SeedCompared,
    Show,
    State,
    Tap,
    Tick,
    View,
    Warned,
    Write,
)
from appliance.ledger import Ledger
from appliance.playing import Playing
from appliance.policies import Policy, prepare
from appliance.policies.facts import Facts
from appliance.seed import MAX_SECONDS, capture
from appliance.transport import MAX_BPM, MIN_BPM
from corpus.keeping.bundle import Bundle

LISTEN_MESSAGES = 20_000  # MIDI in that is remembered: a take of MAX_SECONDS at full wire speed
NOTICE_NS = 4_000_000_000
DRAIN_NS = 2_000_000_000  # how long a finished take waits for the player's last reports


@dataclass(frozen=True)
class Settings:
    """How a session plays; `rng` seeds every choice, `bpm` is given or found from the seed.

    `ahead` (ns) is how long before it sounds a message is handed over: 0.5 s at least, ticks being
    0.1 s or less, and more for an instrument that needs more. What sounds within `lead` (ns) may
    have left already.
    """

    rng: int = 0
    bpm: float | None = None
    warmup_loops: int = 2
    ahead: int = 600_000_000
    lead: int = 0


@dataclass
class _Closing:
    """A take that is over, but for the reports of its last messages."""

    playing: Playing
    deadline: int


class Session:
    """idle -> recording -> warmup -> groove -> ending -> idle, for ever."""

    def __init__(self, settings: Settings, bundle: Bundle, policy: Policy) -> None:
        self._settings = settings
        self._bundle = bundle
        self._policy = policy
        self._facts = Facts(bundle).ready()
        prepare(policy, self._facts)
        self._listened: deque[tuple[int, bytes]] = deque(maxlen=LISTEN_MESSAGES)
        self._takes = 0
        self._take_start: int | None = None  # while recording: the first tap
        self._playing: Playing | None = None
        self._closing: _Closing | None = None
        self._next_seq = 1
        self._now = 0
        self._notice = ""
        self._notice_until = 0
        self._warning = ""
        self._shown: View | None = None

    @property
    def state(self) -> State:
        if self._playing is None:
            return "idle" if self._take_start is None else "recording"
        if self._playing.ending:
            return "ending"
        return "warmup" if self._playing.current.source == "seed" else "groove"

    @property
    def playing(self) -> Playing | None:
        """The take that plays, to look at; None when none does."""
        return self._playing

    def step(self, event: Event) -> list[Effect]:
        """What follows from an event. Never raises on anything that a person or a cable does."""
        self._now = max(self._now, event.at)
        match event:
            case Tick():
                effects = self._tick()
            case Tap():
                effects = self._tap(event.at)
            case Command():
                effects = self._command(event)
            case MidiIn():
                effects = self._midi_in(event)
            case Reported():
                effects = self._reported(event)
            case SeedCompared():
                effects = self._seed_compared(event)
            case PlayerRestarted():
                effects = self._player_restarted(event)
            case Warned():
                effects = self._warned(event)
        return effects + self._show()

    @property
    def is_busy(self) -> bool:
        """Something plays, is recorded, or was not reported yet."""
        return self.state != "idle" or self._closing is not None

    def finish(self) -> list[Effect]:
        """Close a take that still waits for reports: none will come."""
        return self._drain(patience=False)

    # -- time -----------------------------------------------------------------------------------

    def _tick(self) -> list[Effect]:
        effects: list[Effect] = []
        if self._playing is not None:
            effects += self._playing.advance(self._now)
            if self._playing.finished:
                effects.append(self._playing.stop_pulses())
                self._close()
        elif self._take_start is not None and self._recorded_seconds() > MAX_SECONDS:
            effects += self._drop_take("TOO LONG")
        return effects + self._drain()

    def _drain(self, patience: bool = True) -> list[Effect]:
        closing = self._closing
        if closing is None:
            return []
        ledger = closing.playing.ledger
        if patience and (ledger.waiting or ledger.stuck) and self._now < closing.deadline:
            return []
        self._closing = None
        end = Write("events", {"t": ledger.seconds(self._now), "event": "end"})
        return [*ledger.close(), end, EndTake(self._summary(closing.playing))]

    # -- gestures and commands --------------------------------------------------------------------

    def _tap(self, at: int) -> list[Effect]:
        match self.state:
            case "idle":
                return self._begin_take(at)
            case "recording":
                return self._begin_loop(at)
            case "ending":
                return self._go_on(at)
            case _:
                return self._with_playing(lambda playing: playing.set_hold(not playing.hold, at))

    def _command(self, command: Command) -> list[Effect]:
        at = command.at
        match command.verb:
            case "record":
                if self.state in ("idle", "recording"):
                    return self._tap(at)
                self._say("STOP FIRST")
                return []
            case "stop":
                return self._stop(at)
            case "end":
                return self._with_playing(lambda playing: playing.end(at))
            case "hold":
                return self._with_playing(lambda playing: playing.set_hold(not playing.hold, at))
            case "next":
                return self._with_playing(lambda playing: playing.move_on(at))
            case "tempo":
                return self._tempo(command)
        self._say(f"UNKNOWN: {command.verb[:12]}")
        return []

    def _with_playing(self, act: Any) -> list[Effect]:
        if self._playing is None:
            self._say("NOTHING PLAYS")
            return []
        effects: list[Effect] = act(self._playing)
        return effects

    def _go_on(self, at: int) -> list[Effect]:
        assert self._playing is not None
        effects = self._playing.go_on(at)
        if effects is None:
            self._say("TOO LATE")
            return []
        return effects

    def _tempo(self, command: Command) -> list[Effect]:
        bpm = command.value
        if bpm is None or not MIN_BPM <= bpm <= MAX_BPM:
            self._say(f"TEMPO {MIN_BPM:g} TO {MAX_BPM:g}")
            return []
        if self._playing is None:
            self._settings = replace(self._settings, bpm=bpm)
            return []
        return self._playing.set_tempo(bpm, command.at)

    def _stop(self, at: int) -> list[Effect]:
        if self._take_start is not None:
            return self._drop_take("STOPPED")
        if self._playing is None:
            return []
        effects = self._playing.silence(at)
        self._close()
        return effects

    # -- takes ------------------------------------------------------------------------------------

    def _begin_take(self, at: int) -> list[Effect]:
        effects = self._drain(patience=False)
        self._take_start = at
        self._notice = ""
        return [*effects, BeginTake()]

    def _drop_take(self, why: str) -> list[Effect]:
        self._take_start = None
        self._say(why)
        return [EndTake(None)]

    def _begin_loop(self, at: int) -> list[Effect]:
        """The second tap: from here the loop is on the grid."""
        assert self._take_start is not None
        start = self._take_start
        try:
            seed = capture(start, at, self._listened, self._settings.bpm)
        except SeedError as error:
            return self._drop_take(str(error))
        self._take_start = None
        self._takes += 1
        bpm, bar = seed.phrase.bpm, seed.phrase.bar
        first_tap = bar  # a bar of room before it, for its lead-in
        start_beat = first_tap + max(1, round(seed.seconds * bpm / 60))
        ledger = Ledger(self._next_seq, start)
        self._playing = Playing(
            seed=seed,
            start_beat=start_beat,
            at=at,
            ledger=ledger,
            bundle=self._bundle,
            facts=self._facts,
            policy=self._policy,
            rng=np.random.default_rng([self._settings.rng, self._takes]),
            warmup_loops=self._settings.warmup_loops,
            ahead=self._settings.ahead,
            lead=self._settings.lead,
        )
        line = {
            "t": ledger.seconds(at),
            "event": "loop",
            "beat": start_beat,
            "bpm": bpm,
            "bar": bar,
            "first_tap": first_tap,
            "confidence": round(seed.confidence, 3),
        }
        self._say(f"{seed.phrase.beats:g} BEATS {bpm:.0f} BPM")
        return [
            *self._playing.advance(at),  # sound before paper
            KeepSeed(seed, first_tap, self._summary(self._playing)),
            Write("events", line),
            CompareSeed(self._takes, seed.phrase),
        ]

    def _seed_compared(self, event: SeedCompared) -> list[Effect]:
        if self._playing is None or event.take != self._takes:
            return []  # of a take that is over
        if event.found is None:
            self._say("NO MATCH")
            return [self._journal("degraded", why=event.fault or "the seed was not compared")]
        self._playing.seed_compared(event.found)
        return []

    def _close(self) -> None:
        assert self._playing is not None
        self._next_seq = self._playing.ledger.next_seq
        self._closing = _Closing(self._playing, self._now + DRAIN_NS)
        self._playing = None

    def _summary(self, playing: Playing) -> dict[str, Any]:
        phrase, ledger = playing.seed.phrase, playing.ledger
        return {
            "seed": {
                "notes": len(phrase.notes),
                "beats": phrase.beats,
                "seconds": round(playing.seed.seconds, 6),
                "bpm": round(phrase.bpm, 6),
            },
            "loops": playing.loops_started,
            "bundle": {"name": self._bundle.name, "sha256": self._bundle.sha256},
            "rng": self._settings.rng,
            "lateness_us": ledger.lateness.summary(),
            "late_over_1ms": ledger.lateness.over(1000),
            "stuck_notes": ledger.stuck,
            "gaps_ms_max": round(ledger.gap_ns / 1e6, 3),
            "warmup_loops": playing.warmup_loops,
            "distinct_segments": len(playing.rows_heard),
        }

    # -- what comes in ----------------------------------------------------------------------------

    def _midi_in(self, event: MidiIn) -> list[Effect]:
        if not _is_note_or_control(event.data):
            return []  # clock and sensing are the firmware's
        self._listened.append((event.at, event.data))
        if self._playing is not None:
            beat = self._playing.transport.beat_at(event.at)
            seconds = self._playing.ledger.seconds(event.at)
            line = {"t": seconds, "beat": round(beat, 9)}
        elif self._take_start is not None:
            line = {"t": round((event.at - self._take_start) / 1e9, 6)}
        else:
            return []
        return [Write("events", line | {"who": "player", "midi": event.data.hex()})]

    def _reported(self, event: Reported) -> list[Effect]:
        effects: list[Effect] = []
        if self._closing is not None:
            effects += self._closing.playing.reported(event)
        if self._playing is not None:
            effects += self._playing.reported(event)
        return effects + self._drain()

    def _player_restarted(self, event: PlayerRestarted) -> list[Effect]:
        if self._playing is None:
            return []
        return [*self._playing.resend(event.at), self._journal("degraded", why="player restarted")]

    def _warned(self, event: Warned) -> list[Effect]:
        if event.text == self._warning:
            return []
        self._warning = event.text
        return [self._journal("degraded", why=event.text)] if self._playing else []

    def _journal(self, what: str, **more: Any) -> Write:
        assert self._playing is not None
        seconds = self._playing.ledger.seconds(self._now)
        return Write("events", {"t": seconds, "event": what} | more)

    # -- the screen -------------------------------------------------------------------------------

    def _say(self, notice: str) -> None:
        self._notice, self._notice_until = notice, self._now + NOTICE_NS

    def _recorded_seconds(self) -> float:
        return 0.0 if self._take_start is None else (self._now - self._take_start) / 1e9

    def _show(self) -> list[Effect]:
        """Ask for a new picture when something on it has changed."""
        view = self._view()
        if view == self._shown:
            return []
        self._shown = view
        return [Show(view)]

    def _view(self) -> View:
        notice = self._notice if self._now < self._notice_until else ""
        view = View(
            self.state,
            self._bundle.name,
            self._settings.bpm,
            notice=notice,
            warning=self._warning,
        )
        if self._playing is None:
            return replace(view, beat=int(self._recorded_seconds()))
        current, queued = self._playing.current, self._playing.queued
        beat = self._playing.transport.beat_at(self._now) - current.loop.start
        return replace(
            view,
            bpm=round(self._playing.transport.bpm, 1),
            beat=int(np.clip(beat, 0, current.loop.beats - 1)) + 1,
            beats=round(current.loop.beats),
            loop=current.loop.number,
            current=current.source,
            queued=queued.source if queued else "",
            similarity=round(queued.choice.similarity, 2) if queued else None,
            hold=self._playing.hold,
        )


def _is_note_or_control(data: bytes) -> bool:
    return len(data) == 3 and 0x80 <= data[0] < 0xC0 and max(data[1:]) < 0x80
