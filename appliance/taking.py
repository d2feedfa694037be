"""A take, from what is recorded of it to the loop that plays: in values that the session keeps."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from appliance.deciding import Terms
from appliance.events import CompareSeed, Effect, KeepSeed, Write
from appliance.ledger import Ledger
from appliance.listener import Listener
from appliance.playing import Playing
from appliance.policies import Policy
from appliance.policies.facts import Facts
from appliance.seed import Seed
from appliance.settings import Settings
from corpus.keeping.bundle import Bundle

MARK_CHARACTERS = 200

Line = dict[str, Any]
Source = Literal["recording", "recent", "replay"]


@dataclass(frozen=True, eq=False)
class Kit:
    """What takes are played with."""

    settings: Settings
    bundle: Bundle
    facts: Facts
    policy: Policy

    def policy_kept(self) -> Policy:
        """The policy as it is now, whatever becomes of it."""
        return deepcopy(self.policy, {id(one): one for one in (self.facts, self.bundle)})


@dataclass(frozen=True, eq=False)
class Recording:
    """What is recorded from `start` (ns) on: lines of the journal, which a loop that is withdrawn
    does not put an end to."""

    start: int
    lines: list[Line] = field(default_factory=list)

    def hear(self, heard: Iterable[tuple[int, bytes]]) -> list[Effect]:
        """MIDI in, with its times."""
        return self._write(
            {"t": self._seconds(at), "who": "player", "midi": data.hex()} for at, data in heard
        )

    def mark(self, at: int, text: str) -> list[Effect]:
        return self._write([{"t": self._seconds(at), **marked(text)}])

    def again(self, since: int = 0) -> list[Effect]:
        """What was recorded after the first `since` lines, to be written once more."""
        return [Write("events", line) for line in self.lines[since:]]

    def _seconds(self, at: int) -> float:
        return round((at - self.start) / 1e9, 6)

    def _write(self, lines: Iterable[Line]) -> list[Effect]:
        new = list(lines)
        self.lines.extend(new)
        return [Write("events", line) for line in new]


class Beginning(NamedTuple):
    """How a loop comes about: the take's time begins at `first_tap`, and after `taken` beats of it
    the loop, at `at` (both ns)."""

    seed: Seed
    first_tap: int
    at: int
    taken: int
    source: Source

    @property
    def offset(self) -> float:
        """The beat of the first tap: a bar of room before it, for its lead-in."""
        return self.seed.phrase.bar

    @property
    def start_beat(self) -> float:
        return self.offset + self.taken

    @property
    def line(self) -> Line:
        """Of the journal."""
        return {
            "t": round((self.at - self.first_tap) / 1e9, 6),
            "event": "loop",
            "beat": self.start_beat,
            "bpm": self.seed.phrase.bpm,
            "bar": self.seed.phrase.bar,
            "first_tap": self.offset,
            "confidence": round(self.seed.confidence, 3),
            "from": self.source,
        }


def looped(seed: Seed, first_tap: int, at: int, source: Source = "recording") -> Beginning:
    """A seed that was played from `first_tap` on is looped from `at` on."""
    taken = max(1, round(seed.seconds * seed.phrase.bpm / 60))
    return Beginning(seed, first_tap, at, taken, source)


def replayed(seed: Seed, at: int) -> Beginning:
    """A seed is looped once more, and begins to sound at `at`."""
    return Beginning(seed, at, at + seed.lead_in, 0, "replay")


@dataclass(frozen=True, eq=False)
class Take:
    """What plays, what it is played with, and the take as it would go on if it were recorded
    still."""

    playing: Playing
    terms: Terms
    beginning: Beginning

    @classmethod
    def begin(
        cls, beginning: Beginning, kit: Kit, number: int, first_seq: int, listener: Listener
    ) -> "Take":
        first_tap, at, start_beat = beginning.first_tap, beginning.at, beginning.start_beat
        listener.begin(start_beat)
        terms = Terms(beginning.seed, kit.bundle, kit.facts, kit.settings, number)
        ledger = Ledger(first_seq, first_tap)
        playing = Playing(terms, kit.policy, start_beat, first_tap, at, ledger, listener)
        return cls(playing, terms, beginning)

    def enter(self, since: int, now: int, comparison: int) -> list[Effect]:
        """Play, and write down what does: sound before paper."""
        effects = self.playing.enter(since, now)
        beginning = self.beginning
        return [
            *without_paper(effects),
            KeepSeed(beginning.seed, beginning.offset, self.summary()),
            Write("events", beginning.line),
            *(effect for effect in effects if isinstance(effect, Write)),
            CompareSeed(comparison, beginning.seed.phrase, self.bundle.path, self.bundle.sha256),
        ]

    @property
    def bundle(self) -> Bundle:
        return self.terms.bundle

    def line(self, at: int, **more: Any) -> Write:
        """A line of the journal."""
        return Write("events", {"t": self.playing.ledger.seconds(at), **more})

    def heard(self, at: int, beat: float, data: bytes) -> Write:
        return self.line(at, beat=round(beat, 9), who="player", midi=data.hex())

    def summary(self) -> dict[str, Any]:
        playing, ledger, bundle = self.playing, self.playing.ledger, self.bundle
        phrase = self.beginning.seed.phrase
        return {
            "seed": {
                "notes": len(phrase.notes),
                "beats": phrase.beats,
                "seconds": round(self.beginning.seed.seconds, 6),
                "bpm": round(phrase.bpm, 6),
            },
            "loops": playing.course.loops_begun,
            "bundle": {"name": bundle.name, "sha256": bundle.sha256},
            "rng": self.terms.settings.rng,
            "lateness_us": ledger.lateness.summary(),
            "late_over_1ms": ledger.lateness.over(1000),
            "stuck_notes": ledger.stuck,
            "gaps_ms_max": round(ledger.gap_ns / 1e6, 3),
            "warmup_loops": playing.course.seed_loops,
            "distinct_segments": len(playing.course.rows_heard),
        }


def marked(text: str) -> Line:
    """A moment that somebody wants to find again."""
    return {"event": "mark", **({"text": text[:MARK_CHARACTERS]} if text else {})}


def without_paper(effects: Iterable[Effect]) -> list[Effect]:
    """What is to be heard, without what is to be written of it."""
    return [effect for effect in effects if not isinstance(effect, Write)]


@dataclass(frozen=True, eq=False)
class Begun:
    """What a tap at `at` began and a withdrawal undoes: there is nothing before a recording, and
    `recording` with its first `lines` before a loop. `take` is None where no loop came of it."""

    at: int
    recording: Recording | None = None
    lines: int = 0
    take: Take | None = None
    policy: Policy | None = None  # these two as they were
    last_seed: Seed | None = None
