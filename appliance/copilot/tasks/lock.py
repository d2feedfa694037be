"""Lock: an attribute, or the notes of a layer, stays as it is until it is unlocked."""

from typing import Any

from appliance.copilot.answers import Args, RefusedError, UnclearError
from appliance.copilot.desk import Desk
from appliance.copilot.locking import locked
from appliance.copilot.material import LAYERS
from appliance.copilot.schema import ATTRIBUTE
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task
from corpus.hearing.key import parse_key

NAMED = ("ATTR", "TEMPO", "KEYWORD", "VOLUME", "LAYER")


def attributes_of(clause: Any) -> list[dict[str, Any]]:
    """One set of arguments for each attribute that is named."""
    known = {"TEMPO": "bpm", "KEYWORD": "key", "VOLUME": "dynamics"}
    said = [known.get(concept, value) for concept, value, _ in clause.parts if concept in NAMED]
    return [{"attribute": name} for name in dict.fromkeys(said)]


def _named(clause: Any, situation: Situation) -> Any:
    if clause.has("LAYER") and _verb(clause) == "fix":
        raise UnclearError("lock it, or change it? say 'lock' or what to change")
    return attributes_of(clause) or None


def _key(clause: Any, situation: Situation) -> Any:
    wanted = clause.value("KEY")
    if parse_key(wanted).name != situation.key.name:
        raise UnclearError(f"it is in {situation.key.name} now; shall I transpose to {wanted}?")
    return {"attribute": "key"}


def _bpm(clause: Any, situation: Situation) -> Any:
    if abs(clause.number("NUM") - situation.bpm) > 0.5:
        raise UnclearError(f"it is at {situation.bpm:g} BPM now; shall I change that?")
    return {"attribute": "bpm"}


def _verb(clause: Any) -> str:
    return str(next(token.text.lower() for name, _, token in clause.parts if name == "LOCK"))


def _what(clause: Any, situation: Situation) -> Any:
    if _verb(clause) in ("hold", "hold on to"):
        return None  # the loop
    raise UnclearError("lock what? the key, the tempo, a layer")


WORDS = {
    "LOCK": {
        "en": (
            "lock; keep; hold; freeze; fix; don't change; do not change; don't touch; stay in;"
            " stay at; stay on; do not touch; maintain; preserve; leave; protect; lock down;"
            " remain in; keep in; lock in; stick to; stick with; hold on to; stay with; pin;"
            " keep it in; keep it at; keep to; retain; secure"
        ),
        "de": (
            "sperre; halte; behalte; bleib in; bleib bei; fixiere; festhalten; sperr;"
            " beibehalten; ändere nicht; nicht ändern; verriegle; bleibe in; lass"
        ),
        "fr": (
            "verrouille; verrouiller; garde; garder; bloque; fixe; reste en; ne change pas;"
            " conserve"
        ),
        "es": (
            "bloquea; mantén; bloquear; conserva; fija; no cambies; quédate en; mantener; manten"
        ),
        "it": "blocca; mantieni; tieni; bloccare; fissa; non cambiare; resta in; rimani in",
        "pt": (
            "bloqueia; bloqueie; mantém; mantenha; trava; trave; fixa; não mude; fica em;"
            " bloquear; mantem"
        ),
        "ja": "固定; 固定して; ロック; ロックして; キープ; 保って; 維持して; 変えないで",
        "zh": "锁定; 锁住; 保持; 固定; 不要改变; 别改",
    },
    "ALONE": {
        "en": (
            "alone; as it is; as is; as they are; where it is; the same; unchanged;"
            " fixed; constant; steady; put; locked; just as it is; exactly as it is"
        ),
    },
}


class Lock(Task):
    name = "lock"
    help = "an attribute, or a layer's notes, stays as it is"
    says = (("keep the key", "no edit and no change of the groove leaves this key"),)
    args = (ATTRIBUTE,)
    words = WORDS
    frames = (
        Frame("LOCK ATTR+", "ALONE KEYWORD TEMPO VOLUME", _named),
        Frame("LOCK TEMPO", "ALONE KEYWORD VOLUME", _named),
        Frame("LOCK KEYWORD", "ALONE TEMPO VOLUME", _named),
        Frame("LOCK VOLUME", "ALONE", _named),
        Frame("LOCK LAYER+", "ALONE", _named),
        Frame("LOCK KEY", "KEYWORD IN ALONE", _key),
        Frame("LOCK NUM BPM", "TEMPO AT ALONE", _bpm),
        Frame("LOCK TEMPO NUM", "AT BPM ALONE", _bpm),
        Frame("LOCK", "ALONE ALL", _what),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        name = args.get("attribute")
        if name is None:
            raise RefusedError("lock what? there is " + ", ".join(ATTRIBUTE.schema["enum"]))
        if name in LAYERS and name not in situation.layers:
            raise RefusedError(f"there is no {name} in this loop to lock")
        return situation.but(locks=situation.locks | {name})

    def do(self, args: Args, desk: Desk) -> Desk:
        state = locked(desk.state, args["attribute"], desk.shelf, desk.number)
        return desk.with_state(state).saying(f"{args['attribute']} locked")
