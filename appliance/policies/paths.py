"""Ways through the neighbour graph, found a bounded piece at a time.

A row's edges lead to the first of its neighbours; the length of an edge is 1 - similarity. Two
measures of a way: the sum of its edges (the shortest way, Dijkstra 1959) or its longest edge (the
way whose largest step is smallest: Pollack 1960). Both are found by relaxing the edges of a few
rows at once, so a decision never takes longer than it may.
"""

import heapq
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.policies.facts import NOWHERE, Facts

DEGREE = 16  # neighbours of a row that count as edges
BEAM = 32  # rows relaxed at once

Rows = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]
Measure = Callable[[Floats, Floats], Floats]  # (way so far, edge) -> way


def shortest(so_far: Floats, edge: Floats) -> Floats:
    return so_far + edge


def smallest_step(so_far: Floats, edge: Floats) -> Floats:
    return np.maximum(so_far, edge)


class Costs:
    """What the best way to each row costs; infinite where none is known.

    Kept as 1 + cost in memory that is 0 until it is touched: filling it for 100,000 rows would take
    longer than a search may."""

    def __init__(self, size: int) -> None:
        self._more = np.zeros(size)

    def __getitem__(self, rows: Any) -> Any:
        more = self._more[rows]
        return np.where(more > 0, more - 1.0, np.inf)

    def __setitem__(self, rows: Rows, costs: Floats) -> None:
        self._more[rows] = costs + 1.0


class Search:
    """The best ways from some rows to all that were reached so far.

    `allowed` says of rows whether a way may lead over them.
    """

    def __init__(
        self,
        facts: Facts,
        rows: Rows,
        costs: Floats,
        measure: Measure = shortest,
        allowed: Callable[[Rows], NDArray[np.bool_]] | None = None,
        degree: int = DEGREE,
    ) -> None:
        size = len(facts.segments)
        self.cost = Costs(size)
        self.hops = np.zeros(size, np.int32)
        self._parent = np.zeros(size, np.int32)  # a row's number and 1; 0 is none
        self._facts, self._measure, self._allowed = facts, measure, allowed
        self._degree = degree
        self._reached: list[Rows] = []
        self._open: list[tuple[float, int, float]] = []  # promise, row, cost
        self.begun = rows
        self.frontier: Rows = np.zeros(0, int)
        self._settle(rows, costs, np.full(len(rows), NOWHERE), np.zeros(len(rows), int))

    @property
    def reached(self) -> Rows:
        return np.concatenate(self._reached)

    def widen(self, beam: int = BEAM) -> None:
        """One hop further from the best rows that were new or better last time."""
        cheapest = np.argsort(self.cost[self.frontier], kind="stable")[:beam]
        rows, self.frontier = self.frontier[cheapest], self.frontier[:0]
        self._relax(rows)

    def best_first(self, guide: Callable[[Rows], Floats], batch: int = BEAM) -> None:
        """The edges of those open rows that promise most: cost plus what `guide` adds to it.

        Repeated until nothing is open, it finds the best of all ways; a guide (A*: Hart, Nilsson
        and Raphael 1968) only says where to look first.
        """
        costs = self.cost[self.frontier]
        promise = costs + guide(self.frontier)
        for one in zip(promise.tolist(), self.frontier.tolist(), costs.tolist(), strict=True):
            heapq.heappush(self._open, one)
        self.frontier = self.frontier[:0]
        rows: list[int] = []
        while self._open and len(rows) < batch:
            _, row, cost = heapq.heappop(self._open)
            if cost <= self.cost[row]:
                rows.append(row)
        self._relax(np.array(rows, int))

    @property
    def is_over(self) -> bool:
        """Nothing is open any more."""
        return len(self.frontier) == 0 and not self._open

    def way_to(self, row: int) -> list[int]:
        """From a row that the search began with to this one, both included."""
        way = [row]
        while self._parent[way[-1]] and len(way) <= len(self._parent):
            way.append(int(self._parent[way[-1]]) - 1)
        return way[::-1]

    def _relax(self, rows: Rows) -> None:
        if len(rows) == 0:
            return
        edges = self._facts.neighbours[rows, : self._degree]
        ends = edges["segment"].ravel()
        lengths = np.maximum(0.0, 1.0 - edges["similarity"].astype(np.float64))
        costs = self._measure(self.cost[rows][:, np.newaxis], lengths).ravel()
        parents = np.repeat(rows, edges.shape[1])
        self._settle(ends, costs, parents, self.hops[parents] + 1)

    def _settle(self, rows: Rows, costs: Floats, parents: Rows, hops: Rows) -> None:
        better = np.flatnonzero(costs < self.cost[rows] - 1e-9)
        if self._allowed is not None and self._reached:  # where it begins is given
            better = better[self._allowed(rows[better])]
        order = better[np.lexsort((costs[better], rows[better]))]
        first = np.ones(len(order), bool)  # of several ways to a row the best, then the first
        first[1:] = rows[order][1:] != rows[order][:-1]
        best = order[first]
        rows = rows[best]
        self._reached.append(rows[~np.isfinite(self.cost[rows])])
        self.cost[rows] = costs[best]
        self._parent[rows], self.hops[rows] = parents[best] + 1, hops[best]
        self.frontier = np.union1d(self.frontier, rows) if len(self.frontier) else rows
