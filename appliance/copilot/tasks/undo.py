"""Back to what was heard before the last rounds that edited."""

from typing import Any

from appliance.copilot.answers import Args, RefusedError
from appliance.copilot.desk import Desk, Past
from appliance.copilot.loop import State
from appliance.copilot.schema import STEPS
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task

Pasts = tuple[Past, ...]
Retraced = tuple[State, Pasts, Pasts]


def steps(clause: Any, situation: Situation) -> Any:
    if clause.has("NUM"):
        return {"steps": clause.number("NUM")}
    return {"steps": 2 if clause.has("TWICE") else 1}


def _all(clause: Any, situation: Situation) -> Any:
    return {"steps": max(1, situation.undoable)}


WORDS = {
    "UNDO": {
        "en": (
            "undo; back; go back; take back; revert; back up; step back; take that back; roll back;"
            " rewind; take it back; undo that; back one; scrap that; un-do; rollback;"
            " go backwards"
        ),
        "de": (
            "rückgängig; mach rückgängig; rückgängig machen; zurück; nimm zurück; undo;"
            " geh zurück; zurücknehmen; einen schritt zurück"
        ),
        "fr": "annule; annuler; reviens; retour; défais; reviens en arrière; en arrière",
        "es": "deshaz; deshacer; atrás; vuelve atrás; regresa; vuelve",
        "it": "annulla; annullare; indietro; torna indietro",
        "pt": "desfaz; desfaça; desfazer; volta; volte; anula; voltar",
        "ja": "元に戻して; 戻して; 取り消し; 取り消して; アンドゥ; 元に戻す; 戻る",
        "zh": "撤销; 撤回; 返回; 回退; 取消; 恢复上一步; 退回",
    },
}


class Undo(Task):
    name = "undo"
    help = "back to what was heard before the last edits"
    says = (
        ("undo", "what was heard before the last edit"),
        ("undo the last two changes", "before both"),
    )
    args = (STEPS,)
    words = WORDS
    frames = (
        Frame("UNDO", "NUM STEPS LAST TWICE TIMES BY TO WHOLE", steps),
        Frame("UNDO ALL", "STEPS LAST", _all),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        count = int(args["steps"])
        left = counted("undo", count, situation.undoable)
        return situation.but(undoable=left, redoable=situation.redoable + count)

    def do(self, args: Args, desk: Desk) -> Desk:
        count = int(args["steps"])
        state, past, future = retraced("undo", count, desk, desk.past, desk.future)
        return desk.but(state=state, past=past, future=future).saying(f"back {count}")


def counted(verb: str, wanted: int, there_is: int) -> int:
    """How many are left after so many steps; RefusedError where there are fewer."""
    if there_is == 0:
        raise RefusedError(f"nothing to {verb}")
    if wanted > there_is:
        raise RefusedError(f"cannot {verb} {wanted}: there is {there_is} to {verb}")
    return there_is - wanted


def retraced(verb: str, count: int, desk: Desk, behind: Pasts, ahead: Pasts) -> Retraced:
    """The state so many steps along `behind`, what is left of that, and `ahead` with the states
    that were passed: undo and redo are the same walk in opposite directions."""
    if desk.edited:
        raise RefusedError(f"{verb} what was there before, or edit: not both, in that order")
    state = desk.state
    for _ in range(count):
        if not behind:
            raise RefusedError(f"nothing to {verb}")
        last = behind[-1]
        ahead = (*ahead, Past(last.round, state))
        state, behind = last.state, behind[:-1]
    return state, behind, ahead
