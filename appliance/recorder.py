"""Takes come and go: recorded, looped, found in what was just played, played again, withdrawn.

The recorder has the take that plays and what is needed for the next one. It keeps to the times it
is told, and what it does comes out as effects.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from appliance.errors import SeedError
from appliance.events import BeginTake, DropSeed, Effect, EndTake, Refused, State
from appliance.listener import Listener
from appliance.policies import prepare
from appliance.policies.listening import tracks
from appliance.recalling import recall
from appliance.seed import EARLY_SECONDS, MAX_SECONDS, Seed, capture
from appliance.taking import (
    Beginning,
    Begun,
    Kit,
    Recording,
    Take,
    looped,
    marked,
    replayed,
    without_paper,
)
from appliance.tracking import Tracker
from appliance.transport import Transport

LISTEN_MESSAGES = 20_000  # MIDI in that is remembered: a take of MAX_SECONDS at full wire speed
IDLE = Transport(0.0, 0, 120.0)  # what beats are where no loop gives any
DRAIN_NS = 2_000_000_000  # how long a finished take waits for the player's last reports
WITHDRAW_NS = 5_000_000_000  # how long what a tap began can be withdrawn
EARLY_NS = round(EARLY_SECONDS * 1e9)
LATE_NS = 40_000_000  # what was due so long ago can still be played when a loop comes in midway


@dataclass
class _Closing:
    """A take that is over, but for the reports of its last messages."""

    take: Take
    deadline: int


class Recorder:
    """At any time nothing, a recording, or a take that plays; `now` (ns) is set from outside.

    What `coming` holds of the kit counts from the next take on. `say` is given words for the
    screen.
    """

    def __init__(self, kit: Kit, say: Callable[[str], None]) -> None:
        self.now = 0
        self.kit = kit
        self.coming: dict[str, Any] = {}
        self.take: Take | None = None
        self.last_seed: Seed | None = None
        self.listener = Listener()
        self.tracker = Tracker(self.listener, tracks(kit.policy))
        self.comparisons = 0  # that were asked for; the latest has this number
        self._say = say
        self._takes = 0
        self._listened: deque[tuple[int, bytes]] = deque(maxlen=LISTEN_MESSAGES)
        self._recording: Recording | None = None
        self._begun: Begun | None = None
        self._closing: _Closing | None = None
        self._over_at = 0  # the last take: an event may come late, a take cannot begin before it
        self._next_seq = 1
        prepare(kit.policy, kit.facts)

    @property
    def state(self) -> State:
        if self.take is None:
            return "idle" if self._recording is None else "recording"
        if self.take.playing.ending:
            return "ending"
        return "warmup" if self.take.playing.current.source == "seed" else "groove"

    @property
    def recorded(self) -> float | None:
        """Seconds; None where nothing is recorded."""
        if self._recording is None:
            return None
        return max(0.0, (self.now - self._recording.start) / 1e9)

    @property
    def is_closing(self) -> bool:
        """A take is over, and not all of it was reported."""
        return self._closing is not None

    def takes(self) -> Iterator[Take]:
        """Those that reports can be about."""
        if self._closing is not None:
            yield self._closing.take
        if self.take is not None:
            yield self.take

    # -- what is played ---------------------------------------------------------------------------

    def hear(self, at: int, data: bytes) -> list[Effect]:
        """A note or control change, at `at` (ns)."""
        self._listened.append((at, data))
        beat = (IDLE if self.take is None else self.take.playing.transport).beat_at(at)
        self.listener.hear(beat, data)
        recording = self._recording or self._withdrawn_to
        written = [] if recording is None else recording.hear([(at, data)])
        if self.take is not None:
            return [self.take.heard(at, beat, data)]
        return written if self._recording is not None else []

    def mark(self, at: int, text: str) -> list[Effect]:
        """This moment, in the journal of the take."""
        recording = self._recording or self._withdrawn_to
        written = [] if recording is None else recording.mark(at, text)
        if self._recording is None:
            written = [take.line(at, **marked(text)) for take in list(self.takes())[-1:]]
        if not written:
            return [Refused("NOTHING TO MARK")]
        self._say("MARKED")
        return written

    def _heard(self, since: int) -> list[tuple[int, bytes]]:
        """From then on, or a little earlier: what a hand that is early played is of a take."""
        since -= EARLY_NS
        return [(at, data) for at, data in self._listened if at >= since]

    # -- how a take begins ------------------------------------------------------------------------

    def record(self, at: int) -> list[Effect]:
        """From `at` on; what was heard since, if this comes late, is part of it."""
        effects = self.drain(patience=False)
        self._recording = Recording(max(at, self._over_at))
        self._begun = Begun(at)
        self._say("")
        return [*effects, BeginTake(), *self._recording.hear(self._heard(self._recording.start))]

    def over(self, at: int) -> list[Effect]:
        """Record again."""
        return [EndTake(None), *self.record(at)]

    def loop(self, at: int) -> list[Effect]:
        """The second tap: from here the loop is on the grid. A hand that was a little before the
        foot is so in every pass but this first, where its notes come with the tap."""
        recording = self._recording
        assert recording is not None
        begun = Begun(at, recording, len(recording.lines))
        try:
            seed = capture(recording.start, at, self._listened, self.kit.settings.bpm)
        except SeedError as error:
            effects = self.drop(str(error))
            self._begun = begun
            return [*effects, Refused(str(error))]
        policy, last_seed = self.kit.policy_kept(), self.last_seed
        beginning = looped(seed, recording.start, at)
        effects = self._play(beginning, _since(beginning, at), at)
        self._begun = replace(begun, take=self.take, policy=policy, last_seed=last_seed)
        return effects

    def recent(self, at: int) -> list[Effect]:
        """What was just played, as if it had been looped in time."""
        heard = self._heard(self._over_at + EARLY_NS)
        try:
            found = recall(heard, at, self.now, self.kit.settings.bpm)
        except SeedError as error:
            return [Refused(str(error))]
        effects = self.drain(patience=False)
        beginning = looped(found.seed, found.start, found.enters, "recent")
        loop = self._play(beginning, _since(beginning, self.now), self.now)
        return [
            *effects,
            BeginTake(),
            *loop,
            *Recording(found.start).hear(self._heard(found.start)),
        ]

    def replay(self, at: int) -> list[Effect]:
        """The last seed again."""
        if self.last_seed is None:
            return [Refused("NO SEED YET")]
        effects = self.drain(patience=False)
        begins = max(at, self._over_at)
        beginning = replayed(self.last_seed, begins)
        return [*effects, BeginTake(), *self._play(beginning, begins, begins)]

    def _play(self, beginning: Beginning, since: int, now: int) -> list[Effect]:
        """The loop comes in at `now`, with all that is due from `since` on (ns)."""
        seed = beginning.seed
        self._recording = self._begun = None
        self.last_seed = seed
        self._takes += 1
        self.comparisons += 1
        self.tracker.begin(beginning.start_beat)
        self.take = Take.begin(beginning, self.kit, self._takes, self._next_seq, self.listener)
        self._say(f"{seed.phrase.beats:g} BEATS {seed.phrase.bpm:.0f} BPM")
        return self.take.enter(since, now, self.comparisons)

    # -- how it is undone -------------------------------------------------------------------------

    @property
    def _withdrawn_to(self) -> Recording | None:
        """What would go on if the loop were withdrawn."""
        return None if self._begun is None else self._begun.recording

    def withdraw(self, at: int) -> list[Effect]:
        """What a tap at `at` began has never been: it was more than a tap."""
        begun, self._begun = self._begun, None
        if begun is None or begun.at != at or self.take is not begun.take:
            return [Refused("TOO LATE")]
        self._say("")
        self._recording = begun.recording
        if begun.recording is None:
            return [EndTake(None)]
        if begun.take is None:
            return [BeginTake(), *begun.recording.again()]
        return [*self._unplay(begun.take, begun), DropSeed(), *begun.recording.again(begun.lines)]

    def _unplay(self, take: Take, begun: Begun) -> list[Effect]:
        """Silence, and all as it was before the loop."""
        assert begun.policy is not None
        effects = without_paper(take.playing.silence(self.now))
        self._next_seq = take.playing.ledger.next_seq
        self.take, self.last_seed = None, begun.last_seed
        self._takes -= 1
        self.kit = replace(self.kit, policy=begun.policy)
        self.listener.begin(IDLE.beat_at(self.now))
        return effects

    # -- how it ends ------------------------------------------------------------------------------

    def drop(self, why: str) -> list[Effect]:
        """Nothing comes of the recording."""
        self._recording = self._begun = None
        self._say(why)
        return [EndTake(None)]

    def stop(self, at: int) -> list[Effect]:
        """Silence at once."""
        if self._recording is not None:
            return self.drop("STOPPED")
        if self.take is None:
            return []
        effects = self.take.playing.silence(at)
        self._close(self.take)
        return effects

    def advance(self) -> list[Effect]:
        """Time passes."""
        if self._begun is not None and self.now > self._begun.at + WITHDRAW_NS:
            self._begun = None
        effects: list[Effect] = []
        if self.take is not None:
            effects += self._advance(self.take)
        elif self._recording is not None and (self.recorded or 0.0) > MAX_SECONDS:
            effects += self.drop("TOO LONG")
        return effects + self.drain()

    def _advance(self, take: Take) -> list[Effect]:
        playing = take.playing
        effects = playing.advance(self.now)
        beat, bpm = playing.transport.beat_at(self.now), playing.transport.bpm
        bar, bundle = playing.seed.phrase.bar, take.bundle
        effects += self.tracker.ask(beat, bpm, bar, bundle.path, bundle.sha256)
        if playing.finished:
            effects.append(playing.stop_pulses())
            self._close(take)
        return effects

    def drain(self, patience: bool = True) -> list[Effect]:
        """End the take that closes, when all of it was reported; without `patience`, at once."""
        if self._closing is None:
            return []
        take = self._closing.take
        ledger = take.playing.ledger
        if patience and (ledger.waiting or ledger.stuck) and self.now < self._closing.deadline:
            return []
        self._closing = None
        return [*ledger.close(), take.line(self.now, event="end"), EndTake(take.summary())]

    def renew(self) -> None:
        """Between takes, what the next ones are played with."""
        if not self.coming or self.state != "idle":
            return
        before, self.kit = self.kit, replace(self.kit, **self.coming)
        self.coming.clear()
        if self.kit.policy is not before.policy or self.kit.facts is not before.facts:
            prepare(self.kit.policy, self.kit.facts)
            self.tracker.wanted = tracks(self.kit.policy)
        if self.kit.bundle is not before.bundle:
            self._say(self.kit.bundle.name)

    def _close(self, take: Take) -> None:
        self._next_seq = take.playing.ledger.next_seq
        self._closing = _Closing(take, self.now + DRAIN_NS)
        self.take = self._begun = None
        self._over_at = self.now
        self.listener.begin(IDLE.beat_at(self.now))


def _since(beginning: Beginning, now: int) -> int:
    """From when on (ns) what is due is played by a loop that comes in at `now`: from its lead-in,
    if that was not too long ago."""
    return max(beginning.at - beginning.seed.lead_in, now - LATE_NS)
