"""State: the table in short."""

from typing import Any

from appliance.copilot.answers import Args
from appliance.copilot.desk import Desk
from appliance.copilot.situation import Situation
from appliance.copilot.table import NAMES
from appliance.copilot.task import Frame, Task


def _nothing(clause: Any, situation: Situation) -> Any:
    return {}


WORDS = {
    "STATUS": {
        "en": (
            "status; settings; the settings; current settings;"
            " how fast is this; how fast are we; how fast is it; how loud is it;"
            " show the table; show table; state; attributes; show attributes; table;"
            " show me the table; show me the status; where are we; current state"
        ),
        "de": "status; zustand; tabelle; zeig die tabelle; wo sind wir",
        "fr": "statut; état; où en est-on; le tableau",
        "es": "estado; tabla; dónde estamos",
        "it": "stato; tabella; a che punto siamo",
        "pt": "estado; tabela; situação",
        "ja": "状態; ステータス; 状況",
        "zh": "状态; 当前状态",
    },
    "WHAT": {
        "en": (
            "what; which; what's; what is; what are; which are; tell me; show; show me;"
            " how fast; how loud"
        ),
        "de": "welche; welches; was ist; in welcher; wie ist; zeig; welches ist; wie",
        "fr": "quel; quelle; quel est; quelle est; montre; dans quelle",
        "es": "qué; cuál; cuál es; muestra; en qué; que",
        "it": "quale; qual è; che; mostra; in che",
        "pt": "qual; qual é; mostra; mostre; em que; que",
        "ja": "何; は何; は何ですか; 教えて; いくつ",
        "zh": "是什么; 什么; 是多少; 多少; 显示",
    },
}


def _said(value: Any) -> str:
    if isinstance(value, float | int):
        return f"{round(value, 2):g}"
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


class Status(Task):
    name = "status"
    help = "the attribute table: measured, wished, locked"
    says = (("status", "every attribute with its value, wish and lock"),)
    reads_only = True
    words = WORDS
    frames = (
        Frame("STATUS", "LOOP FIND WHAT", _nothing),
        Frame("WHAT ATTR", "IS IN PLAY AT BE LOCKED", _nothing),
        Frame("WHAT KEYWORD", "IS IN PLAY AT BE", _nothing),
        Frame("WHAT TEMPO", "IS IN PLAY AT BE", _nothing),
        Frame("WHAT LAYERS", "IS IN PLAY BE", _nothing),
        Frame("WHAT LOCKED", "IS BE", _nothing),
    )

    def do(self, args: Args, desk: Desk) -> Desk:
        table = desk.state.table
        shown = []
        for name in NAMES:
            row = table[name]
            if row.measured is not None:
                shown.append(f"{name} {_said(row.measured)}" + (" (locked)" if row.locked else ""))
        return desk.saying("; ".join(shown))
