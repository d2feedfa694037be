"""What the box plays to nobody before it is ready."""

import numpy as np

from appliance.events import Effect, Event
from appliance.policies import Choice, Groove, Moment
from appliance.rehearsing import rehearse, rehearsed
from appliance.session import Session, Settings
from corpus.keeping.bundle import Bundle


def test_a_whole_take_is_gone_through(bundle: Bundle) -> None:
    session = Session(Settings(), bundle, Groove())
    states, step = [], session.step

    def watched(event: Event) -> list[Effect]:
        effects = step(event)
        states.append(session.state)
        return effects

    session.step = watched  # type: ignore[method-assign]
    rehearse(session)

    assert list(dict.fromkeys(states)) == ["recording", "warmup", "groove", "idle"]


class Counted(Groove):
    """Groove, and how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        self.asked += 1
        return super().choose(moment, rng)


def test_the_session_for_the_stage_knows_nothing_of_the_rehearsal(bundle: Bundle) -> None:
    policies: list[Counted] = []

    def make_policy() -> Counted:
        policies.append(Counted())
        return policies[-1]

    session = rehearsed(Settings(), bundle, make_policy)

    first, second = policies
    assert first.asked > 0
    assert second.asked == 0
    assert session.state == "idle"
    assert session.playing is None
