"""What the box plays to nobody before it is ready."""

from appliance.events import Effect, Event
from appliance.policies import Groove
from appliance.rehearsing import rehearse
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
