"""Sound effects, in pure MIDI: what a key can do, and nothing that happens after the string."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from appliance.copilot.answers import Args, RefusedError, UnclearError
from appliance.copilot.desk import Desk
from appliance.copilot.effects import HUMAN_MS, swing_of, swing_target
from appliance.copilot.loop import refitted
from appliance.copilot.material import Material
from appliance.copilot.schema import AMOUNT, EFFECT, LAYER
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task, refuse_absent, refuse_locked, refuse_locked_notes

SWING_NEAR = 0.02
TIMED = ("humanise", "swing", "arpeggio")  # these move onsets


LENGTHS = ("short", "shorter", "shorten", "lengthen")  # of notes, or of the loop?


def _effects(clause: Any, situation: Situation) -> Any:
    said = {token.text.lower() for name, _, token in clause.parts if name == "EFFECT"}
    if said & set(LENGTHS) and not clause.has("LAYER|NOTES"):
        raise UnclearError("the notes? say 'shorter notes' or 'longer notes'; the loop keeps its")
    args = {"effect": clause.value("EFFECT"), "amount": clause.degree}
    return [args | {"layer": layer} for layer in clause.values("LAYER")] or args


def _doubled(clause: Any, situation: Situation) -> Any:
    args = {"effect": "octave_double", "amount": clause.degree}
    return [args | {"layer": layer} for layer in clause.values("LAYER")] or args


class EffectTask(Task):
    name = "effect"
    help = "echo, arpeggio, humanise, swing, staccato, legato, octave_double"
    says = (
        ("add some echo to the melody", "its notes come again, softer"),
        ("a touch of swing", "eighths 1.25 to 1"),
    )
    args = (EFFECT, AMOUNT, LAYER)
    frames = (
        Frame(
            "EFFECT",
            "ADD LAYER LAYER* TOUCH MUCH MORE SOME WITH FIND ON USE AS DOUBLE LIKE NOTES",
            _effects,
        ),
        Frame("ADD OCTAVE", "LAYER LAYER* TOUCH MUCH SOME", _doubled),
        Frame("DOUBLE OCTAVE", "DIR HEIGHT LAYER LAYER* TOUCH MUCH PLAY IN ADD SET WITH", _doubled),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        if "effect" not in args:
            raise RefusedError("which effect? there is " + ", ".join(EFFECT.schema["enum"]))
        refuse_absent(situation, args.get("layer"))
        refuse_locked_notes(situation, args.get("layer"))
        refuse_locked(situation, "effects", args["effect"])
        return situation.but(effects=(*situation.effects, args["effect"]))

    def do(self, args: Args, desk: Desk) -> Desk:
        state = desk.state
        one = (args["effect"], float(args["amount"]), args.get("layer") or "")
        if one[0] == "swing":
            _refuse_unswung(state.material, one[2] or None)
        others = tuple(e for e in state.wishes.effects if (e[0], e[2]) != (one[0], one[2]))
        wishes = replace(state.wishes, effects=(*others, one))
        table = state.table.wished("effects", tuple(e[0] for e in wishes.effects), desk.number)
        after = refitted(replace(state, wishes=wishes, table=table), desk.shelf)
        if after.material.same(state.material):
            raise RefusedError(f"{one[0]} changes nothing here")
        return desk.with_state(after).saying(f"{one[0]} {one[1]:g}")

    def faults(self, args: Args, before: Desk, after: Desk) -> Sequence[str]:
        old, new = before.state.material, after.state.material
        if any(effect[0] == args["effect"] for effect in before.state.wishes.effects):
            return ()  # the same effect in another amount: what it is against is not there
        return _FAULTS[args["effect"]](args, old, new, before.state.bpm)


def _refuse_unswung(material: Material, layer: str | None) -> None:
    if swing_of(material.only(material.mask(layer)))[1] == 0:
        raise RefusedError("there are no off-beat eighths here that could swing")


def _only_more(args: Args, old: Material, new: Material, bpm: float) -> Sequence[str]:
    """echo and octave_double: every former note identical."""
    if not np.isin(old.notes, new.notes).all():
        return ("former notes changed",)
    return () if len(new.notes) > len(old.notes) else ("no note was added",)


def _moved(args: Args, old: Material, new: Material, bpm: float) -> Sequence[str]:
    """humanise: the same notes, each within amount x 30 ms."""
    if len(old.notes) != len(new.notes):
        return ("notes came or went",)
    room = float(args["amount"]) * HUMAN_MS * bpm / 60_000 + 1e-9
    order = ["pitch", "velocity", "duration", "onset"]
    a, b = (np.sort(one.notes, order=order) for one in (old, new))
    far = np.abs(a["onset"] - b["onset"]) > room
    return ("a note moved further than asked",) if far.any() else _same_but(a, b, "onset")


def _same_but(a: Any, b: Any, *free: str) -> Sequence[str]:
    fixed = [name for name in ("onset", "duration", "pitch", "velocity") if name not in free]
    same = len(a) == len(b) and all(np.array_equal(a[name], b[name]) for name in fixed)
    return () if same else ("more changed than was asked",)


def _swung(args: Args, old: Material, new: Material, bpm: float) -> Sequence[str]:
    ratio, _ = swing_of(new.only(new.mask(args.get("layer"))))
    far = abs(ratio - swing_target(float(args["amount"]))) > SWING_NEAR
    return (f"the swing came out as {ratio:.2f}",) if far else ()


def _lengths(args: Args, old: Material, new: Material, bpm: float) -> Sequence[str]:
    """staccato and legato: nothing but lengths, all in one direction."""
    longer = new.notes["duration"].sum() - old.notes["duration"].sum()
    wrong = longer <= 0 if args["effect"] == "legato" else longer >= 0
    found = _same_but(old.notes, new.notes, "duration")
    return [*found, *(["the notes did not change their length"] if wrong else [])]


def _rolled(args: Args, old: Material, new: Material, bpm: float) -> Sequence[str]:
    a, b = (np.sort(one.notes, order=["pitch", "velocity"]) for one in (old, new))
    return _same_but(a, b, "onset", "duration")


_FAULTS = {
    "echo": _only_more,
    "octave_double": _only_more,
    "humanise": _moved,
    "swing": _swung,
    "staccato": _lengths,
    "legato": _lengths,
    "arpeggio": _rolled,
}
