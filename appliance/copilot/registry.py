"""The tasks, found in their folder: a new one is a new file there."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from appliance.copilot import tasks as folder
from appliance.copilot.answers import RefusedError, Step
from appliance.copilot.situation import Situation
from appliance.copilot.task import Task


@cache
def tasks() -> Mapping[str, Task]:
    """Every task by name, in alphabetical order."""
    found: dict[str, Task] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(folder.__path__)):
        loaded = import_module(f"{folder.__name__}.{module}")
        for kind in vars(loaded).values():
            if isinstance(kind, type) and issubclass(kind, Task) and kind.name:
                found.setdefault(kind.name, kind())
    return dict(sorted(found.items()))


def task_named(name: Any) -> Task:
    """RefusedError lists what there is."""
    if not isinstance(name, str) or name not in tasks():
        raise RefusedError(f"no task {str(name)[:40]!r}; there is {', '.join(tasks())}")
    return tasks()[name]


def validated(steps: tuple[Step, ...], situation: Situation) -> tuple[Step, ...]:
    """The steps with canonical arguments, each checked against what those before it leave;
    RefusedError for the first that cannot be."""
    checked: list[Step] = []
    for step in steps:
        args, situation = task_named(step.task).plan(step.args, situation)
        checked.append(Step(step.task, args))
    return tuple(checked)


def plan_schema() -> dict[str, Any]:
    """JSON schema of what a model answers: {plan: [{task, args}], ask, refuse, say}."""
    steps = [_step_schema(task) for task in tasks().values()]
    text = {"type": "string", "maxLength": 300}
    return {
        "type": "object",
        "properties": {
            "plan": {"type": "array", "maxItems": 8, "items": {"anyOf": steps}},
            "ask": text,
            "refuse": text,
            "say": text,
        },
        "required": ["plan", "ask", "refuse", "say"],
        "additionalProperties": False,
    }


def _step_schema(task: Task) -> dict[str, Any]:
    properties = {arg.name: dict(arg.schema) for arg in task.args}
    args = {"type": "object", "properties": properties, "additionalProperties": False}
    return {
        "type": "object",
        "properties": {"task": {"const": task.name}, "args": args},
        "required": ["task", "args"],
        "additionalProperties": False,
    }


def help_lines() -> list[str]:
    """One line a task for people: what it does, its arguments, and something that can be said."""
    lines = []
    for task in tasks().values():
        names = ", ".join(arg.name for arg in task.args)
        said = f"  e.g. {task.says[0][0]!r}" if task.says else ""
        lines.append(f"{task.name}({names}): {task.help}{said}")
    return lines


def help_table() -> str:
    """The tasks as a Markdown table, for the documentation."""
    rows = ["| Task | Arguments | Say | What is heard |", "|---|---|---|---|"]
    for task in tasks().values():
        names = ", ".join(arg.name for arg in task.args)
        said = "; ".join(f'"{text}"' for text, _ in task.says)
        heard = "; ".join(heard for _, heard in task.says) or task.help
        rows.append(f"| `{task.name}` | {names} | {said} | {heard} |")
    return "\n".join(rows)
