"""From the seed to the groove: a few segments, the largest step between them as small as may be."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from appliance.policies.facts import Rows
from appliance.policies.moment import Moment
from appliance.policies.paths import Search, smallest_step
from appliance.policies.steps import in_metre, others
from corpus.neighbours import K

HOME = 8  # segments within a step that a place of the groove has round it
WIDTH = 24  # rows looked on from at each hop


def way_in(moment: Moment, segments: int, step: float) -> list[int]:
    """Rows from the seed's side to where the groove can begin: at most so many, at least one.

    The groove begins where HOME others are within a `step` (1 - similarity). Of all ways there the
    one whose largest step is smallest is taken; of equal ones the one with fewer steps. Where the
    corpus has no such place within reach, the nearest segment will do. Empty without a neighbour.
    """
    near = others(moment)
    if len(near) == 0:
        return []
    distance = np.maximum(0.0, 1.0 - near["similarity"].astype(float))
    metre = partial(in_metre, moment)
    search = Search(moment.facts, near["segment"], distance, smallest_step, metre, degree=K)
    for _ in range(segments - 1):
        search.widen(WIDTH)
    reached = np.sort(search.reached)
    reached = reached[search.hops[reached] < segments]
    home = reached[_is_home(moment, reached, step)]
    if len(home) == 0:
        return [int(near["segment"][0])]
    best = np.lexsort((search.hops[home], search.cost[home].round(6)))[0]
    return search.way_to(int(home[best]))


def _is_home(moment: Moment, rows: Rows, step: float) -> NDArray[np.bool_]:
    table = moment.facts.neighbours[:, :HOME]
    if table.shape[1] == 0:
        return np.zeros(len(rows), bool)
    return np.asarray(table["similarity"][rows, -1] >= 1.0 - step)
