"""Re-generation: some beats anew, from the segment that joins best."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from appliance.copilot.answers import Args, RefusedError, UnclearError
from appliance.copilot.desk import Desk
from appliance.copilot.edits import begins_in
from appliance.copilot.loop import State
from appliance.copilot.material import Material
from appliance.copilot.schema import BEATS, DENSITY, DYNAMICS, LAYER
from appliance.copilot.situation import Situation
from appliance.copilot.swapping import Window, jaccard, partners, plain, swapped, voices
from appliance.copilot.task import Frame, Task, refuse_absent, refuse_locked, refuse_locked_notes
from appliance.copilot.tasks.vary import wrong_density
from models.notes import Notes

NEAREST = 12  # partners whose joins are compared
TRIES = 4
SAME = 0.97  # Jaccard of the whole loop above which nothing was made anew


def _inpaint(clause: Any, situation: Situation) -> Any:
    args: dict[str, Any] = {"beats": list(clause.value("SPAN"))}
    if clause.has("THICK"):
        args["density"] = clause.word("THICK", "sparse", "dense")
    if clause.has("LEVEL"):
        args["dynamics"] = clause.word("LEVEL", "soft", "loud")
    return [args | {"layer": layer} for layer in clause.values("LAYER")] or args


def _where(clause: Any, situation: Situation) -> Any:
    raise UnclearError("which beats? say 'redo bar 2' or 'change beats 5 to 8'")


def _what(clause: Any, situation: Situation) -> Any:
    raise UnclearError("what about those beats? say 'redo' with them to have them anew")


WORDS = {
    "INPAINT": {
        "en": (
            "regenerate; rewrite; fill in; fill; inpaint; recompose; replace; re-do; reroll;"
            " redo; do over; refill; re-generate; rework; remake; swap out; redraw; re-write"
        ),
        "de": (
            "ersetze; erneuere; fülle; schreibe neu; spiel neu; spiele neu; mach neu;"
            " mache neu; ändere; tausche aus; erfinde neu; neu"
        ),
        "fr": "refais; refaire; réécris; remplace; régénère; change; recompose",
        "es": "rehaz; rehacer; reescribe; regenera; reemplaza; cambia; sustituye",
        "it": "rifai; rifare; riscrivi; rigenera; sostituisci; cambia",
        "pt": "refaz; refaça; refazer; reescreve; reescreva; substitui; substitua; muda; mude",
        "ja": "作り直して; やり直して; 書き直して; 変えて; 差し替えて; 入れ替えて",
        "zh": "重做; 重写; 重新生成; 替换; 换掉; 改写; 改变; 换; 改",
    },
}


class Inpaint(Task):
    name = "inpaint"
    help = "some beats anew, the others as they are"
    says = (
        ("redo the second bar", "beats 5 to 8 come from another segment"),
        ("change beats 3 and 4 of the melody", "only those of the melody"),
    )
    args = (BEATS, DENSITY, DYNAMICS, LAYER)
    words = WORDS
    frames = (
        Frame(
            "INPAINT|VARY|CHANGE SPAN",
            "LAYER LAYER* THICK LEVEL MORE PLAY WITH SOMETHING NEW FROM OF SET REDO TO TOUCH IN"
            " FIND",
            _inpaint,
        ),
        Frame("NEW SPAN", "LAYER LAYER* THICK LEVEL FIND SOMETHING PLAY ADD IN SET", _inpaint),
        Frame("SPAN THICK", "MORE LESS LAYER LAYER* TOUCH MUCH", _inpaint),
        Frame("INPAINT LAYER", "SOMETHING NEW", _where),
        Frame("SPAN", "LAYER IN", _what),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        if "beats" not in args:
            raise RefusedError("which beats? they are counted from 1")
        if args["beats"][1] > situation.beats:
            raise RefusedError(
                f"beats {args['beats'][0]} to {args['beats'][1]}:"
                f" the loop has {situation.beats:g} beats"
            )
        refuse_absent(situation, args.get("layer"))
        refuse_locked_notes(situation, args.get("layer"))
        refuse_locked(situation, *(name for name in ("density", "dynamics") if name in args))
        return situation

    def do(self, args: Args, desk: Desk) -> Desk:
        state, shelf, layer = desk.state, desk.shelf, args.get("layer")
        layers = [name for name in voices(state) if layer in (None, "low", "high", name)]
        window = (float(args["beats"][0] - 1), float(args["beats"][1]))
        rows, semitones, near = partners(state, shelf)
        best = np.argsort(-near, kind="stable")[:NEAREST]
        if len(best) == 0 or not layers:
            raise RefusedError(
                "the corpus has no segment of this key and length to take beats from"
            )
        costs = [
            join_cost(state, shelf.of_row(int(rows[i])), int(semitones[i]), window) for i in best
        ]
        for index in best[np.argsort(costs, kind="stable")][:TRIES]:
            row = int(rows[index])
            found = swapped(state, shelf, row, int(semitones[index]), window, layers)
            if found is not None and not self._wrong(args, state, found):
                first, last = args["beats"]
                line = f"beats {first} to {last} from {shelf.id_of(row)}"
                return desk.with_state(found).saying(line)
        raise RefusedError("no segment joins there as asked; try other beats")

    def faults(self, args: Args, before: Desk, after: Desk) -> Sequence[str]:
        found = self._wrong(args, before.state, after.state)
        if not np.array_equal(_outside(args, before), _outside(args, after)):
            found.append("notes outside those beats changed")
        return found

    def _wrong(self, args: Args, before: State, after: State) -> list[str]:
        found = wrong_density(args, before, after)
        if jaccard(before.material.notes, after.material.notes) >= SAME:
            found.append("nothing was made anew")
        if not np.array_equal(before.material.pedals, after.material.pedals):
            found.append("the pedal changed")
        if after.key.name != before.key.name:
            found.append("the key changed")
        if "dynamics" in args and not _louder(args, before, after):
            found.append(f"those beats did not become {args['dynamics']}er")
        return [*found, *after.table.drifted()]


def _outside(args: Args, desk: Desk) -> Notes:
    """The notes that begin outside those beats, before effects: an echo of a new note may sound
    later than they end."""
    material = plain(desk.state, desk.shelf)
    window = (float(args["beats"][0] - 1), float(args["beats"][1]))
    return material.notes[~begins_in(material, window)]


def _louder(args: Args, before: State, after: State) -> bool:
    window = (float(args["beats"][0] - 1), float(args["beats"][1]))
    means = [
        float(one.notes["velocity"][begins_in(one, window)].mean())
        for one in (before.material, after.material)
        if begins_in(one, window).any()
    ]
    if len(means) < 2:
        return False
    return means[1] < means[0] if args["dynamics"] == "soft" else means[1] > means[0]


def join_cost(state: State, other: Material, semitones: int, window: Window) -> float:
    """Semitones that top and bottom leap at both edges, beyond those of the loop as it was."""
    notes, shift = state.material.notes, state.shift + semitones
    cost = 0.0
    for edge, inside_first in ((window[0], True), (window[1], False)):
        here = _ends(notes, edge, before=inside_first)
        there = _ends(other.notes, edge, before=not inside_first)
        if here is None or there is None:
            cost += 12.0
        else:
            cost += abs(here[0] - there[0] - shift) + abs(here[1] - there[1] - shift)
    return cost


def _ends(notes: Any, edge: float, before: bool) -> tuple[int, int] | None:
    """Lowest and highest pitch of the beat before or after an edge."""
    low = edge - 1.0 if before else edge
    near = (notes["onset"] >= low) & (notes["onset"] < low + 1.0)
    if not near.any():
        return None
    return int(notes["pitch"][near].min()), int(notes["pitch"][near].max())
