"""Transport: something else after this loop."""

from typing import Any

from appliance.copilot.answers import Args
from appliance.copilot.desk import Desk
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task


def _nothing(clause: Any, situation: Situation) -> Any:
    return {}


WORDS = {
    "NEXT": {
        "en": (
            "next; next one; skip; move on; another one; something else; next loop;"
            " skip this; next please; another; the next one; another loop; skip it;"
            " skip this one; skip to the next one; skip to next; move along; next segment;"
            " go to the next one; give me another; give me another one; skip ahead;"
            " play something else; play the next one; on to the next;"
            " new loop; next phrase"
        ),
        "de": "weiter; nächstes; nächste; nächster; etwas anderes; das nächste; was anderes",
        "fr": "suivant; suivante; passe; autre chose; la suite; le suivant; prochain",
        "es": "siguiente; el siguiente; otro; otra cosa; pasa; próximo; la siguiente",
        "it": "prossimo; avanti; successivo; il prossimo; altro; qualcos'altro; passa",
        "pt": "próximo; próxima; seguinte; outro; outra coisa; pula; passa; o próximo",
        "ja": "次; 次へ; 次に進んで; つぎ; ネクスト; 次のループ; 次の; 別の",
        "zh": "下一个; 下一段; 换一个; 跳过; 下一条",
    },
}


class Next(Task):
    name = "next"
    help = "something else after this loop"
    says = (("next", "something else after this loop"),)
    words = WORDS
    frames = (Frame("NEXT+", "NOW PLAY LOOP", _nothing),)

    def do(self, args: Args, desk: Desk) -> Desk:
        return desk.acting("next").saying("next")
