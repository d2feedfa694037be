"""Music captioning: a sentence from the table and the provenance."""

from typing import Any

from appliance.copilot.answers import Args
from appliance.copilot.desk import Desk
from appliance.copilot.loop import State
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task


def _nothing(clause: Any, situation: Situation) -> Any:
    return {}


WORDS = {
    "DESCRIBE": {
        "en": (
            "describe; what am i hearing; what are we hearing; what are you playing;"
            " what is playing; what's playing; what is this; what's this; what do i hear;"
            " tell me about; explain; caption; what do we hear; tell me what;"
            " what you are playing; what is it; what's going on; what's happening;"
            " what you're playing; what is that; what were you playing;"
            " what am i listening to; what are we listening to; sum up; what you play;"
            " i am hearing; i'm hearing; we are hearing; what you hear"
        ),
        "de": (
            "beschreibe; beschreib; was hören wir; was spielst du; was ist das; was höre ich;"
            " was läuft; was läuft gerade"
        ),
        "fr": (
            "décris; qu'est-ce que c'est; qu'est-ce qu'on entend; que joues-tu;"
            " qu'est-ce que tu joues; décrire"
        ),
        "es": "describe; qué es esto; qué suena; qué estás tocando; que suena",
        "it": "descrivi; cosa stai suonando; che cos'è; cosa sento; cosa suona",
        "pt": "descreve; descreva; o que é isso; o que está tocando; o que toca",
        "ja": "説明して; これは何; 何が鳴っている; 何を弾いている; 何の曲",
        "zh": "描述; 描述一下; 这是什么; 现在在放什么; 在弹什么",
    },
}


class Describe(Task):
    name = "describe"
    help = "say what plays, from the table and the provenance"
    says = (("what am I hearing?", "a sentence: key, tempo, voices, where the notes come from"),)
    reads_only = True
    words = WORDS
    frames = (Frame("DESCRIBE+", "PLAY LOOP LAYERS BE IS", _nothing),)

    def do(self, args: Args, desk: Desk) -> Desk:
        return desk.saying(sentence(desk.state))


def sentence(state: State) -> str:
    """Only values that the table has."""
    table = state.table
    layers, sources, effects = (table[n].measured or () for n in ("layers", "sources", "effects"))
    words = [
        f"{table['key'].measured}, {_number(table['bpm'].measured)} BPM",
        f"{_number(table['length'].measured)} beats",
        f"{', '.join(layers)}",  # type: ignore[arg-type]
        f"mean velocity {_number(table['dynamics'].measured)}",
        f"{_number(table['density'].measured)} strokes a beat, {table['feel'].measured}",
    ]
    if effects:
        words.append("with " + ", ".join(effects))  # type: ignore[arg-type]
    return "; ".join(words) + "; from " + " and ".join(sources)  # type: ignore[arg-type]


def _number(value: Any) -> str:
    return f"{round(float(value), 2):g}"
