"""What comes next in a take: the seed again, what a performer asked for, or what the policy says.

Deciding the same loop again, after the same loops and with the same wishes, gives the same answer:
each loop has chance of its own.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from appliance.edits import CODA, Edit
from appliance.events import SeedFound
from appliance.listener import Listening
from appliance.moves import Wishes, way_home
from appliance.planned import AS_PLAYED, News, Planned
from appliance.policies import SEED, Choice, Moment, Policy, SeedLikeness
from appliance.policies.facts import Facts
from appliance.policies.steps import stay, towards
from appliance.seed import Seed
from appliance.settings import Settings
from appliance.talk import Bound, Talk
from appliance.unmatched import WORDS, nearest_by_columns
from appliance.warmup import seed_passes, vary
from corpus.keeping.bundle import Bundle
from corpus.neighbours import Neighbours

NOT_HERE = "not here: "  # so a policy says that the corpus lacks something
WAITING = "not compared yet"
TRIES = 4  # of a policy to say what keeps to what was said
LENGTHS = {True: "triple", False: "duple"}


class Scene(NamedTuple):
    """Where a decision is made: after loop `last`, for one that begins `seconds` after the first
    tap; `heard` are the rows up to it, latest last. `bound` is what was said, if anything was."""

    last: Planned
    heard: Sequence[int]
    bpm: float
    seconds: float
    listening: Listening | None
    bound: Bound | None = None

    @property
    def number(self) -> int:
        """Of the loop that is decided."""
        return self.last.loop.number + 1


class Next(NamedTuple):
    """What the next loop is; without a `trail` it is one groove further. `talk` is what was said,
    as of that choice."""

    choice: Choice
    edits: tuple[Edit, ...] = ()
    trail: tuple[Choice, ...] | None = None
    talk: Talk | None = None


@dataclass(frozen=True, eq=False)
class Terms:
    """What a take is played with."""

    seed: Seed
    bundle: Bundle
    facts: Facts
    settings: Settings
    take: int


class Decider:
    """One take's. `policy` may be put back to what it was before a decision."""

    def __init__(self, terms: Terms, policy: Policy) -> None:
        self.policy = policy
        self.news: deque[News] = deque(maxlen=16)
        self.home_loop = 0  # the last on the way home
        self._terms = terms
        self._settings = terms.settings
        self._facts = terms.facts
        self._passes = seed_passes(terms.settings.warmup_loops, policy)
        self._nearest: Neighbours | None = None
        self._by_columns: Neighbours | None = None  # where the comparison does not come
        self._likeness: SeedLikeness | None = None
        self._is_hopeless = False  # no comparison will come
        self._told: set[News] = set()
        self._look_at_corpus()

    def shared(self) -> dict[int, Any]:
        """What a copy of the policy has in common with it, as a memo for deepcopy."""
        return {id(one): one for one in (self._facts, self._terms.bundle, self._likeness)}

    def seed_compared(self, found: SeedFound) -> None:
        pitch = float(self._terms.seed.phrase.notes["pitch"].mean())
        self._nearest, self._likeness = found.nearest, SeedLikeness(found.vectors, pitch)
        nearest = float(found.nearest["similarity"].max(initial=-1.0))
        if len(self._terms.bundle) > 1 and 1.0 - nearest >= self._facts.random_step:
            why = f"the seed is far from the whole corpus (its nearest: {nearest:.3f})"
            self._tell("FAR FROM ALL YOU HAVE", why)

    def seed_not_compared(self, fault: str) -> None:
        """It never will be; what is near it by other means has to do."""
        self._is_hopeless = True
        self._tell("NO MATCH", fault or "the seed was not compared")

    def next(self, scene: Scene, wishes: Wishes) -> Next:
        last = scene.last
        now = wishes.step if wishes.at == scene.number else ""
        if wishes.finish == "coda":
            return Next(replace(last.choice, similarity=1.0, why="coda"), (CODA,), last.trail)
        if now == "back":
            return self._back(scene, wishes.presses)
        if wishes.hold and now != "next":
            edits = tuple(edit for edit in last.edits if edit != CODA)
            return Next(replace(last.choice, similarity=1.0, why="hold"), edits, last.trail)
        if wishes.finish == "home":
            return self._homeward(scene)
        return self._onward(scene, wishes.presses if now == "next" else 0)

    def _onward(self, scene: Scene, presses: int) -> Next:
        """The warm-up, and then what the policy says."""
        from_seed = scene.last.choice.row == SEED
        again = self._seed_again(scene) if from_seed and not presses else None
        if again is not None:
            return again
        unmatched = from_seed and self._nearest is None
        moment = self._moment(scene, move=presses > 0)
        choice = self._chosen(moment, scene.bound, self._rng(scene.number, presses))
        if NOT_HERE in choice.why:
            self._tell("NOT IN THE CORPUS", choice.why)
        if unmatched and choice.row != SEED:
            choice = replace(choice, why=f"{choice.why}; {WORDS}: the seed was not compared")
        return Next(choice)

    def _chosen(self, moment: Moment, bound: Bound | None, rng: np.random.Generator) -> Choice:
        """What the policy says, as soon as that keeps to what was said; else what plays now."""
        if bound is None or bound.is_free:
            return self.policy.choose(moment, rng)
        if not bound.is_fixed:
            for _ in range(TRIES):
                choice = self.policy.choose(moment, rng)
                if bound.takes(choice):
                    return choice
                moment = moment.without(choice.row) if choice.row != SEED else moment
        why = "what is locked stays" if bound.is_fixed else "nothing else keeps to what was said"
        self._tell("IT STAYS AS YOU SAID", why)
        return stay(moment, why)

    def _seed_again(self, scene: Scene) -> Next | None:
        """The seed once more, while it warms up or waits to be compared: varied, unless something
        was said of it."""
        number, why = scene.number, "warm-up"
        if number >= self._passes:
            if self._nearest is not None or self._is_hopeless:
                return None
            if number >= self._settings.patience:
                fault = f"the seed was not compared in {number} loops; going on {WORDS}"
                self._tell("NO MATCH YET", fault)
                return None
            why = WAITING
        is_free = scene.bound is None or scene.bound.is_free
        chance, phrase = self._settings.vary if is_free else 0.0, self._terms.seed.phrase
        variation = vary(phrase, chance, self._rng(number))
        return Next(Choice(SEED, 0, 1.0, f"{why}, {variation.why}"), variation.edits)

    def _back(self, scene: Scene, presses: int) -> Next:
        trail = scene.last.trail[:-presses] or (AS_PLAYED,)
        if scene.bound is not None and not scene.bound.takes(trail[-1]):
            self._tell("IT STAYS AS YOU SAID", "what was before does not keep to what was said")
            last = scene.last
            return Next(replace(last.choice, similarity=1.0, why="stays"), (), last.trail)
        alike = self._alike(self._moment(scene), trail[-1])
        return Next(replace(trail[-1], similarity=alike, why="back"), (), trail)

    def _homeward(self, scene: Scene) -> Next:
        moment = self._moment(scene)
        way = way_home(moment, self._nearest)
        self.home_loop = scene.number + len(way or [])
        if way:
            step = towards(moment, way[0], f"home, {len(way)} before the seed")
            if scene.bound is None or scene.bound.takes(step):
                return Next(step)
            self.home_loop = scene.number
        why = "home" if way is not None else "home, straight: no short way is known"
        alike = self._alike(moment, AS_PLAYED)
        return Next(replace(AS_PLAYED, similarity=alike, why=why))

    def alike(self, scene: Scene, choice: Choice) -> float:
        """The similarity of any choice to what plays at a scene; 0 where it is not known."""
        return self._alike(self._moment(scene), choice)

    def _alike(self, moment: Moment, choice: Choice) -> float:
        """The similarity of a choice to what plays at a moment; 0 where it is not known."""
        if moment.row == choice.row:
            return 1.0
        if SEED not in (moment.row, choice.row):
            return towards(moment, choice.row, "").similarity
        if self._likeness is None:
            return 0.0
        segment = choice if moment.row == SEED else moment
        rows, semitones = np.array([segment.row]), np.array([segment.semitones])
        return float(self._likeness.similarity(self._facts, rows, semitones)[0])

    def _moment(self, scene: Scene, move: bool = False) -> Moment:
        last, bundle = scene.last.choice, self._terms.bundle
        return Moment(
            bundle=bundle,
            row=last.row,
            semitones=last.semitones,
            nearest=self._near_seed() if last.row == SEED else bundle.neighbours[last.row],
            heard=scene.heard,
            bar=self._terms.seed.phrase.bar,
            bpm=scene.bpm,
            move=move,
            rotate=last.rotate,
            loop=scene.number,
            seconds=scene.seconds,
            seed=self._likeness,
            facts=self._facts,
            listening=scene.listening,
            allowed=None if scene.bound is None else scene.bound.allowed,
        )

    def _near_seed(self) -> Neighbours:
        if self._nearest is not None:
            return self._nearest
        if self._by_columns is None:
            self._by_columns = nearest_by_columns(self._facts, self._terms.seed.phrase)
        return self._by_columns

    def _rng(self, number: int, presses: int = 0) -> np.random.Generator:
        return np.random.default_rng([self._settings.rng, self._terms.take, number, presses])

    def _look_at_corpus(self) -> None:
        if len(self._terms.bundle) == 1:
            self._tell("ONLY ONE SEGMENT", "the corpus has one segment")
        triple = bool(self._terms.seed.phrase.bar % 3 == 0)
        if triple not in self._facts.metres:
            metre = LENGTHS[triple]
            self._tell(f"NO {metre.upper()} METRE", f"no segment of the corpus is in {metre} metre")

    def _tell(self, notice: str, why: str) -> None:
        """Once a take."""
        if (news := News(notice, why)) not in self._told:
            self._told.add(news)
            self.news.append(news)
