"""What a model answers, read with suspicion: one flat object, known tasks, valid arguments."""

import json
from typing import Any

from appliance.copilot.answers import Answer, RefusedError, Step
from appliance.copilot.registry import validated
from appliance.copilot.situation import Situation

FIELDS = ("plan", "ask", "refuse", "say")
MOST_STEPS = 8
LONGEST_LINE = 300


class NoPlanError(ValueError):
    """The text is no plan; the message tells the model what was wrong with it."""


def read_plan(text: str, situation: Situation) -> Answer:
    """The answer in a model's text, its plan validated; NoPlanError where there is none.

    A plan that is well formed but cannot be done here is a refusal, as from the grammar. A model's
    own words (`say`) are never shown as facts: the copilot says what it did.
    """
    said = _object(text)
    steps = _steps(said.get("plan", []))
    ask, refuse = (_line(said.get(name)) for name in ("ask", "refuse"))
    if refuse or ask:
        if steps:
            raise NoPlanError("either a plan, or a question, or a refusal: not two of them")
        return Answer(ask="" if refuse else ask, refuse=refuse)
    if not steps:
        raise NoPlanError("plan, ask and refuse are all empty")
    return Answer(plan=_checked(steps, situation))


def _checked(steps: tuple[Step, ...], situation: Situation) -> tuple[Step, ...]:
    try:
        return validated(steps, situation)
    except RefusedError as error:
        raise NoPlanError(str(error)) from error


def _object(text: str) -> dict[str, Any]:
    """The object of the text, which may stand in a code fence; nothing else may."""
    bare = text.strip()
    if bare.startswith("```") and bare.endswith("```"):
        bare = bare.strip("`").removeprefix("json").strip()
    try:
        said = json.loads(bare)
    except (ValueError, RecursionError) as error:
        raise NoPlanError("that is no JSON object") from error
    if not isinstance(said, dict) or not set(said) <= set(FIELDS):
        raise NoPlanError(f"the object has {', '.join(FIELDS)} and nothing else")
    return said


def _steps(plan: Any) -> tuple[Step, ...]:
    if not isinstance(plan, list) or len(plan) > MOST_STEPS:
        raise NoPlanError(f"plan is a list of at most {MOST_STEPS} steps")
    found = []
    for one in plan:
        if not isinstance(one, dict) or not set(one) <= {"task", "args"} or "task" not in one:
            raise NoPlanError("a step has task and args, nothing else")
        args = one.get("args") or {}
        if not isinstance(args, dict):
            raise NoPlanError("args is an object")
        found.append(Step(str(one["task"]), args))
    return tuple(found)


def _line(said: Any) -> str:
    """One line of text, whatever was sent."""
    text = said if isinstance(said, str) else ""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_LINE]
