"""Text to music: another loop of the corpus, by its attributes."""

from collections.abc import Sequence
from typing import Any

from appliance.copilot import lexicon
from appliance.copilot.answers import Args, RefusedError
from appliance.copilot.desk import Desk
from appliance.copilot.finding import asked_of, found_loop, missed
from appliance.copilot.schema import BPM, DENSITY, DYNAMICS, KEY, LAYER, MOOD, STYLE
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task, refuse_locked

ARTICLE = ("A", "FILL", "SOME")  # "une nuit" is no tempo of 1


def attributes(clause: Any) -> dict[str, Any]:
    """What a clause says about a loop that is to be found."""
    args: dict[str, Any] = {}
    numbers = [v for name, v, token in clause.parts if name == "NUM" and not token.can(*ARTICLE)]
    if numbers:
        args["bpm"] = clause.number("NUM")
    if clause.has("KEY"):
        args["key"] = clause.value("KEY")
    if clause.has("STYLE"):
        args["style"] = " ".join(clause.values("STYLE"))
    moods = list(clause.values("MOOD|IMAGE"))
    if clause.has("PACE"):
        moods.append(clause.word("PACE", "slow", "fast"))
    if moods:
        args["mood"] = " ".join(moods)
    if clause.has("THICK"):
        args["density"] = clause.word("THICK", "sparse", "dense")
    if clause.has("LEVEL"):
        args["dynamics"] = clause.word("LEVEL", "soft", "loud")
    if clause.has("LAYER"):
        args["layer"] = clause.value("LAYER")
    return args


def _text(clause: Any, situation: Situation) -> Any:
    """A layer alone is not enough: "do something with the bass" asks for no other loop."""
    if clause.has("IT|MORE|LESS|TOO|LIKE|IMAGE") or (clause.compared and not _of_some(clause)):
        return None
    args = attributes(clause)
    return args if set(args) - {"layer"} else None


def _of_some(clause: Any) -> bool:
    """Whether "something" is said, and not "somewhat", which is the same word in German."""
    said = [token for name, _, token in clause.parts if name == "SOMETHING"]
    return any(not token.can("TOUCH") for token in said)


def _played(clause: Any, situation: Situation) -> Any:
    """'Play jazz', but not 'play it jazzier'."""
    return None if clause.has("IT|MORE|LESS|TOO") or clause.compared else attributes(clause)


ABOUT = (
    "MOOD MOOD* IMAGE IMAGE* STYLE KEY NUM BPM TEMPO LAYER THICK LEVEL PACE AT IN TO MUCH TOUCH"
    " KEYWORD WITH"
)


class TextToLoop(Task):
    name = "text_to_loop"
    help = "another loop of the corpus, by tempo, key, style, mood, density, dynamics or layer"
    says = (
        ("give me something jazzy in D minor at 110", "such a segment, in that key and tempo"),
        ("play something sparse and quiet", "one from the sparse and quiet half"),
    )
    args = (BPM, KEY, STYLE, MOOD, DENSITY, DYNAMICS, LAYER)
    frames = (
        Frame("FIND", ABOUT + " PLAY SOMETHING SOME NEW LOOP", _text),
        Frame("SOMETHING", ABOUT + " PLAY FIND SOME NEW LOOP", _text),
        Frame("A LOOP MOOD|STYLE|THICK|LEVEL|PACE|KEY+", ABOUT + " PLAY FIND NEW", _text),
        Frame("SOME STYLE|MOOD", ABOUT + " PLAY FIND", _text),
        Frame("PLAY STYLE", ABOUT + " IT MORE LESS TOO", _played),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        if not args:
            raise RefusedError("what should it be? say a style, a mood, a key or a tempo")
        return check_found(args, situation)

    def do(self, args: Args, desk: Desk) -> Desk:
        return found_loop(desk, args)

    def faults(self, args: Args, before: Desk, after: Desk) -> Sequence[str]:
        return found_faults(args, before, after)


def check_found(args: Args, situation: Situation) -> Situation:
    """What every task that takes another segment checks."""
    for name in ("bpm", "key", "density", "dynamics", "style", "mood"):
        if name in args:
            refuse_locked(situation, name)
    for layer in sorted(situation.layers):
        refuse_locked(situation, layer)
    refuse_locked(situation, "sources", "layers")
    for name in ("style", "mood"):
        text = str(args.get(name, ""))
        if text and not lexicon.heads(text) and text not in ("slow", "fast"):
            raise RefusedError(f"I have no numbers for {text!r}; try a style or a mood")
    return situation


def found_faults(args: Args, before: Desk, after: Desk) -> Sequence[str]:
    state = after.state
    asked = asked_of(args, before.state)
    found = []
    if "bpm" in args and abs(state.bpm - float(args["bpm"])) > 0.01 * float(args["bpm"]):
        found.append("the tempo is not what was asked")
    if "key" in args and state.key.name != args["key"]:
        found.append(f"it came out in {state.key.name}")
    best_there_is = any("the best there is" in line for line in after.said)
    if missed(state, after.shelf, asked) and not best_there_is:
        found.append("it is not on the asked side of the corpus")
    return found
