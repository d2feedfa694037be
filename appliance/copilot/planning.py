"""Plans compared: when two plans ask for the same, and the state that requests are planned from."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from appliance.copilot import lexicon
from appliance.copilot.answers import RefusedError, Step
from appliance.copilot.grammar.sentences import merged
from appliance.copilot.registry import task_named
from appliance.copilot.schema import canonical
from appliance.copilot.situation import Situation
from corpus.hearing.key import parse_key

Plan = Sequence[Mapping[str, Any]]
UNORDERED = ("lock", "unlock", "remove_layer", "add_layer")  # neighbours of these may change places


def start_situation(expected: Plan = ()) -> Situation:
    """C minor, 100 BPM, 4/4, 8 beats, bass, chords and melody, three edits that can be undone and
    one undone, nothing locked; bpm and key are locked where something is to be unlocked."""
    unlocks = any(step.get("task") == "unlock" for step in expected)
    return Situation(
        key=parse_key("C minor"),
        bpm=100.0,
        bar=4.0,
        beats=8.0,
        layers=frozenset(("bass", "chords", "melody")),
        undoable=3,
        redoable=1,
        locks=frozenset(("bpm", "key")) if unlocks else frozenset(),
    )


def canonical_plan(plan: Plan, bpm: float = 100.0) -> list[dict[str, Any]]:
    """The plan in a form that is equal for plans that ask for the same from the start state.

    Arguments are canonical, with their defaults; octaves are semitones, changes of tempo the tempo
    that they lead to; restyles of the same layer that follow each other are one, and so is the
    order of neighbouring steps that do not depend on each other.
    """
    found: list[dict[str, Any]] = []
    for step in merged([_step(one) for one in plan]):
        one = _canonical_step(step.json(), bpm)
        bpm = float(one["args"].get("bpm", bpm)) if one["task"] == "tempo" else bpm
        if found and _goes_with(found[-1], one):
            found[-1] = _together(found[-1], one)
        else:
            found.append(one)
    runs = groupby(found, key=lambda one: str(one["task"]))
    return [
        one
        for task, run in runs
        for one in (sorted(run, key=str) if task in UNORDERED else list(run))
    ]


def _goes_with(last: Mapping[str, Any], one: Mapping[str, Any]) -> bool:
    """Two moods said one after the other for the same layer."""
    both = last["task"] == one["task"] == "restyle"
    if not both or last["args"].get("layer") != one["args"].get("layer"):
        return False
    return not (set(last["args"]) & set(one["args"])) - {"layer", "mood"}


def _together(last: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, Any]:
    args = {**last["args"], **one["args"]}
    moods = [step["args"]["mood"] for step in (last, one) if "mood" in step["args"]]
    if moods:
        args["mood"] = " ".join(sorted(" ".join(moods).split()))
    return {"task": "restyle", "args": dict(sorted(args.items()))}


def _step(said: Mapping[str, Any]) -> Step:
    name, args = str(said.get("task")), dict(said.get("args") or {})
    try:
        return Step(name, canonical(args, task_named(name).args, name))
    except RefusedError:
        return Step(name, args)


def _canonical_step(said: dict[str, Any], bpm: float) -> dict[str, Any]:
    args = dict(said["args"])
    for name in ("mood", "style"):
        if name in args:
            heads = lexicon.heads(str(args[name]))
            args[name] = " ".join(sorted(heads)) or args[name]
    if said["task"] == "tempo" and isinstance(args.get("delta_percent"), int | float):
        args = {"bpm": round(bpm * (1 + args["delta_percent"] / 100), 6)}
    if said["task"] == "transpose" and isinstance(args.get("octaves"), int):
        args = {"semitones": 12 * args["octaves"]}
    return {"task": said["task"], "args": dict(sorted(args.items()))}
