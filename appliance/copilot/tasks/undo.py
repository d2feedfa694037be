"""Back to what was heard before the last rounds that edited."""

from typing import Any

from appliance.copilot.answers import Args, RefusedError
from appliance.copilot.desk import Desk, Past
from appliance.copilot.schema import STEPS
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task


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
        if count > situation.undoable:
            raise RefusedError(too_many("undo", count, situation.undoable))
        left = situation.undoable - count
        return situation.but(undoable=left, redoable=situation.redoable + count)

    def do(self, args: Args, desk: Desk) -> Desk:
        if desk.edited:
            raise RefusedError("undo what was there before, or edit: not both, in that order")
        for _ in range(int(args["steps"])):
            if not desk.past:
                raise RefusedError("nothing to undo")
            last = desk.past[-1]
            later = (*desk.future, Past(last.round, desk.state))
            desk = desk.but(state=last.state, past=desk.past[:-1], future=later)
        return desk.saying(f"back {args['steps']}")


def too_many(verb: str, wanted: int, there_is: int) -> str:
    """The line that refuses so many steps."""
    if there_is == 0:
        return f"nothing to {verb}"
    return f"cannot {verb} {wanted}: there is {there_is} to {verb}"
