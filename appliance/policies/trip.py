"""A trip: from waypoint to waypoint along shortest paths, arriving on time."""

import math
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from appliance.policies.facts import Facts, Floats, Rows
from appliance.policies.groove import Groove
from appliance.policies.moment import SEED, Choice, Memory, Moment
from appliance.policies.options import text_option
from appliance.policies.paths import Search
from appliance.policies.steps import in_metre, others, stay, step_to, towards
from appliance.policies.waypoints import Waypoint, read_waypoints, rows_of

EFFORT = 2  # batches of rows looked on from in one decision
BATCH = 12  # rows in each
PATIENCE = 2  # loops to wait for a way
NEARER = 1e-3  # than this nothing is: rounding would send the music to and fro
GUIDANCE = 1.0  # how much the straight distance to where the music is guides the search


@dataclass(frozen=True)
class Leg:
    """On the way to waypoint `number`, which is due at a loop or at a second of the take."""

    number: int
    since: int
    due_loop: float
    due_seconds: float


@dataclass
class Trip:
    """Waypoints with loops or minutes between them; after the last one the groove goes on.

    The way to a waypoint is searched from its end, a bounded piece at each decision; until there is
    one the music stays where it is, then it is walked evenly, and bettered as the search goes on.
    Where time is short steps are left out.
    """

    name = "trip"
    waypoints: str = text_option("", "waypoints, or a file of them")
    _list: tuple[Waypoint, ...] = field(default=(), repr=False, compare=False)
    _legs: Memory[Leg] = field(default_factory=Memory, repr=False, compare=False)
    _rows: tuple[Rows, ...] = field(default=(), repr=False, compare=False)
    _of: Facts | None = field(default=None, repr=False, compare=False)
    _search: tuple[int, Search] | None = field(default=None, repr=False, compare=False)
    _after: Groove = field(default_factory=Groove, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._list = read_waypoints(self.waypoints)

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        leg = self._legs.before(moment.loop) or self._leg(0, moment.loop - 1, moment.seconds)
        missing = ""
        while leg.number < len(self._list):
            choice = self._towards(moment, leg)
            if choice is not None:
                self._legs.keep(moment.loop, self._next_leg(moment, leg))
                return replace(choice, why=choice.why + missing)
            missing = f"; not here: {self._list[leg.number].words}"
            leg = self._leg(leg.number + 1, moment.loop - 1, moment.seconds)
        self._legs.keep(moment.loop, leg)
        choice = self._after.choose(moment, rng)
        return replace(choice, why=choice.why + missing)

    def _leg(self, number: int, loop: int, seconds: float) -> Leg:
        """The leg that begins at this loop, which is at this second."""
        if number >= len(self._list):
            return Leg(number, loop, math.inf, math.inf)
        point = self._list[number]
        if point.minutes:
            return Leg(number, loop, math.inf, seconds + 60 * point.amount)
        return Leg(number, loop, loop + max(1, round(point.amount)), math.inf)

    def _next_leg(self, moment: Moment, leg: Leg) -> Leg:
        if self._loops_left(moment, leg) > 1:
            return leg
        return self._leg(leg.number + 1, moment.loop, moment.seconds)

    def _loops_left(self, moment: Moment, leg: Leg) -> int:
        """How many loops there are to choose until the waypoint plays, this one counted."""
        if math.isfinite(leg.due_loop):
            return max(1, int(leg.due_loop) - moment.loop + 1)
        length = self._beats(moment) * 60 / moment.bpm
        return max(1, 1 + math.floor((leg.due_seconds - moment.seconds) / length + 0.5))

    @staticmethod
    def _beats(moment: Moment) -> float:
        row = moment.nearest["segment"][0] if moment.row == SEED and len(moment.nearest) else 0
        return float(moment.facts.segments["beats"][row if moment.row == SEED else moment.row])

    def _towards(self, moment: Moment, leg: Leg) -> Choice | None:
        """One loop nearer, or still here; None where the corpus has no such place."""
        point = self._list[leg.number]
        search = self._searched(moment, leg.number)
        if search is None:
            return None
        left = self._loops_left(moment, leg)
        way = self._way(moment, search)
        if way is None:
            return self._astray(moment, search, point, left, moment.loop - leg.since)
        hops, spent = len(way) - 1, moment.spent
        if hops == 0:
            return stay(moment, f"at {point.words}")
        if hops < left and spent * hops < spent + left - 1:  # as long at each place as at the next
            return stay(moment, f"{hops} steps, {left} loops to {point.words}")
        ahead = max(1, hops - (left - 1))
        return towards(moment, way[ahead], f"{hops - ahead} steps before {point.words}")

    def _astray(
        self, moment: Moment, search: Search, point: Waypoint, left: int, waited: int
    ) -> Choice:
        """No way is known yet: wait a little, then follow one's nose, and at last leap."""
        target = self._target(moment, search)
        if left == 1:
            return towards(moment, target, f"straight to {point.words}")
        near = others(moment)
        near = near[~np.isin(near["segment"], search.begun)]  # not before its time
        if waited <= PATIENCE or len(near) == 0:
            return stay(moment, f"looking for a way to {point.words}")
        apart = _apart(moment, near["segment"], target)
        best = int(apart.argmin())
        here = _apart(moment, np.array([moment.row]), target)[0] if moment.row != SEED else np.inf
        if apart[best] >= here - NEARER:
            return stay(moment, f"looking for a way to {point.words}")
        return step_to(moment, near[best], f"towards {point.words}")

    def _searched(self, moment: Moment, number: int) -> Search | None:
        """What is known of the ways to a waypoint, after a little more work on it."""
        self.prepare(moment.facts)
        rows = self._rows[number]
        if len(rows) == 0:
            return None
        if self._search is None or self._search[0] != number:
            metre = partial(in_metre, moment)
            begin = Search(moment.facts, rows, np.zeros(len(rows)), allowed=metre)
            self._search = (number, begin)
        search = self._search[1]
        for _ in range(EFFORT):
            if not search.is_over:
                search.best_first(partial(_distance_to, moment), BATCH)
        return search

    def prepare(self, facts: Facts) -> None:
        """Which segments the waypoints mean, once a bundle."""
        if self._of is not facts:
            self._rows = tuple(rows_of(facts, point.words) for point in self._list)
            self._of, self._search = facts, None

    @staticmethod
    def _way(moment: Moment, search: Search) -> list[int] | None:
        """From what plays now to the waypoint, as far as the search has come."""
        if moment.row != SEED:
            known = math.isfinite(search.cost[moment.row])
            return search.way_to(moment.row)[::-1] if known else None
        near = moment.nearest["segment"]
        costs = search.cost[near] + 1.0 - moment.nearest["similarity"]
        if len(near) == 0 or not np.isfinite(costs).any():
            return None
        return [SEED, *search.way_to(int(near[int(costs.argmin())]))[::-1]]

    @staticmethod
    def _target(moment: Moment, search: Search) -> int:
        """Of what the waypoint means, what is nearest to the music."""
        return int(search.begun[int(_distance_to(moment, search.begun).argmin())])


def _apart(moment: Moment, rows: Rows, target: int) -> Floats:
    """How far these rows are from a target, as they stand."""
    there = moment.facts.embeddings[rows].astype(np.float32)
    aim = moment.facts.embeddings[target].astype(np.float32)
    return np.asarray(1.0 - (there @ aim), np.float64)


def _distance_to(moment: Moment, rows: Rows) -> Floats:
    """Of these rows from what plays now, as they stand: enough for a guide."""
    if moment.row == SEED:
        if moment.seed is None:
            return np.zeros(len(rows))
        return GUIDANCE * (1.0 - moment.seed.best(moment.facts, rows)[1].astype(np.float64))
    return GUIDANCE * _apart(moment, rows, moment.row)
