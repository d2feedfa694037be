"""Forward again, after an undo."""

from typing import Any

from appliance.copilot.answers import Args
from appliance.copilot.desk import Desk
from appliance.copilot.schema import STEPS
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task
from appliance.copilot.tasks.undo import counted, retraced, steps


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
        left = counted("redo", count, situation.redoable)
        return situation.but(redoable=left, undoable=situation.undoable + count)

    def do(self, args: Args, desk: Desk) -> Desk:
        count = int(args["steps"])
        state, future, past = retraced("redo", count, desk, desk.future, desk.past)
        return desk.but(state=state, past=past, future=future).saying(f"forward {count}")
