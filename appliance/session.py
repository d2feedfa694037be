"""The instrument as a state machine: events in, effects out.

No clock, thread, port or file of its own: under one random seed the same events give the same
effects, so a whole concert can be played in milliseconds.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from appliance.deciding import Terms
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
    PlayerEmbedded,
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
from appliance.listener import Listener
from appliance.moves import MOST_SEMITONES, transposition
from appliance.playing import Playing
from appliance.policies import Policy, prepare
from appliance.policies.facts import Facts
from appliance.policies.listening import tracks
from appliance.seed import MAX_SECONDS, capture
from appliance.settings import Settings
from appliance.tracking import Tracker
from appliance.transport import MAX_BPM, MIN_BPM, Transport
from corpus.keeping.bundle import Bundle

LISTEN_MESSAGES = 20_000  # MIDI in that is remembered: a take of MAX_SECONDS at full wire speed
NOTICE_NS = 4_000_000_000
IDLE = Transport(0.0, 0, 120.0)  # what beats are where no loop gives any
DRAIN_NS = 2_000_000_000  # how long a finished take waits for the player's last reports

__all__ = ["Session", "Settings"]

Act = Callable[[Playing, int], list[Effect] | None]
_ACTS: dict[str, Act] = {
    "hold": lambda playing, at: playing.set_hold(not playing.hold, at),
    "next": lambda playing, at: playing.step("next", at),
    "back": lambda playing, at: playing.step("back", at),
    "end": lambda playing, at: playing.finish("end", at),
    "coda": lambda playing, at: playing.finish("coda", at),
    "home": lambda playing, at: playing.finish("home", at),
}


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
        self._listener = Listener()
        self._tracker = Tracker(self._listener, tracks(policy))
        self._takes = 0
        self._take_start: int | None = None  # while recording: the first tap
        self._over_at = 0  # the last take: an event may come late, a take cannot begin before it
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
            case PlayerEmbedded():
                effects = self._player_embedded(event)
            case PlayerRestarted():
                effects = self._player_restarted(event)
            case Warned():
                effects = self._warned(event)
        return effects + self._tell_news() + self._show()

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
            effects += self._track(self._playing)
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
            case _:
                pending = self._playing is not None and self._playing.course.has_moves
                return self._cancel(at) if pending else self._act("hold", at)

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
            case "tempo":
                return self._tempo(command)
            case "transpose":
                return self._transpose(command.value, at)
            case "cancel":
                return self._cancel(at)
            case verb if verb in _ACTS:
                return self._act(verb, at)
        self._say(f"UNKNOWN: {command.verb[:12]}")
        return []

    def _act(self, verb: str, at: int) -> list[Effect]:
        if verb == "hold" and self.state == "ending":
            self._say("ENDING")
            return []
        return self._move(verb, _ACTS[verb], at)

    def _cancel(self, at: int) -> list[Effect]:
        """Take back what is pending; while it ends, the ending."""
        if self._playing is not None and not self._playing.course.has_moves:
            self._say("NOTHING IS PENDING")
            return []
        ending = self.state == "ending"
        return self._move("cancel", lambda playing, at: playing.cancel(at, ending), at)

    def _transpose(self, semitones: float | None, at: int) -> list[Effect]:
        if semitones is None or not abs(semitones) <= MOST_SEMITONES or semitones % 1:
            self._say(f"TRANSPOSE -{MOST_SEMITONES} TO {MOST_SEMITONES}")
            return []
        wanted = int(semitones)
        return self._move(f"transpose {wanted:+d}", lambda one, at: one.transpose(wanted, at), at)

    def _move(self, name: str, act: Act, at: int) -> list[Effect]:
        if self._playing is None:
            self._say("NOTHING PLAYS")
            return []
        effects = act(self._playing, at)
        if effects is None:
            self._say("TOO LATE")
            return []
        return [*effects, self._journal("move", move=name)]

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
        self._take_start = max(at, self._over_at)
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
        self._listener.begin(start_beat)
        self._tracker.begin(start_beat)
        terms = Terms(seed, self._bundle, self._facts, self._settings, self._takes)
        self._playing = Playing(terms, self._policy, start_beat, start, at, ledger, self._listener)
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
        return self._playing.seed_compared(event.found, event.fault, event.at)

    def _close(self) -> None:
        assert self._playing is not None
        self._next_seq = self._playing.ledger.next_seq
        self._closing = _Closing(self._playing, self._now + DRAIN_NS)
        self._playing = None
        self._over_at = self._now
        self._listener.begin(IDLE.beat_at(self._now))

    def _summary(self, playing: Playing) -> dict[str, Any]:
        phrase, ledger = playing.seed.phrase, playing.ledger
        return {
            "seed": {
                "notes": len(phrase.notes),
                "beats": phrase.beats,
                "seconds": round(playing.seed.seconds, 6),
                "bpm": round(phrase.bpm, 6),
            },
            "loops": playing.course.loops_begun,
            "bundle": {"name": self._bundle.name, "sha256": self._bundle.sha256},
            "rng": self._settings.rng,
            "lateness_us": ledger.lateness.summary(),
            "late_over_1ms": ledger.lateness.over(1000),
            "stuck_notes": ledger.stuck,
            "gaps_ms_max": round(ledger.gap_ns / 1e6, 3),
            "warmup_loops": playing.course.seed_loops,
            "distinct_segments": len(playing.course.rows_heard),
        }

    # -- what comes in ----------------------------------------------------------------------------

    def _midi_in(self, event: MidiIn) -> list[Effect]:
        if not _is_note_or_control(event.data):
            return []  # clock and sensing are the firmware's
        channel = self._settings.transpose_channel
        if channel and event.data[0] & 0x0F == channel - 1:
            semitones = transposition(event.data, channel)
            return [] if semitones is None else self._transpose(semitones, event.at)
        self._listened.append((event.at, event.data))
        if self._playing is not None:
            beat = self._playing.transport.beat_at(event.at)
            self._listener.hear(beat, event.data)
            seconds = self._playing.ledger.seconds(event.at)
            line = {"t": seconds, "beat": round(beat, 9)}
        else:
            self._listener.hear(IDLE.beat_at(event.at), event.data)
            if self._take_start is None:
                return []
            line = {"t": round((event.at - self._take_start) / 1e9, 6)}
        return [Write("events", line | {"who": "player", "midi": event.data.hex()})]

    def _track(self, playing: Playing) -> list[Effect]:
        transport, bar = playing.transport, playing.seed.phrase.bar
        return self._tracker.ask(transport.beat_at(self._now), transport.bpm, bar)

    def _player_embedded(self, event: PlayerEmbedded) -> list[Effect]:
        fault = self._tracker.answered(event)
        return [self._journal("degraded", why=fault)] if fault and self._playing else []

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

    def _tell_news(self) -> list[Effect]:
        """What happened in the take by itself, on the screen and in the journal."""
        if self._playing is None:
            return []
        news = self._playing.news()
        for notice, _ in news:
            self._say(notice)
        return [self._journal("degraded", why=why) for _, why in news]

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
        pending = self._playing.pending
        beat = self._playing.transport.beat_at(self._now) - current.loop.start
        return replace(
            view,
            bpm=round(self._playing.transport.bpm, 1),
            beat=int(min(max(beat, 0.0), current.loop.beats - 1)) + 1,
            beats=round(current.loop.beats),
            loop=current.loop.number,
            current=current.source,
            queued=queued.source if queued else "",
            similarity=round(queued.choice.similarity, 2) if queued else None,
            hold=self._playing.hold,
            why=(queued or current).choice.why,
            pending=pending.word if pending else "",
            pending_beats=pending.beats if pending else 0,
            pending_loops=pending.loops if pending else 0,
        )


def _is_note_or_control(data: bytes) -> bool:
    return len(data) == 3 and 0x80 <= data[0] < 0xC0 and max(data[1:]) < 0x80
