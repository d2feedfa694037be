"""Forward again, after an undo."""

from typing import Any

from appliance.copilot.answers import Args, RefusedError
from appliance.copilot.desk import Desk, Past
from appliance.copilot.schema import STEPS
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task
from appliance.copilot.tasks.undo import steps, too_many


def _all(clause: Any, situation: Situation) -> Any:
    return {"steps": max(1, situation.redoable)}


WORDS = {
    "REDO": {
        "en": "redo; bring back; restore; go forward; re-do; step forward; forward",
        "de": "wiederholen; wiederherstellen; wieder her; vorwärts; redo; stelle wieder her",
        "fr": "rétablis; rétablir; refais; refaire",
        "es": "rehaz; rehacer; adelante",
        "it": "ripristina; rifai; ripeti",
        "pt": "refaz; refaça; refazer; avança",
        "ja": "やり直し; リドゥ; やり直して",
        "zh": "重做; 恢复",
    },
    "UNDONE": {
        "en": (
            "undid; i undid; what i undid; what i just undid; what was undone; undone; the undo;"
            " last undo; my undo; your undo"
        ),
    },
}


class Redo(Task):
    name = "redo"
    help = "what an undo took back, again"
    says = (("redo", "what was heard before the last undo"),)
    args = (STEPS,)
    words = WORDS
    frames = (
        Frame("REDO", "NUM STEPS LAST TWICE TIMES UNDONE BY", steps),
        Frame("REDO ALL", "STEPS LAST", _all),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        count = int(args["steps"])
        if count > situation.redoable:
            raise RefusedError(too_many("redo", count, situation.redoable))
        left = situation.redoable - count
        return situation.but(redoable=left, undoable=situation.undoable + count)

    def do(self, args: Args, desk: Desk) -> Desk:
        if desk.edited:
            raise RefusedError("redo what was there before, or edit: not both, in that order")
        for _ in range(int(args["steps"])):
            if not desk.future:
                raise RefusedError("nothing to redo")
            coming = desk.future[-1]
            earlier = (*desk.past, Past(coming.round, desk.state))
            desk = desk.but(state=coming.state, past=earlier, future=desk.future[:-1])
        return desk.saying(f"forward {args['steps']}")
