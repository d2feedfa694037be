"""Stylistic rearrangement: the named descriptor moves, the others stay."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from appliance.copilot.answers import Args, RefusedError, UnclearError
from appliance.copilot.desk import Desk
from appliance.copilot.loop import State
from appliance.copilot.restyling import (
    MOVE,
    asked_columns,
    directed,
    labelled_as,
    levelled,
    progress,
    recast,
    thinned,
    unnamed_faults,
)
from appliance.copilot.schema import DENSITY, DYNAMICS, KEY, LAYER, MOOD, STYLE
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task, refuse_absent, refuse_locked, refuse_locked_notes
from appliance.copilot.tasks.transpose import Transpose


def _restyle(clause: Any, situation: Situation) -> Any:
    args: dict[str, Any] = {}
    if clause.has("LEVEL|TURN"):
        args["dynamics"] = clause.word("LEVEL|TURN", "soft", "loud")
    if clause.has("THICK"):
        args["density"] = clause.word("THICK", "sparse", "dense")
    if clause.flips and clause.has("STYLE|MOOD"):
        raise UnclearError("the opposite of that can be many things; say what it should be")
    if clause.has("STYLE"):
        args["style"] = clause.value("STYLE")
    if clause.has("MOOD"):
        args["mood"] = " ".join(clause.values("MOOD"))
    return [args | {"layer": layer} for layer in clause.values("LAYER")] or args


def _pictured(clause: Any, situation: Situation) -> Any:
    """'Make it sound like rain': about what plays, so not about another loop."""
    if not clause.points or clause.flips:
        return None
    return {"mood": " ".join(clause.values("MOOD|IMAGE"))}


def _turned(clause: Any, situation: Situation) -> Any:
    args = {"dynamics": "loud" if clause.sign("DIR") > 0 else "soft"}
    return [args | {"layer": layer} for layer in clause.values("LAYER")] or args


def _more_notes(clause: Any, situation: Situation) -> Any:
    if not clause.has("MORE|LESS|TOO"):
        return None
    args = {"density": "sparse" if clause.flips else "dense"}
    return [args | {"layer": layer} for layer in clause.values("LAYER")] or args


def _more_volume(clause: Any, situation: Situation) -> Any:
    if not clause.has("MORE|LESS|DIR"):
        return None
    down = clause.has("LESS") or (clause.has("DIR") and clause.sign("DIR") < 0)
    args = {"dynamics": "soft" if down else "loud"}
    return [args | {"layer": layer} for layer in clause.values("LAYER")] or args


MAY = "OUT MORE LESS TOO IS MUCH TOUCH PLAY SET LAYER LAYER* TO FEEL OF WITH"


class Restyle(Task):
    name = "restyle"
    help = "softer, louder, sparser, denser, or in another style or mood"
    says = (
        ("softer", "at least 10 percentiles of the corpus softer"),
        ("a bit calmer", "softer, fewer notes, more legato"),
        ("make it jazzier", "a near segment that swings more, or is labelled jazz"),
    )
    args = (STYLE, MOOD, DENSITY, DYNAMICS, LAYER, KEY)
    frames = (
        Frame("LEVEL", MAY + " IN", _restyle),
        Frame("THICK", MAY + " NOTES", _restyle),
        Frame("LEVEL THICK", MAY, _restyle),
        Frame("STYLE", MAY + " LIKE AS SWINGFEEL", _restyle),
        Frame("MOOD+", MAY + " LIKE AS", _restyle),
        Frame("IMAGE+ LIKE", MAY + " MOOD MOOD* AS IT", _pictured),
        Frame("TURN DIR", "LAYER LAYER* TOUCH MUCH", _turned),
        Frame("NOTES", "MORE LESS TOO IS MUCH TOUCH LAYER ADD", _more_notes),
        Frame("VOLUME", "MORE LESS DIR MUCH TOUCH PLAY LAYER TURN SET", _more_volume),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        if not any(name in args for name in ("style", "mood", "density", "dynamics", "key")):
            raise RefusedError("restyle needs a style, mood, density, dynamics or key")
        refuse_absent(situation, args.get("layer"))
        refuse_locked_notes(situation, args.get("layer"))
        refuse_locked(
            situation, *(n for n in ("style", "mood", "density", "dynamics") if n in args)
        )
        for name in ("style", "mood"):
            if name in args:
                asked_columns(str(args[name]))
        if "key" in args:
            return Transpose().check({"key": args["key"]}, situation)
        return situation

    def do(self, args: Args, desk: Desk) -> Desk:
        layer = args.get("layer")
        if "key" in args:
            desk = Transpose().do({"key": args["key"]}, desk)
        for name in ("style", "mood"):
            if name in args:
                desk = desk.with_state(_worded(desk, name, str(args[name]), layer))
        if "density" in args:
            desk = desk.with_state(_denser(desk, args["density"], layer))
        if "dynamics" in args:
            down = args["dynamics"] == "soft"
            desk = desk.with_state(levelled(desk.state, desk.shelf, down, layer, desk.number))
        said = ", ".join(f"{name} {value}" for name, value in args.items())
        return desk.saying(said)

    def faults(self, args: Args, before: Desk, after: Desk) -> Sequence[str]:
        found: list[str] = []
        asked = [name for name in ("style", "mood", "density", "dynamics") if name in args]
        for name in asked:
            if name == "style" and labelled_as(after.state, after.shelf, str(args[name])):
                continue
            columns = _columns(name, args[name])
            move = progress(before.state, after.state, after.shelf, columns, args.get("layer"))
            if move < MOVE - 1e-9:
                found.append(f"{args[name]} came out only {move:.0f} percentiles further")
        named = set().union(*(_columns(name, args[name]) for name in asked)) if asked else set()
        if asked:
            found += unnamed_faults(before.state, after.state, named)
        return found


def _columns(name: str, value: str) -> Mapping[str, float]:
    if name == "density":
        return {"onset_density": 1.0 if value == "dense" else -1.0}
    if name == "dynamics":
        return {"mean_velocity": 1.0 if value == "loud" else -1.0}
    return asked_columns(value)


def _worded(desk: Desk, name: str, words: str, layer: str | None) -> State:
    """Along the direction of the words: by edits where they do, else another segment."""
    columns = asked_columns(words)
    state, shelf = desk.state, desk.shelf
    found = None
    if name == "style":
        found = recast(state, shelf, columns, layer, desk.rng, words)
    if found is None:
        found = directed(state, shelf, columns, layer)
    if found is None:
        found = recast(state, shelf, columns, layer, desk.rng, "")
    if found is None:
        raise RefusedError(f"nothing in the corpus near to this is more {words}")
    table = found.table.wished(name, words, desk.number, columns)
    table = table.with_row(name, measured=words)
    return replace(found, table=table)


def _denser(desk: Desk, density: str, layer: str | None) -> State:
    state, shelf = desk.state, desk.shelf
    columns = _columns("density", density)
    found = thinned(state, shelf, layer) if density == "sparse" else None
    if found is None:
        found = recast(state, shelf, columns, layer, desk.rng, "")
    if found is None:
        raise RefusedError(f"nothing in the corpus near to this is more {density}")
    return found
