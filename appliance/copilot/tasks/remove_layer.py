"""Remove a track: one voice falls silent, and stays so until it is asked for again."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from appliance.copilot.answers import Args, RefusedError
from appliance.copilot.desk import Desk
from appliance.copilot.loop import refitted, without_dynamics
from appliance.copilot.schema import LAYER
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task, refuse_locked_notes


def _each(clause: Any, situation: Situation) -> Any:
    return [{"layer": layer} for layer in clause.values("LAYER")]


def _others(clause: Any, situation: Situation) -> Any:
    kept = set(clause.values("LAYER"))
    for layer in kept - situation.layers:
        raise RefusedError(f"there is no {layer} in this loop")
    order = [layer for layer in LAYER.schema["enum"] if layer in situation.layers - kept]
    return [{"layer": layer} for layer in order] or None


def _everything(clause: Any, situation: Situation) -> Any:
    raise RefusedError("that would leave silence; say stop to end")


WORDS = {
    "REMOVE": {
        "en": (
            "remove; drop; mute; delete; take out; take away; lose; kill; cut; cut out;"
            " silence; get rid of; drop out; leave out; turn off; switch off; strip out;"
            " ditch; without; no; no more; minus; omit; pull out"
        ),
        "de": (
            "ohne; entferne; entfern; nimm weg; weg; weglassen; lass weg; lösche; stumm;"
            " schalte aus; kein; keine; keinen; raus; nimm raus; nimm heraus; weg mit;"
            " streiche"
        ),
        "fr": (
            "sans; enlève; enlever; supprime; supprimer; retire; retirer; coupe; vire;"
            " pas de; ôte; enleve"
        ),
        "es": "sin; quita; quitar; elimina; eliminar; saca; silencia; fuera; borra; quítale",
        "it": "senza; togli; togliere; rimuovi; elimina; leva; via; niente; silenzia",
        "pt": "sem; tira; tire; remove; remova; retira; retire; elimina; silencia; corta",
        "ja": (
            "消して; 消す; なし; 抜いて; 抜き; 外して; 取って; 除いて; なしで; 削除;"
            " ミュート; なくして; カット; 省いて"
        ),
        "zh": "去掉; 删掉; 删除; 移除; 拿掉; 不要; 关掉; 静音; 去除; 没有; 取消掉",
    },
    "ONLY": {
        "en": "only; just; solo; nothing but; on its own; alone; isolate; only keep; keep only",
        "de": "nur; allein; nur noch",
        "fr": "seulement; uniquement; juste; rien que; seul; seule; que",
        "es": "solo; sólo; solamente; únicamente",
        "it": "solo; soltanto; solamente",
        "pt": "só; somente; apenas; so",
        "ja": "だけ; のみ; だけにして",
        "zh": "只要; 只留; 只保留; 只有; 仅",
    },
}


class RemoveLayer(Task):
    name = "remove_layer"
    help = "one voice falls silent"
    says = (
        ("drop the bass", "the rest goes on without the bass"),
        ("only the melody", "bass and chords fall silent"),
    )
    args = (LAYER,)
    words = WORDS
    frames = (
        Frame("REMOVE LAYER+", "FROM PLAY SET", _each),
        Frame("OUT LAYER+", "SHIFT REMOVE TURN", _each),
        Frame("OFF LAYER+", "TURN", _each),
        Frame("ONLY LAYER+", "PLAY SET FIND", _others),
        Frame("REMOVE ALL", "LAYERS", _everything),
        Frame("REMOVE ALLBUT LAYER+", "", _others),
        Frame("ALLBUT LAYER+ OFF", "TURN", _others),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        layer = args.get("layer")
        if layer is None:
            raise RefusedError("which layer? there is " + ", ".join(sorted(situation.layers)))
        if layer not in situation.layers:
            has = ", ".join(sorted(situation.layers))
            raise RefusedError(f"there is no {layer} in this loop; there is {has}")
        refuse_locked_notes(situation, layer)
        left = situation.layers - {layer}
        if not left:
            raise RefusedError("that would leave silence; say stop to end")
        return situation.but(layers=left)

    def do(self, args: Args, desk: Desk) -> Desk:
        layer = args["layer"]
        state = without_dynamics(desk.state, [layer])
        content = (*state.content, {"op": "drop", "layer": layer})
        dropped = tuple(dict.fromkeys((*state.wishes.dropped, layer)))
        wishes = replace(state.wishes, dropped=dropped)
        after = refitted(replace(state, content=content, wishes=wishes), desk.shelf)
        return desk.with_state(after).saying(f"no {layer}")

    def faults(self, args: Args, before: Desk, after: Desk) -> Sequence[str]:
        old, new = before.state.material, after.state.material
        if args["layer"] in new.names:
            return ("the layer still sounds",)
        kept = old.only(~old.mask(args["layer"])).notes
        return () if np.array_equal(kept, new.notes) else ("other notes changed",)
