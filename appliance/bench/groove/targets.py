"""What the groove at its defaults is to keep to, and whether it does."""

from collections.abc import Mapping
from typing import Any

MOST_STEP = 0.5  # mean step, in mean steps at random
MOST_LARGEST = 1.0  # largest step, in median steps at random
REPEATS = (0.1, 0.3)
MOST_PING_PONG = 4
LEAST_REACH = 0.6  # of a corpus of about a thousand segments
REACHED_IN = "songs-30"
MOST_WARMUP = 4  # loops
LEAST_CORRELATION = 0.95
LEAST_AHEAD = 4.0  # beats

Target = dict[str, Any]


def targets(corpora: Mapping[str, Mapping[str, Any]]) -> list[Target]:
    """One entry a corpus and promise: `what`, `corpus`, `value`, `limit` in words, and `met`."""
    return [target for name, figures in corpora.items() for target in _of(name, figures)]


def _of(corpus: str, figures: Mapping[str, Any]) -> list[Target]:
    groove = figures["policies"]["groove"]
    low, high = REPEATS
    ahead = min(one["decided_ahead_beats"] for one in figures["policies"].values())
    agree = all(one["sessions_agree"] for one in figures["policies"].values())
    found = [
        _most("mean step / random's mean", groove["step"], MOST_STEP),
        _most("largest step / random's median", groove["largest_step"], MOST_LARGEST),
        _least("exact repeats, the fewest of a seed", groove["repeats_least"], low),
        _most("exact repeats, the most of a seed", groove["repeats_most"], high),
        _most("longest ping-pong", groove["ping_pong"], MOST_PING_PONG),
        _most("the same in a long walk", figures["long_ping_pong"], MOST_PING_PONG),
        _most("loops of warm-up", figures["warmup_loops"], MOST_WARMUP),
        _true("same bytes again", groove["sha256"] == figures["groove_sha256"]),
        _true("sessions go where policies do", agree),
        _least("decided ahead, beats, every policy", ahead, LEAST_AHEAD),
    ]
    if corpus == REACHED_IN:
        reached = figures["reached"]
        found.append(_least("share of the corpus that is reached", reached, LEAST_REACH))
    for knob in ("adventure", "leash"):
        for what in ("distance", "distinct"):
            value = figures[knob][f"{what}_rank_correlation"]
            found.append(_least(f"{knob}: rank correlation, {what}", value, LEAST_CORRELATION))
    return [{"corpus": corpus, **target} for target in found]


def _most(what: str, value: float, limit: float) -> Target:
    return {"what": what, "value": value, "limit": f"at most {limit:g}", "met": value <= limit}


def _least(what: str, value: float, limit: float) -> Target:
    return {"what": what, "value": value, "limit": f"at least {limit:g}", "met": value >= limit}


def _true(what: str, value: bool) -> Target:
    return {"what": what, "value": value, "limit": "yes", "met": value}
