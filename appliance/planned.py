"""A planned loop, and what is known of it before it sounds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from appliance.arranger import Loop
from appliance.copilot.edits import Edit as SaidEdit
from appliance.copilot.loop import Base
from appliance.copilot.rounds import Copilot
from appliance.edits import CODA, Edit
from appliance.moves import same_groove
from appliance.policies.moment import SEED, Choice
from appliance.talk import Talk
from corpus.keeping.bundle import Bundle
from models.notes import Phrase

TRAIL = 64  # grooves that `back` leads through before it is at the seed
AS_PLAYED = Choice(SEED, 0, 1.0, "the seed")


@dataclass(frozen=True, eq=False)
class Planned:
    """A loop and where it comes from.

    `phrase` is its source after rotation, after what was said to it (`talk`) and after `edits`;
    `live` semitones of transposition come on top of those of the choice. `trail` are the grooves up
    to this one, each once.
    """

    loop: Loop
    choice: Choice
    source: str
    phrase: Phrase
    ahead_beats: float
    velocity_scale: float = 1.0
    edits: tuple[Edit, ...] = ()
    live: int = 0
    trail: tuple[Choice, ...] = (AS_PLAYED,)
    talk: Talk | None = None

    @property
    def semitones(self) -> int:
        """The transposition that is heard."""
        return self.choice.semitones + self.live

    @property
    def base(self) -> Base:
        """The source, as a copilot names it."""
        return Base(self.choice.row, self.semitones, self.choice.rotate)

    @property
    def said(self) -> tuple[SaidEdit, ...]:
        """What was done to the source because somebody said so."""
        return () if self.talk is None else self.talk.edits

    @property
    def lift(self) -> int:
        """The semitones that `phrase` is still to be transposed by."""
        return 0 if self.said else self.semitones

    def with_copilot(self, change: Callable[[Copilot], Copilot]) -> "Planned":
        """The same loop with another copilot, where it has one."""
        if self.talk is None:
            return self
        return replace(self, talk=Talk(change(self.talk.copilot), self.talk.base))

    def trail_to(self, choice: Choice) -> tuple[Choice, ...]:
        """A groove further, unless it is the same; only so many are kept, the seed comes before
        all."""
        trail = self.trail
        return trail if same_groove(trail[-1], choice) else (*trail, choice)[-TRAIL:]

    @property
    def is_coda(self) -> bool:
        return CODA in self.edits

    def provenance(
        self, bundle: Bundle, seed_beats: float, bpm: float, policy: str
    ) -> dict[str, Any]:
        """The line of provenance, when it begins at this tempo."""
        track, begin, beats = "seed", 0.0, seed_beats
        if self.choice.row != SEED:
            segment = bundle.segments[self.choice.row]
            track, begin = str(segment["track"]), float(segment["start_beat"])
            beats = float(segment["beats"])
        return {
            "loop": self.loop.number,
            "start_beat": self.loop.start,
            "beats": self.loop.beats,
            "source": self.source,
            "track": track,
            "source_beats": [begin, begin + beats],
            "transpose": self.semitones,
            "live_transpose": self.live,
            "rotate_beats": float(self.choice.rotate),
            "tempo_scale": round(bpm / self.phrase.bpm, 6),
            "velocity_scale": self.velocity_scale,
            "similarity": round(self.choice.similarity, 6),
            "decided_ahead_beats": round(self.ahead_beats, 6),
            "policy": policy,
            "why": self.choice.why,
            "edits": [dict(edit) for edit in (*self.said, *self.edits)],
        }


class News(NamedTuple):
    """Something that happened by itself: for the screen, and for the journal."""

    notice: str
    why: str
