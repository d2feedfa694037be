"""From what was decided to a loop on the grid: its source, what was done to it, and where it is."""

from dataclasses import dataclass

from appliance.arranger import arrange
from appliance.copilot.loop import Base
from appliance.deciding import Next, Terms
from appliance.edits import edited
from appliance.moves import within_keys
from appliance.planned import Planned
from appliance.policies import SEED, Choice
from corpus.cutting.rotation import rotated
from models.notes import Phrase


@dataclass(frozen=True, eq=False)
class Sources:
    """The seed and the corpus of a take. `live` is how far a performer transposes."""

    terms: Terms

    def base(self, choice: Choice, live: int) -> Base:
        """Where a choice comes from and how it is transposed, as a copilot names it."""
        return Base(choice.row, self._heard_at(choice, live), choice.rotate)

    def planned(self, following: Next, last: Planned, ahead: float, live: int) -> Planned:
        """The loop after `last`, known `ahead` beats before it begins."""
        choice, talk = following.choice, following.talk
        phrase = self._phrase(choice)
        semitones = self._heard_at(choice, live) if talk is None else talk.base.semitones
        lift = semitones
        if talk is not None and talk.edits:
            phrase, lift = talk.phrase(phrase.bpm), 0  # it is transposed as well
        phrase = edited(phrase, following.edits)
        return Planned(
            loop=arrange(last.loop.number + 1, last.loop.end, phrase, lift),
            choice=choice,
            source=self._named(choice),
            phrase=phrase,
            ahead_beats=ahead,
            edits=following.edits,
            live=semitones - choice.semitones,
            trail=following.trail or last.trail_to(choice),
            talk=talk,
        )

    def _named(self, choice: Choice) -> str:
        row = choice.row
        return "seed" if row == SEED else str(self.terms.bundle.segments["id"][row])

    def _phrase(self, choice: Choice) -> Phrase:
        """The source as it was played, entered where the choice enters it."""
        is_seed = choice.row == SEED
        phrase = self.terms.seed.phrase if is_seed else self.terms.bundle.phrase(choice.row)
        return rotated(phrase, choice.rotate)

    def _heard_at(self, choice: Choice, live: int) -> int:
        """The transposition of a choice with the live one on top, as far as keys go."""
        if not live:
            return choice.semitones
        notes = self._phrase(choice).notes
        return within_keys(choice.semitones + live, notes, choice.semitones)
