from dataclasses import dataclass
from enum import Enum
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import ConfigError
from appliance.events import State
from appliance.footswitch import (
    COMMANDS,
    CONFIRM_NS,
    DEFAULT,
    GESTURES,
    ROWS,
    Footswitch,
    Wish,
    read_table,
    row_of,
)
from firmware import gestures
from firmware.gestures import DOUBLE, HOLD, LONG_HOLD, TAP, Gesture, Gestures, Stage

S = 1_000_000_000
MS = 1_000_000


def test_the_words_are_those_that_the_foot_speaks() -> None:
    assert GESTURES == gestures.KINDS


def test_the_default_table() -> None:
    """As it was specified, cell by cell: idle, recording, warm-up and groove, pending."""
    cells = {row: [DEFAULT[row].get(gesture, "") for gesture in GESTURES] for row in ROWS}
    assert cells == {
        "idle": ["record", "recent", "replay", "shutdown"],
        "recording": ["loop", "over", "discard", ""],
        "loop": ["hold", "back", "end", "stop"],
        "pending": ["cancel", "", "", "stop"],
    }
    assert read_table({}) == DEFAULT
    assert read_table(DEFAULT) == DEFAULT


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("pending", [False, True])
def test_every_state_has_a_row(state: State, pending: bool) -> None:
    assert row_of(state, pending) in DEFAULT
    sounds = state not in ("idle", "recording")
    assert ("hold3" in Footswitch().expected(state, pending, 0).always) == sounds


def test_a_table_can_be_changed() -> None:
    table = read_table({"loop": {"tap": "next", "double": ""}, "idle": {"hold3": ""}})
    assert table["loop"] == {"tap": "next", "hold1": "end", "hold3": "stop"}
    assert "hold3" not in table["idle"]
    assert table["recording"] == DEFAULT["recording"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"grove": {}}, ["footswitch", "'grove'", "idle, recording, loop, pending"]),
        ({"loop": "hold"}, ["footswitch.loop", "'hold'", "table"]),
        ({"loop": {"triple": "hold"}}, ["footswitch.loop", "'triple'", "tap, double, hold1"]),
        ({"loop": {"tap": "hodl"}}, ["footswitch.loop.tap", "'hodl'", "did you mean 'hold'"]),
        ({"loop": {"tap": 3}}, ["footswitch.loop.tap", "3", "name of a command"]),
        ({"idle": {"tap": "end"}}, ["footswitch.idle.tap", "'end'", "record, recent"]),
        ({"loop": {"hold3": "end"}}, ["footswitch.loop.hold3", "'end'", "stays 'stop'"]),
        ({"pending": {"hold3": ""}}, ["footswitch.pending.hold3", "stays 'stop'"]),
    ],
)
def test_a_bad_table_names_its_fault(values: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ConfigError) as told:
        read_table(values)
    assert "\n" not in str(told.value)
    for word in words:
        assert word in str(told.value)


@given(
    st.dictionaries(
        st.sampled_from(ROWS),
        st.dictionaries(st.sampled_from(GESTURES), st.sampled_from(["", *COMMANDS])),
    )
)
def test_every_table_that_is_taken_can_silence(values: dict[str, dict[str, str]]) -> None:
    try:
        table = read_table(values)
    except ConfigError:
        return
    for row in ("loop", "pending"):
        assert table[row]["hold3"] == "stop"
    for row, meanings in table.items():
        assert all(row in COMMANDS[verb].rows for verb in meanings.values())


def test_only_recording_and_looping_act_at_the_press() -> None:
    foot = Footswitch()
    eager = {state for state in get_args(State) if foot.expected(state, False, 0).at_press}
    assert eager == {"idle", "recording"}


@pytest.mark.parametrize(
    ("gesture", "wishes"),
    [
        (Gesture(TAP, 5, 5, "idle", Stage.BEGUN), [Wish("record", 5)]),
        (Gesture(TAP, 5, 9, "idle", Stage.WITHDRAWN), [Wish("withdraw", 5)]),
        (Gesture(DOUBLE, 5, 9, "idle"), [Wish("recent", 5)]),
        (Gesture(DOUBLE, 5, 9, "recording"), [Wish("over", 9)]),
        (Gesture(HOLD, 5, 9, "loop"), [Wish("end", 9)]),
        (Gesture(TAP, 5, 9, "loop"), [Wish("hold", 9)]),
        (Gesture(LONG_HOLD, 5, 9, "recording"), []),
    ],
)
def test_a_command_bears_its_time(gesture: Gesture, wishes: list[Wish]) -> None:
    assert Footswitch().wishes(gesture) == wishes


class Stages(Enum):
    DONE = "done"


@dataclass(frozen=True)
class Shown:
    kind: str
    row: str
    at: int = 0
    decided: int = 0
    stage: Stages = Stages.DONE


def test_the_lock_asks_for_a_tap() -> None:
    foot = Footswitch(lock=True)
    assert foot.wishes(Shown("hold1", "loop", decided=2 * S)) == []
    assert foot.asking(2 * S) == "ending"
    row = foot.expected("groove", False, 3 * S)
    assert (row.gestures, row.at_press) == ({"tap", "hold3"}, False)
    assert foot.wishes(Shown("tap", row.name, 3 * S, 3 * S)) == [Wish("end", 3 * S)]
    assert foot.asking(3 * S) == ""
    assert foot.expected("groove", False, 3 * S).name == "loop"


def test_an_unconfirmed_hold_lapses() -> None:
    foot = Footswitch(lock=True)
    foot.wishes(Shown("hold1", "idle", decided=2 * S))
    assert foot.expected("idle", False, 2 * S + CONFIRM_NS - 1).name == "confirm"
    assert foot.expected("idle", False, 2 * S + CONFIRM_NS).name == "idle"
    assert foot.wishes(Shown("tap", "idle", 9 * S, 9 * S)) == [Wish("record", 9 * S)]


def test_the_lock_does_not_lock_silence() -> None:
    foot = Footswitch(lock=True)
    assert foot.wishes(Shown("hold3", "loop", decided=3 * S)) == [Wish("stop", 3 * S)]
    foot.wishes(Shown("hold1", "loop", decided=5 * S))
    assert foot.wishes(Shown("hold3", "confirm", decided=9 * S)) == [Wish("stop", 9 * S)]
    assert foot.asking(9 * S) == ""


class Stand:
    """A session that knows nothing but its states."""

    def __init__(self, lock: bool = False) -> None:
        self.foot = Footswitch(lock=lock)
        self.state: State = "idle"
        self.now = 0
        self.gestures = Gestures(lambda: self.foot.expected(self.state, False, self.now))
        self.log: list[tuple[str, int]] = []
        self.after: dict[str, State] = {
            "record": "recording",
            "over": "recording",
            "loop": "warmup",
            "recent": "warmup",
            "replay": "warmup",
            "end": "ending",
            "stop": "idle",
            "discard": "idle",
        }
        self.before: State = "idle"

    def foot_goes(self, *milliseconds: int) -> list[tuple[str, int]]:
        """Down, up, down, up ... at these times; what was asked for until 2 s later, in ms."""
        self.log = []
        for number, ms in enumerate(milliseconds):
            self.turn_until(ms)
            self.take(self.gestures.edge(ms * MS, number % 2 == 0))
        self.turn_until(milliseconds[-1] + 2000)
        return self.log

    def turn_until(self, ms: int) -> None:
        """As a box does, twenty times a second."""
        while self.now < ms * MS:
            self.now = min(self.now + 50 * MS, ms * MS)
            self.take(self.gestures.advance(self.now))

    def take(self, seen: list[Gesture]) -> None:
        for gesture in seen:
            for wish in self.foot.wishes(gesture):
                self.log.append((wish.verb, wish.at // MS))
                if wish.verb == "withdraw":
                    self.state = self.before
                else:
                    self.before, self.state = self.state, self.after.get(wish.verb, self.state)


def test_a_recording_begins_and_ends_at_the_press() -> None:
    stage = Stand()
    assert stage.foot_goes(1000, 1150) == [("record", 1000)]
    assert stage.foot_goes(9000, 9700) == [("loop", 9000)]
    assert stage.foot_goes(30_000, 30_100) == [("hold", 30_450)]


def test_double_taps() -> None:
    stage = Stand()
    assert stage.foot_goes(1000, 1150, 1300, 1400) == [
        ("record", 1000),
        ("withdraw", 1000),
        ("recent", 1000),
    ]
    stage.state = "recording"
    assert stage.foot_goes(20_000, 20_100, 20_300, 20_400) == [
        ("loop", 20_000),
        ("withdraw", 20_000),
        ("over", 20_300),
    ]
    assert stage.state == "recording"


def test_holds() -> None:
    stage = Stand()
    assert stage.foot_goes(0, 1500) == [("record", 0), ("withdraw", 0), ("replay", 1500)]
    assert stage.foot_goes(20_000, 21_200) == [("end", 21_200)]
    stage.state = "recording"
    assert stage.foot_goes(40_000, 44_000) == [
        ("loop", 40_000),
        ("withdraw", 40_000),
        ("discard", 41_000),
    ], "and the hold goes on without shutting the box down"
    assert stage.foot_goes(60_000, 64_000) == [
        ("record", 60_000),
        ("withdraw", 60_000),
        ("shutdown", 63_000),
    ]


def test_a_foot_that_stays_on_after_a_double_tap_shuts_nothing_down() -> None:
    stage = Stand()
    assert stage.foot_goes(0, 100, 300, 5000)[2:] == [("recent", 0), ("stop", 3300)]


def test_the_lock_end_to_end() -> None:
    stage = Stand(lock=True)
    stage.state = "groove"
    assert stage.foot_goes(0, 1500, 3000, 3100) == [("end", 3100)]
    stage.state = "recording"
    assert stage.foot_goes(60_000, 61_200) == [("loop", 60_000), ("withdraw", 60_000)]
    assert stage.state == "recording", "it goes on until the discard is confirmed"
