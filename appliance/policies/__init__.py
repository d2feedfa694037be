"""Policies: the rules that pick the next segment while the current one plays."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from appliance.errors import ConfigError
from appliance.policies.facts import Facts
from appliance.policies.graph import Graph
from appliance.policies.groove import Groove
from appliance.policies.in_time import Easy, Probabilities, Sequential
from appliance.policies.moment import SEED, Choice, Moment, Policy, SeedLikeness
from appliance.policies.nearest import Best, TimedHops
from appliance.policies.options import Options, checked, split
from appliance.policies.plain import Anything, Repeat
from appliance.policies.playlist import Playlist
from appliance.policies.trip import Trip

__all__ = [
    "POLICIES",
    "SEED",
    "Choice",
    "Groove",
    "Moment",
    "Policy",
    "SeedLikeness",
    "make_policy",
    "prepare",
]

POLICIES: dict[str, Callable[..., Any]] = {
    kind.name: kind
    for kind in (
        Groove,
        Best,
        TimedHops,
        Easy,
        Sequential,
        Graph,
        Probabilities,
        Repeat,
        Anything,
        Playlist,
        Trip,
    )
}


def make_policy(text: str, options: Options | None = None) -> Policy:
    """The policy of that name, with options; `text` may bring them: NAME:key=value,key=value, or
    NAME:FILE. ConfigError lists what is known and allowed."""
    name, told = split(text)
    if name not in POLICIES:
        raise ConfigError(f"no policy {name!r}; there is {', '.join(sorted(POLICIES))}")
    kind = POLICIES[name]
    policy: Policy = kind(**checked(name, kind, told | dict(options or {})))
    return policy


@runtime_checkable
class Prepared(Protocol):
    """A policy that can work out beforehand what would make its first decision slow."""

    def prepare(self, facts: Facts) -> None: ...


def prepare(policy: Policy, facts: Facts) -> None:
    """Get a policy ready for a corpus, where there is time for it."""
    if isinstance(policy, Prepared):
        policy.prepare(facts)
