"""The loop plays under the player: how loud it is follows how loud they are."""

from dataclasses import dataclass

from appliance.listener import Listening


@dataclass(frozen=True)
class Dynamics:
    """How the level of the loop follows the player's.

    It aims at `share` of the player's velocity and goes `follow` of the way there (0: not at all),
    within `softest` and `loudest` times as the source was played, and changes by `step` at most
    from one loop to the next.
    """

    follow: float = 0.5
    share: float = 0.85
    softest: float = 0.6
    loudest: float = 1.25
    step: float = 0.15

    def scale(self, listening: Listening, velocity: float, before: float) -> float:
        """What to multiply velocities by, for a source of this mean velocity, after a loop that
        was scaled by `before`; 1 where nobody plays."""
        wanted = 1.0
        if listening.velocity > 0 and velocity > 0:
            way = self.follow * listening.presence
            wanted = (self.share * listening.velocity / velocity) ** way
        wanted = min(max(wanted, self.softest), self.loudest)
        return round(min(max(wanted, before - self.step), before + self.step), 3)
