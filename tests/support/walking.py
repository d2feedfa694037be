"""A policy on its own: the driver and the measures of `bench groove`, as tests use them."""

from appliance.bench.groove.measures import (
    distance,
    longest_ping_pong,
    rank_correlation,
    repeats,
    steps,
)
from appliance.bench.groove.walk import Start, moment_after, start_from, walk

__all__ = [
    "Start",
    "distance",
    "longest_ping_pong",
    "moment_after",
    "rank_correlation",
    "repeats",
    "start_from",
    "steps",
    "walk",
]
