"""What a request can come to: a plan, a question, or a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import ApplianceError

Args = Mapping[str, Any]


class RefusedError(ApplianceError, ValueError):
    """What was asked cannot be done as things are; one line, for the person who asked."""


class UnclearError(ApplianceError, ValueError):
    """What was asked can be taken in more than one way; the message is the question."""


@dataclass(frozen=True)
class Step:
    """One task with its arguments."""

    task: str
    args: Args = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        return {"task": self.task, "args": dict(self.args)}


@dataclass(frozen=True)
class Answer:
    """A plan to carry out, or a question (`ask`), or a refusal (`refuse`); `say` goes with it."""

    plan: tuple[Step, ...] = ()
    ask: str = ""
    refuse: str = ""
    say: str = ""
    left_over: tuple[str, ...] = ()  # the words that were not understood

    def json(self) -> dict[str, Any]:
        plan = [step.json() for step in self.plan]
        return {"plan": plan, "ask": self.ask, "refuse": self.refuse, "say": self.say}
