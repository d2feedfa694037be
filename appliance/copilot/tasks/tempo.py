"""Speed changing: the transport."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from appliance.copilot.answers import Args, RefusedError, UnclearError
from appliance.copilot.desk import Desk
from appliance.copilot.loop import remeasured
from appliance.copilot.schema import BPM, number
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task, refuse_locked
from appliance.transport import MAX_BPM, MIN_BPM


def _to(clause: Any, situation: Situation) -> Any:
    return {"bpm": clause.number("NUM")}


WAY = "PACE|DIR"


def _by_percent(clause: Any, situation: Situation) -> Any:
    return {"delta_percent": clause.sign(WAY) * clause.number("NUM")}


def _by_bpm(clause: Any, situation: Situation) -> Any:
    if clause.has("TO"):
        return _towards(clause, situation)
    return {"bpm": situation.bpm + clause.sign(WAY) * clause.number("NUM")}


def _towards(clause: Any, situation: Situation) -> Any:
    """'Slow down to 80'; UnclearError for 'slow down to 180'."""
    bpm = clause.number("NUM")
    if (bpm - situation.bpm) * clause.sign(WAY) < 0:
        raise UnclearError(f"it is at {situation.bpm:g} BPM now; faster or slower?")
    return {"bpm": bpm}


def _by_degree(clause: Any, situation: Situation) -> Any:
    by = {0.25: 5, 0.5: 10, 0.8: 20}[clause.degree]
    return {"delta_percent": clause.sign(WAY) * by}


def _times(clause: Any, situation: Situation) -> Any:
    return {"delta_percent": 100 if clause.sign("PACE") > 0 else -50}


def _fixed(clause: Any, situation: Situation) -> Any:
    return {"delta_percent": clause.value("TIME")}


class Tempo(Task):
    name = "tempo"
    help = "play faster or slower"
    says = (
        ("a touch faster", "5 % faster, in the same phase"),
        ("set the tempo to 96", "96 BPM"),
        ("half time", "half as fast"),
    )
    args = (BPM, number("delta_percent", -90, 300, "faster (above 0) or slower, per cent"))
    frames = (
        Frame("TEMPO NUM", "BPM TO SET PLAY", _to),
        Frame("NUM BPM", "TO SET PLAY AT TEMPO", _to),
        Frame("AT NUM", "PLAY TEMPO", _to),
        Frame("PACE NUM PERCENT", "TEMPO PLAY BY MORE SET", _by_percent),
        Frame("PACE NUM BPM", "TEMPO PLAY BY MORE SET TO", _by_bpm),
        Frame("PACE NUM TO", "TEMPO PLAY", _towards),
        Frame("PACE", "TEMPO PLAY MORE LESS TOO IS MUCH TOUCH SET", _by_degree),
        Frame("TEMPO DIR+", "MORE MUCH TOUCH TURN SHIFT", _by_degree),
        Frame("TEMPO DIR+ NUM PERCENT", "BY TURN SHIFT", _by_percent),
        Frame("TEMPO DIR+ NUM BPM", "BY TURN SHIFT TO", _by_bpm),
        Frame("TEMPO DIR+ NUM TO", "TURN SHIFT", _towards),
        Frame("PACE TWICE", "PLAY SET", _times),
        Frame("TIME", "PLAY SET TEMPO TO", _fixed),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        if len(args) != 1:
            raise RefusedError("tempo takes bpm or delta_percent, one of them")
        refuse_locked(situation, "bpm")
        return situation.but(bpm=_bpm(args, situation.bpm))

    def do(self, args: Args, desk: Desk) -> Desk:
        bpm = _bpm(args, desk.state.bpm)
        table = desk.state.table.wished("bpm", bpm, desk.number)
        state = remeasured(replace(desk.state, bpm=bpm, table=table), desk.shelf)
        return desk.with_state(state).saying(f"tempo {bpm:g}")

    def faults(self, args: Args, before: Desk, after: Desk) -> Sequence[str]:
        wanted = _bpm(args, before.state.bpm)
        found = []
        if abs(after.state.bpm - wanted) > 0.01 * wanted:
            found.append("the tempo is not what was asked")
        if not after.state.material.same(before.state.material):
            found.append("a change of tempo changed notes")
        return found


def _bpm(args: Args, now: float) -> float:
    bpm = float(args["bpm"]) if "bpm" in args else now * (1 + float(args["delta_percent"]) / 100)
    if not MIN_BPM <= bpm <= MAX_BPM:
        raise RefusedError(f"tempo {bpm:g} is outside {MIN_BPM:g} to {MAX_BPM:g} BPM")
    return bpm
