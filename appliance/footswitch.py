"""What the gestures of the foot mean: a table of state by gesture, and the lock.

The gestures themselves are made elsewhere, from the edges of a switch; here they are words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal, Protocol

from appliance.errors import ConfigError
from appliance.events import State

GESTURES = ("tap", "double", "hold1", "hold3")
ROWS = ("idle", "recording", "loop", "pending")
"""What the table tells apart: `loop` is warm-up and groove, `pending` while something is about to
happen that can still be cancelled, the ending too."""

STOP, WITHDRAW = "stop", "withdraw"
"""The command that silences at once; and the one that undoes a tap which turned out to be more."""

CONFIRM = "confirm"
CONFIRM_NS = 5_000_000_000
"""How long a locked hold waits for its tap."""


@dataclass(frozen=True)
class Meaning:
    """A command that a gesture can be given: where it makes sense, and what it does, in words.

    One that is `at_press` acts when the foot goes down, and bears that time.
    """

    says: str
    rows: tuple[str, ...]
    at_press: bool = False


COMMANDS: Mapping[str, Meaning] = {
    "record": Meaning("record a seed", ("idle",), at_press=True),
    "recent": Meaning("take the last bars", ("idle",)),
    "replay": Meaning("play the last seed", ("idle",)),
    "shutdown": Meaning("shut down", ("idle",)),
    "loop": Meaning("loop it", ("recording",), at_press=True),
    "over": Meaning("start over", ("recording",)),
    "discard": Meaning("discard", ("recording",)),
    "hold": Meaning("hold / resume", ("loop",)),
    "back": Meaning("back", ("loop",)),
    "next": Meaning("next phrase", ("loop",)),
    "end": Meaning("ending", ("loop",)),
    "coda": Meaning("coda", ("loop",)),
    "home": Meaning("home to the seed", ("loop",)),
    "cancel": Meaning("cancel", ("pending",)),
    "mark": Meaning("mark this moment", ROWS),
    STOP: Meaning("silence", ("recording", "loop", "pending")),
}

Table = Mapping[str, Mapping[str, str]]
"""Row, gesture, command; what is not in it means nothing."""

DEFAULT: Table = {
    "idle": {"tap": "record", "double": "recent", "hold1": "replay", "hold3": "shutdown"},
    "recording": {"tap": "loop", "double": "over", "hold1": "discard"},
    "loop": {"tap": "hold", "double": "back", "hold1": "end", "hold3": STOP},
    "pending": {"tap": "cancel", "hold3": STOP},
}

_NEVER_WITHOUT_STOP = ("loop", "pending")


def read_table(values: Mapping[str, Any]) -> Table:
    """The default table with changes; an empty command takes a gesture's meaning away.

    ConfigError names what is wrong and what is allowed. Silence stays: where something sounds, the
    long hold means it and nothing else.
    """
    table = {row: dict(meanings) for row, meanings in DEFAULT.items()}
    for row, changes in values.items():
        _known("footswitch", row, ROWS)
        if not isinstance(changes, Mapping):
            raise ConfigError(f"footswitch.{row} = {changes!r}: a table of gestures is wanted")
        for gesture, command in changes.items():
            _known(f"footswitch.{row}", gesture, GESTURES)
            _check(row, gesture, command)
            table[row][gesture] = command
    return {row: {g: c for g, c in meanings.items() if c} for row, meanings in table.items()}


def row_of(state: State, pending: bool) -> str:
    """The row that counts in a state of the session, with something pending or not."""
    if state in ("idle", "recording"):
        return state
    return "pending" if pending or state == "ending" else "loop"


@dataclass(frozen=True)
class Row:
    """What a maker of gestures is to expect. `at_press`: a tap counts when the foot goes down;
    `always`: gestures that count even in a press that has meant something before."""

    name: str
    gestures: frozenset[str]
    at_press: bool = False
    always: frozenset[str] = frozenset()


class Seen(Protocol):
    """A gesture: of which kind, from when (ns), clear since when, expected in which row; `stage` is
    done, begun (a tap that may yet become more) or withdrawn (it did)."""

    @property
    def kind(self) -> str: ...

    @property
    def at(self) -> int: ...

    @property
    def decided(self) -> int: ...

    @property
    def row(self) -> str: ...

    @property
    def stage(self) -> Any: ...


@dataclass(frozen=True)
class Wish:
    """A command that the foot gave, and the time that it bears (ns)."""

    verb: str
    at: int


@dataclass
class Footswitch:
    """Gestures into commands. With the `lock`, what hold1 means waits for a tap that confirms it.

    No clock of its own; one thread.
    """

    table: Table = field(default_factory=lambda: DEFAULT)
    lock: bool = False
    _asked: Wish | None = None  # a locked command, since when

    def expected(self, state: State, pending: bool, now: int) -> Row:
        """What the next press can mean."""
        name = row_of(state, pending)
        meanings = self.table[name]
        silence = frozenset(g for g, verb in meanings.items() if (g, verb) == ("hold3", STOP))
        if self.asking(now):
            return Row(CONFIRM, silence | {"tap"}, always=silence)
        at_press = "tap" in meanings and COMMANDS[meanings["tap"]].at_press
        return Row(name, frozenset(meanings), at_press, silence)

    def asking(self, now: int) -> str:
        """What waits to be confirmed, in words for the screen; empty when nothing does."""
        if self._asked is None or now - self._asked.at >= CONFIRM_NS:
            return ""
        return COMMANDS[self._asked.verb].says

    def wishes(self, gesture: Seen) -> list[Wish]:
        """What a gesture asks for: nothing, or one command."""
        stage: Literal["begun", "withdrawn", "done"] = gesture.stage.value
        if stage == "withdrawn":
            return [Wish(WITHDRAW, gesture.at)]
        if gesture.row == CONFIRM:
            return self._confirmed(gesture)
        verb = self.table[gesture.row].get(gesture.kind, "")
        if not verb:
            return []
        wish = Wish(verb, gesture.at if _from_its_press(verb) else gesture.decided)
        if self.lock and gesture.kind == "hold1":
            self._asked = Wish(verb, gesture.decided)
            return []
        self._asked = None
        return [wish]

    def _confirmed(self, gesture: Seen) -> list[Wish]:
        asked, self._asked = self._asked, None
        if gesture.kind == "hold3":
            return [Wish(STOP, gesture.decided)]
        return [] if asked is None else [Wish(asked.verb, gesture.decided)]


def _from_its_press(verb: str) -> bool:
    """Recordings begin and end where the foot went down; the last bars end there too."""
    return COMMANDS[verb].at_press or verb == "recent"


def _check(row: str, gesture: str, command: Any) -> None:
    place = f"footswitch.{row}.{gesture}"
    if not isinstance(command, str):
        raise ConfigError(f"{place} = {command!r}: the name of a command is wanted")
    if gesture == "hold3" and row in _NEVER_WITHOUT_STOP and command != STOP:
        raise ConfigError(f"{place} = {command!r}: the long hold stays {STOP!r} while music plays")
    if not command:
        return
    allowed = [name for name, meaning in COMMANDS.items() if row in meaning.rows]
    _known(place, command, allowed)


def _known(place: str, name: str, allowed: tuple[str, ...] | list[str]) -> None:
    if name in allowed:
        return
    near = get_close_matches(name, allowed, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ConfigError(
        f"{place}: {name!r} is not known; {hint}one of {', '.join(allowed)} is wanted"
    )
