"""One take while it plays: the loops of its course are handed over in time, and written down."""

from collections.abc import Callable
from dataclasses import dataclass

from appliance.arranger import CONTROL, NOTE_ON, NOTES_A_LOOP
from appliance.copilot.loop import Base
from appliance.copilot.rounds import Copilot
from appliance.course import HEARD as HEARD
from appliance.course import Course, Cut
from appliance.deciding import Decider, Terms
from appliance.events import Cancel, Effect, Outcome, Reported, SeedFound, Send, Write
from appliance.ledger import Ledger
from appliance.listener import Listener
from appliance.moves import Finish, Pending, Step
from appliance.planned import News, Planned
from appliance.policies import Policy
from appliance.pulse import PulseTrain
from appliance.talk import Talk
from appliance.timeline import Message, Timeline
from appliance.transport import NS_PER_MINUTE, Transport

MARGIN_NS = 20_000_000  # a change takes effect this late, so that the player hears of it in time
THINKING_NS = 400_000_000  # and this much later where a copilot is asked first, on a slow machine
HALF_NS = 0.5  # messages are due at whole nanoseconds

Move = Callable[[Cut], bool]


@dataclass(frozen=True)
class Situation:
    """Where the music is: which loop sounds, the beat where it ends, and the tempo."""

    loop: int
    end_beat: float
    transport: Transport


class Playing:
    """From the second tap, at beat `start_beat` and time `at`, to the last note; the first tap was
    at `first_tap` (both ns). `step`-like: every method takes the time."""

    def __init__(
        self,
        terms: Terms,
        policy: Policy,
        start_beat: float,
        first_tap: int,
        at: int,
        ledger: Ledger,
        listener: Listener,
    ) -> None:
        self.seed = terms.seed
        self.transport = Transport(start_beat, at, terms.seed.phrase.bpm)
        self.ledger = ledger
        self.course = Course(terms, Decider(terms, policy), start_beat, first_tap)
        self._bundle = terms.bundle
        self._ahead = terms.settings.ahead
        self._lead = terms.settings.lead
        self._dynamics = terms.settings.dynamics
        self._listener = listener
        self._pulses = PulseTrain(start_beat)
        self._timeline = Timeline(start_beat)
        self._now = at
        self._lay_out()

    @property
    def current(self) -> Planned:
        """What sounds now."""
        return self.course.current(self.transport.beat_at(self._now))

    @property
    def queued(self) -> Planned | None:
        """What follows it."""
        return self.course.following(self.current)

    @property
    def pending(self) -> Pending | None:
        """The latest move that has not come about."""
        return self.course.pending(self.transport.beat_at(self._now))

    @property
    def hold(self) -> bool:
        return self.course.wishes.hold

    @property
    def ending(self) -> bool:
        return self.course.is_ending

    @property
    def situation(self) -> Situation:
        return Situation(self.current.loop.number, self.current.loop.end, self.transport)

    @property
    def finished(self) -> bool:
        """The last note has come and gone, and the player said so."""
        over = self.transport.beat_at(self._now) >= self.course.last.loop.end
        return (
            self.course.is_closed and over and self._timeline.finished and not self.ledger.waiting
        )

    def news(self) -> list[News]:
        """What happened by itself since this was last asked."""
        news = list(self.course.decider.news)
        self.course.decider.news.clear()
        return news

    def seed_compared(self, found: SeedFound | None, fault: str, at: int) -> list[Effect]:
        """The way from the seed is known, or never will be."""
        if found is None:
            self.course.decider.seed_not_compared(fault)
        else:
            self.course.decider.seed_compared(found)
        return self._move(at, self.course.reconsider) or []

    def enter(self, since: int, now: int) -> list[Effect]:
        """Come in at `now`, with all that is due from `since` on. What was due before has passed,
        a lead-in too; only the pedals are set as they would be."""
        passed = self._timeline.skip(self.transport.beat_at(since))
        pedals = {one.data[1]: one for one in passed if one.data[0] == CONTROL}
        lines: list[Effect] = [
            self.ledger.passed(one, self.transport.ns_at(one.beat))
            for one in passed
            if one.data[0] == NOTE_ON
        ]
        self._now = max(self._now, now)
        return [*self._send(list(pedals.values())), *self.advance(now), *lines]

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

    # -- moves: None when it is too late for what they ask ----------------------------------------

    def set_hold(self, hold: bool, at: int) -> list[Effect] | None:
        """Repeat what plays now until told otherwise, or go on."""
        return self._move(at, lambda cut: self.course.hold(hold, cut))

    def step(self, step: Step, at: int) -> list[Effect] | None:
        """Something else after this loop, or what was before it."""
        return self._move(at, lambda cut: self.course.step(step, cut))

    def finish(self, finish: Finish, at: int) -> list[Effect] | None:
        """Nothing after this loop, or after a coda, or after the way back to the seed."""
        return self._move(at, lambda cut: self.course.finish(finish, cut))

    def transpose(self, semitones: int, at: int) -> list[Effect] | None:
        """All that follows this loop, so many semitones from where it would be."""
        return self._move(at, lambda cut: self.course.transpose(semitones, cut))

    def cancel(self, at: int, ending: bool = False) -> list[Effect] | None:
        """Take back the latest move that is pending, or the ending."""
        return self._move(at, lambda cut: self.course.cancel(cut, ending))

    # -- conversation -----------------------------------------------------------------------------

    @property
    def talk(self) -> Talk | None:
        """The conversation as of the last planned loop; None before its first round."""
        return self.course.last.talk

    def talk_at(self, at: int) -> Talk | None:
        """The conversation that something said now goes on with; None before its first round."""
        return self.course.talk(self._cut_at(at, THINKING_NS))

    def base_at(self, at: int) -> Base:
        """The source of the loop that something said now is about."""
        return self.course.committed(self._cut_at(at, THINKING_NS))[-1].base

    def say(self, before: Copilot, after: Copilot, at: int) -> list[Effect] | None:
        """From the next loop on as a round left it, and in its tempo at once; `before` is who
        carried it out. None where nothing follows that could be as it says."""
        return self._move(at, lambda cut: self.course.say(before, after, cut), THINKING_NS)

    def _keep_tempo(self, at: int) -> list[Effect]:
        """The tempo that was spoken of last, and not taken back."""
        bpm = self.transport.bpm if self.talk is None else self.talk.copilot.state.bpm
        return [] if bpm == self.transport.bpm else self.set_tempo(bpm, at, THINKING_NS)

    def set_tempo(self, bpm: float, at: int, after: int = 0) -> list[Effect]:
        """Another tempo from `after` ns from now on, in the same phase."""
        boundary = self._boundary(at, self._lead + after)
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

    def _cut_at(self, at: int, thinking: int) -> Cut:
        """What a change at that time can still change."""
        boundary = self._boundary(at, self._lead + thinking)
        return Cut(self._cut(boundary), self.current.loop.number)

    def _take_back(self, beat: float) -> None:
        self._timeline.take_back(beat)
        self._pulses.take_back(beat)

    def _begin_loops(self, beat: float) -> list[Write]:
        """Write down what begins to sound by `beat`."""
        policy, beats = self.course.decider.policy.name, self.seed.phrase.beats
        lines = [
            one.provenance(self._bundle, beats, self.transport.bpm, policy)
            for one in self.course.begin(beat)
        ]
        return [Write("provenance", line) for line in lines]

    def _move(self, at: int, move: Move, thinking: int = 0) -> list[Effect] | None:
        """Decide again about each loop that another can still replace."""
        if self.talk is not None and not self.talk.copilot.is_free:
            thinking = THINKING_NS
        boundary = self._boundary(at, self._lead + thinking)
        beat = self._cut(boundary)
        cut = Cut(beat, self.current.loop.number)
        if not move(cut):
            return None
        self._take_back(beat)
        if not self.course.is_closed and not self.course.is_open(self.course.last, cut):
            self._extend()
        self._lay_out()
        self._look_ahead()
        return [Cancel(boundary), *self._hand_over(), *self._keep_tempo(at)]

    def _look_ahead(self) -> None:
        """The loop after the one that is about to be handed over must be known."""
        course, horizon = self.course, self.transport.beat_at(self._now + self._ahead)
        is_handed = self._timeline.position > course.last.loop.first_sound
        if course.last.loop.first_sound > horizon or (course.is_closed and is_handed):
            return
        while course.last.loop.first_sound <= horizon:
            if course.is_closed:
                self._level()
                break
            self._extend()
        self._lay_out()

    def _extend(self) -> None:
        self._level()
        listening = self._listener.at(self.transport.beat_at(self._now))
        self.course.extend(self.transport, self._now, listening)

    def _level(self) -> None:
        """Play the last loop as loud as goes with the player, if nothing of it was handed over."""
        last = self.course.last
        if self._timeline.position > last.loop.first_sound:
            return
        before = [one.velocity_scale for one in self.course.planned if one is not last]
        listening = self._listener.at(self.transport.beat_at(self._now))
        velocity = float(last.phrase.notes["velocity"].mean())
        scale = self._dynamics.scale(listening, velocity, before[-1] if before else 1.0)
        self.course.level(1.0 if last.talk is not None and last.talk.keeps_level else scale)

    def _lay_out(self) -> None:
        self.course.trim(self.current.loop.number)
        self._timeline.plan([p.loop for p in self.course.planned], last=self.course.is_closed)

    def _hand_over(self) -> list[Effect]:
        horizon = self.transport.beat_at(self._now + self._ahead)
        effects = self._send(self._timeline.hand_over(horizon))
        last = self.course.last.loop.end if self.course.is_closed else horizon
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
