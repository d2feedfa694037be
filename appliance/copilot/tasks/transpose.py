"""Pitch shifting: every note by as much."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from appliance.copilot.answers import Args, RefusedError, UnclearError
from appliance.copilot.desk import Desk
from appliance.copilot.loop import State, moved, refitted
from appliance.copilot.material import HIGHEST_KEY, LOWEST_KEY
from appliance.copilot.schema import KEY, whole
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task, refuse_locked, refuse_locked_notes
from corpus.hearing.key import MODES, Key, parse_key


def _interval(clause: Any, situation: Situation) -> Any:
    count = clause.number("NUM", 1)
    return {"semitones": _direction(clause) * count * clause.value("INTERVAL")}


def _octaves(clause: Any, situation: Situation) -> Any:
    return {"octaves": _direction(clause) * clause.number("NUM", 1)}


def _bare(clause: Any, situation: Situation) -> Any:
    return {"semitones": _direction(clause) * clause.number("NUM")}


def _direction(clause: Any) -> int:
    if clause.count("DIR|HEIGHT") != 1:
        raise UnclearError("up or down?")
    return int(clause.sign("DIR|HEIGHT"))


def _key(clause: Any, situation: Situation) -> Any:
    return {"key": clause.value("KEY")}


def _how_far(clause: Any, situation: Situation) -> Any:
    raise UnclearError("by how much? say 'up two semitones' or 'to F minor'")


def _which_mode(clause: Any, situation: Situation) -> Any:
    tonic = clause.value("TONIC")
    names = " or ".join(Key(tonic, mode).name for mode in MODES)
    raise UnclearError(f"{names}?")


def _other_mode(clause: Any, situation: Situation) -> Any:
    raise RefusedError(
        f"the notes are in {situation.key.name}; a change of mode would change them, but I can"
        " look for another loop: say 'something in' and a key"
    )


class Transpose(Task):
    name = "transpose"
    help = "every note up or down by as much"
    says = (
        ("up two semitones", "everything a tone higher"),
        ("an octave lower", "everything an octave lower"),
        ("move it to F minor", "the same in F minor, by the shorter way"),
    )
    args = (
        whole("semitones", -60, 60, "up (above 0) or down"),
        whole("octaves", -5, 5, "up (above 0) or down"),
        KEY,
    )
    frames = (
        Frame("INTERVAL DIR|HEIGHT", "NUM TRANSPOSE SHIFT PLAY BY MORE KEYWORD PITCH", _interval),
        Frame("OCTAVE DIR|HEIGHT", "NUM TRANSPOSE SHIFT PLAY BY MORE KEYWORD PITCH", _octaves),
        Frame("TRANSPOSE DIR NUM", "BY", _bare),
        Frame("KEY", "TRANSPOSE SHIFT PLAY TO SET KEYWORD IN", _key),
        Frame("TRANSPOSE", "DIR NUM INTERVAL OCTAVE BY TOUCH MUCH KEYWORD", _how_far),
        Frame("TONIC", "TRANSPOSE SHIFT KEYWORD", _which_mode),
        Frame("MODE", "TRANSPOSE SHIFT KEYWORD", _other_mode),
        Frame("HEIGHT", "TOUCH MUCH MORE PLAY PITCH", _how_far),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        if len(args) != 1:
            raise RefusedError("transpose takes semitones, octaves or key, one of them")
        semitones = _semitones(args, situation.key)
        if "octaves" not in args and semitones % 12:
            refuse_locked(situation, "key")
        refuse_locked(situation, "register")
        refuse_locked_notes(situation, None)
        low, high = situation.low + semitones, situation.high + semitones
        if low < LOWEST_KEY or high > HIGHEST_KEY:
            raise RefusedError(f"{semitones:+d} semitones leaves the keyboard")
        return situation.but(key=moved(situation.key, semitones), low=low, high=high)

    def do(self, args: Args, desk: Desk) -> Desk:
        state = desk.state
        semitones = _semitones(args, state.key)
        if "octaves" not in args and semitones % 12 == 0 and "key" in args:
            kept = state.table.wished("key", state.key.name, desk.number)
            return desk.with_state(replace(state, table=kept)).saying(f"key {state.key.name}")
        after = _shifted(state, semitones, desk)
        return desk.with_state(after).saying(f"{semitones:+d} semitones, {after.key.name}")

    def faults(self, args: Args, before: Desk, after: Desk) -> Sequence[str]:
        old, new = before.state.material, after.state.material
        by = _semitones(args, before.state.key)
        same = len(old.notes) == len(new.notes) and all(
            np.array_equal(old.notes[field], new.notes[field])
            for field in ("onset", "duration", "velocity")
        )
        moved_right = same and bool(
            (new.notes["pitch"].astype(int) - old.notes["pitch"].astype(int) == by).all()
        )
        return () if moved_right else ("not every note moved by as much, and by nothing else",)


def _shifted(state: State, semitones: int, desk: Desk) -> State:
    """The key stands from here on, and how many octaves from the nearest place."""
    expected = moved(state.expected, semitones)
    source = moved(state.expected, -state.shift)
    total = state.shift + semitones
    near = (expected.tonic - source.tonic + 5) % 12 - 5
    wishes = replace(state.wishes, key=expected.name, octaves=(total - near) // 12)
    table = state.table.wished("key", moved(state.key, semitones).name, desk.number)
    if table["register"].target is not None:
        table = table.with_row("register", target=None, set_by="")
    return refitted(replace(state, wishes=wishes, table=table), desk.shelf)


def _semitones(args: Args, key: Key) -> int:
    if "octaves" in args:
        return 12 * int(args["octaves"])
    if "semitones" in args:
        return int(args["semitones"])
    wanted = parse_key(args["key"])
    if wanted.mode != key.mode:
        raise RefusedError(
            f"from {key.name} to {wanted.name} is a change of mode, not of pitch;"
            f" ask for something in {wanted.name} and I look for one"
        )
    return (wanted.tonic - key.tonic + 5) % 12 - 5
