"""One take while it plays: decides loop after loop and hands their messages over in time."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from appliance.arranger import NOTES_A_LOOP, REPEAT_GAP, Loop, arrange
from appliance.events import Cancel, Effect, Outcome, Reported, SeedFound, Send, Write
from appliance.ledger import Ledger
from appliance.policies import SEED, Choice, Moment, Policy, SeedLikeness
from appliance.policies.facts import Facts
from appliance.pulse import PulseTrain
from appliance.seed import Seed
from appliance.timeline import Message, Timeline
from appliance.transport import NS_PER_MINUTE, Transport
from corpus.cutting.rotation import rotated
from corpus.cutting.segment import LEAD_IN
from corpus.keeping.bundle import Bundle
from corpus.neighbours import Neighbours
from models.notes import Phrase

MARGIN_NS = 20_000_000  # a change takes effect this late, so that the player hears of it in time
HALF_NS = 0.5  # messages are due at whole nanoseconds
HEARD = 64  # loops that a policy can look back on


@dataclass(frozen=True, eq=False)
class Planned:
    """A loop and where it comes from."""

    loop: Loop
    choice: Choice
    source: str
    phrase: Phrase
    ahead_beats: float


@dataclass(frozen=True)
class Situation:
    """Where the music is: which loop sounds, the beat where it ends, and the tempo."""

    loop: int
    end_beat: float
    transport: Transport


class Playing:
    """From the second tap to the last note. `step`-like: every method takes the time."""

    def __init__(
        self,
        seed: Seed,
        start_beat: float,
        at: int,
        ledger: Ledger,
        bundle: Bundle,
        facts: Facts,
        policy: Policy,
        rng: np.random.Generator,
        warmup_loops: int,
        ahead: int,
        lead: int,
    ) -> None:
        self.seed = seed
        self.transport = Transport(start_beat, at, seed.phrase.bpm)
        self.ledger = ledger
        self.hold = False
        self.ending = False
        self.loops_started = 0
        self.warmup_loops = 0
        self.rows_heard: set[int] = set()
        self._bundle = bundle
        self._facts = facts
        self._policy = policy
        self._rng = rng
        self._warmup = warmup_loops
        self._ahead = ahead
        self._lead = lead
        self._pulses = PulseTrain(start_beat)
        self._nearest: Neighbours | None = None
        self._likeness: SeedLikeness | None = None
        self._timeline = Timeline(start_beat)
        self._heard: deque[int] = deque(maxlen=HEARD)
        self._now = at
        first = self._plan(0, start_beat, Choice(SEED, 0, 1.0, "the seed"), at)
        self._planned = [first]
        # The longest lead-in that a loop can have, beats.
        self._room = max(LEAD_IN, -float(seed.phrase.notes["onset"].min())) + REPEAT_GAP
        self._timeline.plan([first.loop])

    @property
    def current(self) -> Planned:
        """What sounds now."""
        beat = self.transport.beat_at(self._now)
        started = [p for p in self._planned if p.loop.start <= beat]
        return started[-1] if started else self._planned[0]

    @property
    def queued(self) -> Planned | None:
        """What follows it."""
        after = [p for p in self._planned if p.loop.number > self.current.loop.number]
        return after[0] if after else None

    @property
    def situation(self) -> Situation:
        return Situation(self.current.loop.number, self.current.loop.end, self.transport)

    @property
    def finished(self) -> bool:
        """The last note has come and gone, and the player said so."""
        over = self.transport.beat_at(self._now) >= self._planned[-1].loop.end
        return self.ending and over and self._timeline.finished and not self.ledger.waiting

    def seed_compared(self, found: SeedFound) -> None:
        self._nearest = found.nearest
        self._likeness = SeedLikeness(found.vectors, float(self.seed.phrase.notes["pitch"].mean()))

    def advance(self, now: int) -> list[Effect]:
        """Time is `now`: what has begun is written down, what comes is decided and handed over."""
        self._now = max(self._now, now)
        self._timeline.settle(self.transport.beat_at(self._now))
        writes = [
            *self.ledger.forget(self._now),
            *self._begin_loops(self.transport.beat_at(self._now)),
        ]
        self._look_ahead()
        return [*writes, *self._hand_over()]

    def set_hold(self, hold: bool, at: int) -> list[Effect]:
        """Repeat what plays now until told otherwise, or go on."""
        self.hold = hold
        return self._replan(at)

    def move_on(self, at: int) -> list[Effect]:
        """Something else after this loop."""
        self.hold = False
        return self._replan(at, move=True)

    def end(self, at: int) -> list[Effect]:
        """Nothing after this loop."""
        self.ending = True
        return self._replan(at)

    def go_on(self, at: int) -> list[Effect] | None:
        """Take the ending back; None when it is too late for another loop to follow on the grid."""
        beat = self._cut(self._boundary(at, self._lead))
        if self._planned[-1].loop.end - self._room <= beat:
            return None
        self.ending = False
        return self._replan(at)

    def set_tempo(self, bpm: float, at: int) -> list[Effect]:
        """Another tempo from now on, in the same phase."""
        boundary = self._boundary(at, self._lead)
        self._take_back(self._cut(boundary))
        self.transport = self.transport.with_tempo(bpm, boundary)
        seconds = self.ledger.seconds(boundary)
        line = {"t": seconds, "event": "tempo", "beat": self.transport.beat, "bpm": bpm}
        return [Cancel(boundary), Write("events", line), *self._hand_over()]

    def resend(self, at: int) -> list[Effect]:
        """The player began anew: hand over again what is still to come."""
        boundary = self._boundary(at, self._lead)
        self._take_back(self._cut(boundary))
        return [Cancel(boundary), *self.ledger.lose_all(), *self._hand_over()]

    def silence(self, at: int) -> list[Effect]:
        """Every key and pedal up, at once."""
        boundary = self._boundary(at)
        beat = self._cut(boundary)
        begun = self._begin_loops(self.transport.beat_at(boundary + self._lead))
        line = {"t": self.ledger.seconds(boundary), "event": "cut", "beat": beat}
        messages = self._timeline.silence(beat)
        stop = self._pulses.stop(boundary)
        return [Cancel(boundary), stop, *begun, Write("events", line), *self._send(messages)]

    def stop_pulses(self) -> Effect:
        """After the last note, for whoever follows our clock."""
        return self._pulses.stop(self._now)

    def reported(self, report: Reported) -> list[Write]:
        if report.outcome is Outcome.ENDED:
            return self.ledger.ended(report.seq, report.at, self.transport.beat_at(report.at))
        return self.ledger.reported(report)

    def _boundary(self, at: int, lead: int = 0) -> int:
        """From when on a change can take effect.

        What sounds within `lead` may be on its way already; to change it would be heard. Silence
        does not care.
        """
        self._now = max(self._now, at)
        return self._now + MARGIN_NS + lead

    def _cut(self, boundary: int) -> float:
        """The beat that parts what is due by `boundary` from what is due later, to the ns."""
        return self.transport.beat_at(boundary) + HALF_NS * self.transport.bpm / NS_PER_MINUTE

    def _take_back(self, beat: float) -> None:
        self._timeline.take_back(beat)
        self._pulses.take_back(beat)

    def _begin_loops(self, beat: float) -> list[Write]:
        """Write down what begins to sound by `beat`; a lead-in is a beginning."""
        begun = [
            p
            for p in self._planned
            if p.loop.first_sound <= beat and p.loop.number >= self.loops_started
        ]
        for planned in begun:
            self.loops_started += 1
            self._heard.append(planned.choice.row)
            if planned.choice.row != SEED:
                self.rows_heard.add(planned.choice.row)
            elif self.warmup_loops == planned.loop.number:
                self.warmup_loops += 1
        return [Write("provenance", self._provenance(planned)) for planned in begun]

    def _look_ahead(self) -> None:
        """The loop after the one that is about to be handed over must be known."""
        horizon = self.transport.beat_at(self._now + self._ahead)
        if self.ending or self._planned[-1].loop.first_sound > horizon:
            return
        while self._planned[-1].loop.first_sound <= horizon:
            self._planned.append(self._next(move=False))
        self._lay_out()

    def _lay_out(self) -> None:
        # Of what is over, only the last loop can still ring.
        oldest = self.current.loop.number - 1
        self._planned = [p for p in self._planned if p.loop.number >= oldest]
        self._timeline.plan([p.loop for p in self._planned], last=self.ending)

    def _replan(self, at: int, move: bool = False) -> list[Effect]:
        """Decide again about each loop that another could still replace, lead-in and all."""
        boundary = self._boundary(at, self._lead)
        beat = self._cut(boundary)
        current = self.current.loop.number
        self._planned = [
            p
            for p in self._planned
            if p.loop.number <= current or p.loop.start - self._room <= beat
        ]
        self._take_back(beat)
        if not self.ending:
            self._planned.append(self._next(move))
        self._lay_out()
        self._look_ahead()
        return [Cancel(boundary), *self._hand_over()]

    def _next(self, move: bool) -> Planned:
        last = self._planned[-1]
        choice = self._choose(last.choice, move)
        return self._plan(last.loop.number + 1, last.loop.end, choice, self._now)

    def _choose(self, last: Choice, move: bool) -> Choice:
        if self.hold:
            return Choice(last.row, last.semitones, 1.0, "hold", last.rotate)
        if last.row != SEED:
            nearest = self._bundle.neighbours[last.row]
        elif self._nearest is None or (self._passes() < self._warmup and not move):
            return Choice(SEED, 0, 1.0, "warm-up")
        else:
            nearest = self._nearest
        planned = [p.choice.row for p in self._planned if p.loop.number >= self.loops_started]
        moment = Moment(
            bundle=self._bundle,
            row=last.row,
            semitones=last.semitones,
            nearest=nearest,
            heard=[*self._heard, *planned],
            bar=self.seed.phrase.bar,
            bpm=self.transport.bpm,
            move=move,
            rotate=last.rotate,
            loop=self._planned[-1].loop.number + 1,
            seconds=self.ledger.seconds(self.transport.ns_at(self._planned[-1].loop.end)),
            seed=self._likeness,
            facts=self._facts,
        )
        return self._policy.choose(moment, self._rng)

    def _passes(self) -> int:
        """How often the seed will have been heard when what is planned is over."""
        return self._planned[-1].loop.number + 1

    def _plan(self, number: int, start: float, choice: Choice, at: int) -> Planned:
        if choice.row == SEED:
            source, phrase = "seed", self.seed.phrase
        else:
            source = str(self._bundle.segments["id"][choice.row])
            phrase = rotated(self._bundle.phrase(choice.row), choice.rotate)
        loop = arrange(number, start, phrase, choice.semitones)
        return Planned(loop, choice, source, phrase, start - self.transport.beat_at(at))

    def _provenance(self, planned: Planned) -> dict[str, Any]:
        row = planned.choice.row
        track, begin = "seed", 0.0
        if row != SEED:
            segment = self._bundle.segments[row]
            track, begin = str(segment["track"]), float(segment["start_beat"])
        return {
            "loop": planned.loop.number,
            "start_beat": planned.loop.start,
            "beats": planned.loop.beats,
            "source": planned.source,
            "track": track,
            "source_beats": [begin, begin + planned.loop.beats],
            "transpose": planned.choice.semitones,
            "rotate_beats": float(planned.choice.rotate),
            "tempo_scale": round(self.transport.bpm / planned.phrase.bpm, 6),
            "velocity_scale": 1.0,
            "similarity": round(planned.choice.similarity, 6),
            "decided_ahead_beats": round(planned.ahead_beats, 6),
            "policy": self._policy.name,
            "why": planned.choice.why,
            "edits": [],
        }

    def _hand_over(self) -> list[Effect]:
        horizon = self.transport.beat_at(self._now + self._ahead)
        effects = self._send(self._timeline.hand_over(horizon))
        last = self._planned[-1].loop.end if self.ending else horizon
        pulses = self._pulses.until(self.transport, min(horizon, last))
        return [*effects, pulses] if pulses.messages else effects

    def _send(self, messages: list[Message]) -> list[Effect]:
        if not messages:
            return []
        timed = [
            self.ledger.send(
                message,
                self.transport.ns_at(message.beat),
                self._now,
                (message.note - 1) // NOTES_A_LOOP if message.note else None,
            )
            for message in messages
        ]
        return [Send(tuple(timed))]
