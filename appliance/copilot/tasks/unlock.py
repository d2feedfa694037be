"""Unlock: an attribute may change again."""

from typing import Any

from appliance.copilot.answers import Args, RefusedError, UnclearError
from appliance.copilot.desk import Desk
from appliance.copilot.locking import unlocked
from appliance.copilot.schema import ATTRIBUTE
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task
from appliance.copilot.tasks.lock import attributes_of


def _named(clause: Any, situation: Situation) -> Any:
    return attributes_of(clause) or None


def _all(clause: Any, situation: Situation) -> Any:
    if not situation.locks:
        raise RefusedError("nothing is locked")
    return [{"attribute": name} for name in sorted(situation.locks)]


def _what(clause: Any, situation: Situation) -> Any:
    if len(situation.locks) == 1:
        return {"attribute": next(iter(situation.locks))}
    raise UnclearError("unlock what?")


WORDS = {
    "UNLOCK": {
        "en": (
            "unlock; release; free; unfreeze; free up; open up; release the lock;"
            " release the lock on; remove the lock; remove the lock on; take the lock off;"
            " remove the lock from; unpin; let go of; lift the lock on; allow changes to"
        ),
        "de": "entsperre; entsperren; gib frei; löse; entriegle; freigeben; entsperr",
        "fr": "déverrouille; déverrouiller; débloque; libère",
        "es": "desbloquea; desbloquear; libera; suelta",
        "it": "sblocca; sbloccare; libera",
        "pt": "desbloqueia; desbloqueie; destrava; destrave; libera; desbloquear",
        "ja": (
            "ロック解除; 解除; 解除して; アンロック; ロックを外して; ロックを解除して;"
            " のロックを解除して"
        ),
        "zh": "解锁; 解除锁定; 解除; 放开",
    },
}


class Unlock(Task):
    name = "unlock"
    help = "what was locked may change again"
    says = (("unlock the tempo", "the tempo may change again"),)
    args = (ATTRIBUTE,)
    words = WORDS
    frames = (
        Frame("UNLOCK ATTR+", "KEYWORD TEMPO VOLUME AGAIN", _named),
        Frame("UNLOCK TEMPO", "KEYWORD VOLUME AGAIN", _named),
        Frame("UNLOCK KEYWORD", "VOLUME AGAIN", _named),
        Frame("UNLOCK VOLUME", "AGAIN", _named),
        Frame("UNLOCK LAYER+", "AGAIN", _named),
        Frame("UNLOCK ALL", "", _all),
        Frame("UNLOCK", "", _what),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        name = args.get("attribute")
        if name is None:
            raise RefusedError("unlock what?")
        if name not in situation.locks:
            raise RefusedError(f"{name} is not locked")
        return situation.but(locks=situation.locks - {name})

    def do(self, args: Args, desk: Desk) -> Desk:
        state = unlocked(desk.state, args["attribute"], desk.number)
        return desk.with_state(state).saying(f"{args['attribute']} unlocked")
