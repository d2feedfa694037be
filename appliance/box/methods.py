"""What a program may ask of a running box: one table, and the checks of what comes with it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from appliance.errors import ConfigError
from appliance.moves import MOST_SEMITONES
from appliance.transport import MAX_BPM, MIN_BPM

LONGEST_MARK = 200
LONGEST_NAME = 200
LONGEST_CHAT = 2000


@dataclass(frozen=True)
class Param:
    """A value by name: `takes` says whether it may be this, `allowed` the same in words."""

    takes: Callable[[Any], bool]
    allowed: str
    optional: bool = False


@dataclass(frozen=True)
class Method:
    """What it does, in words. Where it is a Command, its `value` and `text` are in the params so
    named."""

    says: str
    params: Mapping[str, Param]
    value: str = ""
    text: str = ""


class UnknownMethodError(ConfigError):
    """There is no method of that name."""


def check(method: str, params: Mapping[str, Any]) -> Method:
    """The method; UnknownMethodError names the nearest, ConfigError what is allowed."""
    found = METHODS.get(method)
    if found is None:
        near = get_close_matches(method, METHODS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(METHODS)} is wanted"
        raise UnknownMethodError(f"{method[:LONGEST_NAME]!r}: no such method; {hint}")
    for name in params:
        if name not in found.params:
            raise ConfigError(f"{method}: {name[:LONGEST_NAME]!r} is not wanted; {_wanted(found)}")
    for name, param in found.params.items():
        if name not in params and not param.optional:
            raise ConfigError(f"{method}: {name} is missing; {_wanted(found)}")
        if name in params and not param.takes(params[name]):
            raise ConfigError(f"{method}: {name} = {_shown(params[name])}: {param.allowed}")
    return found


def described() -> dict[str, dict[str, Any]]:
    """The table, for a program to read."""
    return {
        name: {
            "says": method.says,
            "params": {one: param.allowed for one, param in method.params.items()},
        }
        for name, method in METHODS.items()
    }


def _wanted(method: Method) -> str:
    if not method.params:
        return "it takes no params"
    return "it takes " + ", ".join(f"{n} ({p.allowed})" for n, p in method.params.items())


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _number(low: float, high: float) -> Param:
    def takes(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return math.isfinite(value) and low <= value <= high

    return Param(takes, f"a number from {low:g} to {high:g}")


def _whole(low: int, high: int) -> Param:
    def takes(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return Param(takes, f"a whole number from {low} to {high}")


def _words(least: int, most: int, optional: bool = False) -> Param:
    def takes(value: Any) -> bool:
        return isinstance(value, str) and least <= len(value.strip()) and len(value) <= most

    return Param(takes, f"a string of {least} to {most} characters", optional)


def _verb(says: str) -> Method:
    return Method(says, {})


def _question(says: str, **params: Param) -> Method:
    return Method(says, params)


METHODS: Mapping[str, Method] = {
    "status": _question("how things are"),
    "watch": _question("the screen, and from now on every change of it"),
    "record": _verb("begin to record a seed, or loop it"),
    "recent": _verb("take the last bars just played as the seed"),
    "replay": _verb("play the last seed again"),
    "loop": _verb("loop what is being recorded"),
    "over": _verb("start the recording over"),
    "discard": _verb("drop the recording"),
    "stop": _verb("silence at once"),
    "end": _verb("end after this loop"),
    "coda": _verb("end after this loop, on a last downbeat"),
    "home": _verb("go back to the seed, and end"),
    "hold": _verb("stay with this phrase, or go on"),
    "next": _verb("go to another phrase"),
    "back": _verb("go back to the phrase before"),
    "cancel": _verb("take back what is pending"),
    "tempo": Method("set the tempo", {"bpm": _number(MIN_BPM, MAX_BPM)}, value="bpm"),
    "transpose": Method(
        "move the loop to another key",
        {"semitones": _whole(-MOST_SEMITONES, MOST_SEMITONES)},
        value="semitones",
    ),
    "mark": Method(
        "mark this moment in the journal", {"text": _words(0, LONGEST_MARK, True)}, text="text"
    ),
    "shutdown": _verb("shut the machine down; only while idle"),
    "use": _question("go over to another corpus", name=_words(1, LONGEST_NAME)),
    "corpora": _question("the corpora that are kept"),
    "chat": _question("say something to the loop", text=_words(1, LONGEST_CHAT)),
    "table": _question("the attribute table: what the loop is made of"),
    "methods": _question("this table"),
}
