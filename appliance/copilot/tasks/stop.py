"""Transport: silence, at once."""

from typing import Any

from appliance.copilot.answers import Args
from appliance.copilot.desk import Desk
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task


def _nothing(clause: Any, situation: Situation) -> Any:
    return {}


WORDS = {
    "STOP": {
        "en": (
            "stop; silence; enough; end; stop playing; stop now; stop it; that's enough;"
            " stop the music; end it; quiet now; finish; halt; stop everything; stop the loop;"
            " cut it; shut up; that is enough; cease; stop please; end the loop; end here"
        ),
        "de": "stopp; stop; halt; aufhören; hör auf; schluss; ende; anhalten; stoppe; ruhe",
        "fr": "arrête; stop; arrêter; assez; fin; silence; arrête-toi; arrete",
        "es": "para; alto; detente; detén; basta; parar; silencio; detener; termina",
        "it": "ferma; fermati; basta; stop; alt; fermo; smetti; silenzio",
        "pt": "para; pare; parar; chega; pára; silêncio; basta; interrompe",
        "ja": "止めて; 停止; ストップ; 止まれ; とめて; 終わり; 止める; やめて; 停止して",
        "zh": "停止; 停; 停下; 停下来; 结束; 别弹了",
    },
}


class Stop(Task):
    name = "stop"
    help = "silence, at once"
    says = (("stop", "silence, at once"),)
    words = WORDS
    frames = (Frame("STOP", "NOW PLAY LOOP", _nothing),)

    def do(self, args: Args, desk: Desk) -> Desk:
        return desk.acting("stop").saying("stop")
