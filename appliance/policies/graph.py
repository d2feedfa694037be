"""Along shortest paths to places that have not been heard lately."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from appliance.policies.facts import Rows
from appliance.policies.moment import SEED, Choice, Memory, Moment
from appliance.policies.options import option
from appliance.policies.paths import Search
from appliance.policies.steps import in_metre, nearest_choice, others, towards

AWHILE = 64  # loops: a track that was heard within them was heard lately
EFFORT = 128  # rows looked on from in one plan


@dataclass(frozen=True)
class Route:
    """A way that is walked, and how far along it the last loop was."""

    rows: tuple[int, ...]
    place: int


@dataclass
class Graph:
    """The shortest path of about `steps` steps to a track not heard lately; then another."""

    name = "graph"
    steps: int = option(8, 1, 32)
    _memory: Memory[Route] = field(default_factory=Memory, repr=False, compare=False)

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        route = self._memory.before(moment.loop)
        if not (
            route and route.place + 1 < len(route.rows) and route.rows[route.place] == moment.row
        ):
            route = self._plan(moment)
        if route is None:
            return nearest_choice(moment, self.steps, "no way to another track: nearest")
        route = Route(route.rows, route.place + 1)
        self._memory.keep(moment.loop, route)
        left = len(route.rows) - 1 - route.place
        target = moment.facts.segments["track"][route.rows[-1]]
        why = f"{left} before {target}" if left else f"arrived at {target}"
        return towards(moment, route.rows[route.place], why)

    def _plan(self, moment: Moment) -> Route | None:
        near = others(moment)
        if len(near) == 0:
            return None
        search = self._search(moment)
        for _ in range(self.steps):
            search.widen(max(4, EFFORT // self.steps))
        reached = search.reached
        reached = reached[reached != moment.row]
        target = self._target(moment, search, reached) if len(reached) else None
        if target is None:
            return None
        way = search.way_to(target)
        return Route((SEED, *way) if moment.row == SEED else tuple(way), 0)

    def _search(self, moment: Moment) -> Search:
        rows, costs = np.array([moment.row]), np.zeros(1)
        if moment.row == SEED:
            near = others(moment)
            rows, costs = near["segment"], 1.0 - near["similarity"].astype(float)
        return Search(moment.facts, rows, costs, allowed=partial(in_metre, moment))

    def _target(self, moment: Moment, search: Search, reached: Rows) -> int | None:
        """Of what was reached in a track not heard lately, what is about `steps` away; of that,
        the nearest."""
        tracks = moment.facts.tracks
        heard = [row for row in list(moment.heard)[-AWHILE:] if row != SEED]
        here = [] if moment.row == SEED else [moment.row]
        for lately in (heard + here, heard[-self.steps :] + here, here):
            fresh = reached[~np.isin(tracks[reached], tracks[lately])] if lately else reached
            if len(fresh):
                off = np.abs(search.hops[fresh] - self.steps)
                return int(fresh[np.lexsort((search.cost[fresh], off))[0]])
        return None
