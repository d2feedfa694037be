"""What every task promises, checked on plain lists of notes with none of the tasks' own code.

A note is (onset, duration, pitch, velocity, layer); a snapshot is what a musician would write down
of a loop.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from appliance.copilot.loop import State

Note = tuple[float, float, int, int, int]
VOICES = {"bass": 0, "chords": 1, "melody": 2, "low": 3, "high": 4}
GHOST = 8


@dataclass(frozen=True)
class Snapshot:
    notes: list[Note]
    pedals: list[tuple[float, int, int]]
    bpm: float
    beats: float
    key: str
    source: int

    def layer(self, name: str | None) -> list[Note]:
        if name is None:
            return self.notes
        return [note for note in self.notes if note[4] % GHOST == VOICES[name]]


def snapshot(state: State) -> Snapshot:
    material = state.material
    rows = zip(material.notes.tolist(), material.layers.tolist(), strict=True)
    return Snapshot(
        [(*note, layer) for note, layer in rows],
        [tuple(event) for event in material.pedals.tolist()],
        state.bpm,
        material.beats,
        str(state.table["key"].measured),
        state.base.row,
    )


def faults(task: str, args: dict[str, Any], old: Snapshot, new: Snapshot) -> list[str]:
    """What the task promised and did not keep."""
    check = CHECKS.get(task)
    return check(args, old, new) if check else []


def _tempo(args: dict[str, Any], old: Snapshot, new: Snapshot) -> list[str]:
    wanted = args.get("bpm") or old.bpm * (1 + args["delta_percent"] / 100)
    found = [] if abs(new.bpm / wanted - 1) <= 0.01 else ["tempo"]
    # By onsets: the seconds between the first and the last one scale with the tempo.
    seconds = [(max(one.notes)[0] - min(one.notes)[0]) * 60 / one.bpm for one in (old, new)]
    if seconds[0] and abs(seconds[1] / seconds[0] * wanted / old.bpm - 1) > 0.01:
        found.append("onsets do not follow the tempo")
    return found + ([] if old.notes == new.notes else ["notes changed"])


def _transpose(args: dict[str, Any], old: Snapshot, new: Snapshot) -> list[str]:
    if "octaves" in args:
        by = {12 * args["octaves"]}
    elif "semitones" in args:
        by = {args["semitones"]}
    else:
        by = set(range(-6, 7))
    moved = {b[2] - a[2] for a, b in zip(old.notes, new.notes, strict=True)}
    same = [(*a[:2], *a[3:]) for a in old.notes] == [(*b[:2], *b[3:]) for b in new.notes]
    wrong = "key" in args and new.key != args["key"]
    return (
        (["pitches"] if len(moved) != 1 or not moved <= by else [])
        + ([] if same else ["the rest"])
        + (["key"] if wrong else [])
    )


def _remove(args: dict[str, Any], old: Snapshot, new: Snapshot) -> list[str]:
    kept = [note for note in old.notes if note not in old.layer(args["layer"])]
    return [] if kept == new.notes and kept else ["kept notes"]


def _add(args: dict[str, Any], old: Snapshot, new: Snapshot) -> list[str]:
    former = [note for note in new.notes if note not in new.layer(args["layer"])]
    added = new.layer(args["layer"])
    return ([] if former == old.notes else ["former notes"]) + ([] if added else ["nothing new"])


def _inpaint(args: dict[str, Any], old: Snapshot, new: Snapshot) -> list[str]:
    first, last = args["beats"]

    def outside(one: Snapshot) -> Counter[Note]:
        played = (note for note in one.notes if note[4] < GHOST)  # an echo may come later
        return Counter(n for n in played if not first - 1 <= n[0] < last)

    found = [] if outside(old) == outside(new) else ["notes outside"]
    if old.pedals != new.pedals:
        found.append("pedals")
    if args.get("layer") in ("bass", "chords", "melody"):
        others = [[n for n in one.notes if n not in one.layer(args["layer"])] for one in (old, new)]
        found += [] if others[0] == others[1] else ["other layers"]
    return found


def _vary(args: dict[str, Any], old: Snapshot, new: Snapshot) -> list[str]:
    a, b = ({(round(n[0] * 48), n[2]) for n in one.notes} for one in (old, new))
    same = len(a & b) / len(a | b)
    fixed = (old.bpm, old.key, old.beats) == (new.bpm, new.key, new.beats)
    return ([] if same < 0.95 else ["the same"]) + ([] if fixed else ["tempo, key or length"])


def _restyle(args: dict[str, Any], old: Snapshot, new: Snapshot) -> list[str]:
    found = []
    if "dynamics" in args:
        a, b = (_loudness(one.layer(_voice(args))) for one in (old, new))
        if (b - a) * (1 if args["dynamics"] == "loud" else -1) <= 0:
            found.append("loudness")
    if "density" in args and "layer" not in args:
        a, b = (_strokes(one.notes) / one.beats for one in (old, new))
        if (b - a) * (1 if args["density"] == "dense" else -1) <= 0:
            found.append("density")
    if old.bpm != new.bpm:
        found.append("tempo")
    return found


def _voice(args: dict[str, Any]) -> str | None:
    layer = args.get("layer")
    return layer if layer in ("bass", "chords", "melody") else None


def _loudness(notes: list[Note]) -> float:
    played = [note[3] for note in notes if note[4] < GHOST]
    return sum(played) / max(1, len(played))


def _strokes(notes: list[Note]) -> int:
    onsets = sorted(note[0] for note in notes)
    return 1 + sum(b - a > 1 / 16 for a, b in pairwise(onsets))


def _effect(args: dict[str, Any], old: Snapshot, new: Snapshot) -> list[str]:
    kind, amount = args["effect"], args.get("amount", 0.5)
    if kind in ("echo", "octave_double"):
        left = Counter(n[:4] for n in old.notes) - Counter(n[:4] for n in new.notes)
        return ["former notes"] if left or len(new.notes) <= len(old.notes) else []
    if len(old.notes) != len(new.notes):
        return ["notes came or went"]
    if kind == "humanise":
        room = amount * 0.030 * old.bpm / 60 + 1e-9
        a, b = (sorted((n[2], n[3], n[1], n[0]) for n in one.notes) for one in (old, new))
        far = any(abs(x[3] - y[3]) > room or x[:3] != y[:3] for x, y in zip(a, b, strict=True))
        return ["too far"] if far else []
    pitches = [Counter((n[2], n[3], n[4]) for n in one.notes) for one in (old, new)]
    if pitches[0] != pitches[1]:
        return ["pitches or velocities"]
    if kind in ("staccato", "legato"):
        longer = sum(n[1] for n in new.notes) - sum(n[1] for n in old.notes)
        onsets = [[n[0] for n in one.notes] for one in (old, new)]
        right = longer > 0 if kind == "legato" else longer < 0
        return ([] if right else ["length"]) + ([] if onsets[0] == onsets[1] else ["onsets"])
    return []


CHECKS = {
    "tempo": _tempo,
    "transpose": _transpose,
    "remove_layer": _remove,
    "add_layer": _add,
    "inpaint": _inpaint,
    "vary": _vary,
    "restyle": _restyle,
    "effect": _effect,
}
