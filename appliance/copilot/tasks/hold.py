"""Transport: this loop again and again until told otherwise."""

from typing import Any

from appliance.copilot.answers import Args
from appliance.copilot.desk import Desk
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task


def _nothing(clause: Any, situation: Situation) -> Any:
    return {}


WORDS = {
    "HOLD": {
        "en": (
            "hold; stay here;"
            " keep this loop; keep looping;"
            " keep repeating; hold the loop; keep the loop; repeat;"
            " keep playing this; hold here; keep it here;"
            " keep this one; hold on this"
        ),
        "de": (
            "halten; halt das; bleib hier; halte das; wiederhole; halte; halt fest; bleib;"
            " wiederhole das; bleib dabei"
        ),
        "fr": "garde ça; reste là; tiens; maintiens; répète; boucle; reste ici; tiens ça",
        "es": "mantén esto; quédate aquí; repite; mantén; quédate; mantén este; repite esto",
        "it": "tieni; tieni questo; resta qui; ripeti; mantieni questo; resta",
        "pt": "segura; mantém isso; fica aqui; repete; segure; repita; fica",
        "ja": "ホールド; このまま; そのまま; キープ; 繰り返して; ホールドして",
        "zh": "保持; 停在这里; 循环这个; 保持这个; 就这样; 重复",
    },
}


class Hold(Task):
    name = "hold"
    help = "this loop again and again until told otherwise"
    says = (("hold this", "this loop again and again until told otherwise"),)
    words = WORDS
    frames = (
        Frame("HOLD", "NOW PLAY LOOP", _nothing),
        Frame("KEEP IT+", "NOW LOOP", _nothing),
    )

    def do(self, args: Args, desk: Desk) -> Desk:
        return desk.acting("hold").saying("hold")
