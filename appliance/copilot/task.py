"""What every task has. A task is one file in `tasks`; the registry finds it there.

`Task` carries the schema (`args`), the words of its own (`words`) and sentences (`frames`) for the
grammar, the check against the situation (`check`), the edit (`do`) and the postconditions
(`faults`). Tasks hold no state.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.copilot.answers import Args, RefusedError
from appliance.copilot.desk import Desk
from appliance.copilot.schema import Arg, canonical
from appliance.copilot.situation import Situation

Make = Callable[[Any, Situation], Any]


@dataclass(frozen=True)
class Frame:
    """A kind of sentence: the concepts it must have (once each; `A|B` either, `A+` one or more),
    those it may have besides, and what arguments follow: one set, or a list of sets, or None where
    it is not meant after all."""

    need: str
    may: str
    make: Make


class Task:
    """Base of all tasks: the name is the module's, an instance is what the registry holds."""

    name: str = ""
    help: str = ""  # one line for people and for the model
    says: tuple[tuple[str, str], ...] = ()  # (what is said, what is heard)
    args: tuple[Arg, ...] = ()
    words: Mapping[str, Mapping[str, str]] = {}  # concept -> language -> phrases
    frames: tuple[Frame, ...] = ()
    reads_only: bool = False  # changes neither the music nor the table

    def plan(self, args: Args, situation: Situation) -> tuple[dict[str, Any], Situation]:
        """The canonical arguments, and the situation afterwards; RefusedError in one line."""
        wanted = canonical(args, self.args, self.name)
        return wanted, self.check(wanted, situation)

    def check(self, args: Args, situation: Situation) -> Situation:
        return situation

    def do(self, args: Args, desk: Desk) -> Desk:
        raise NotImplementedError

    def faults(self, args: Args, before: Desk, after: Desk) -> Sequence[str]:
        """What does not hold afterwards although it must; nothing where all is well."""
        return ()


def refuse_locked(situation: Situation, *names: str) -> None:
    """RefusedError where one of these is locked."""
    for name in names:
        if name in situation.locks:
            raise RefusedError(f"{name} is locked; unlock it first")


def refuse_absent(situation: Situation, layer: str | None) -> None:
    """RefusedError where this layer does not sound; the registers are always there."""
    if layer is not None and layer not in situation.layers and layer not in ("low", "high"):
        has = ", ".join(sorted(situation.layers))
        raise RefusedError(f"there is no {layer} in this loop; there is {has}")


def refuse_locked_notes(situation: Situation, layer: str | None) -> None:
    """RefusedError where the notes that would change are locked."""
    wanted = situation.layers if layer is None or layer in ("low", "high") else {layer}
    for name in sorted(wanted & situation.locks):
        refuse_locked(situation, name)
    for name in ("layers", "sources"):
        refuse_locked(situation, name)
