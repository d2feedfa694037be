"""Impression to music: an image, a mood or a title, in numbers, then as text to music."""

from collections.abc import Sequence
from typing import Any

from appliance.copilot import lexicon
from appliance.copilot.answers import Args, RefusedError
from appliance.copilot.desk import Desk
from appliance.copilot.finding import found_loop, tempo_of
from appliance.copilot.schema import BPM, DENSITY, DYNAMICS, KEY, LAYER, MOOD, STYLE
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task
from appliance.copilot.tasks.text_to_loop import ABOUT, attributes, check_found, found_faults


def _like(clause: Any, situation: Situation) -> Any:
    if clause.has("IT"):
        return None
    args = attributes(clause)
    return args if "mood" in args or "style" in args else None


def _named(clause: Any, situation: Situation) -> Any:
    """A title that is to be played, and not something like it, is a recording."""
    title = next((one for one in clause.values("IMAGE") if one in TITLED), "")
    if title and not clause.has("SOMETHING"):
        raise RefusedError(f"there is no recording of {title}; say 'something like {title}'")
    return _like(clause, situation)


TITLED = frozenset(title for title, _ in lexicon.TITLES)
WAY = ABOUT + " PLAY FIND SOMETHING SOME NEW LOOP AS"


WORDS = {
    "LIKE": {
        "en": (
            "like; feels like; sounds like; that feels like; that sounds like; reminds me of;"
            " that reminds me of; in the mood of; in the spirit of; inspired by; evokes;"
            " that evokes; as if; reminiscent of; the feeling of; the mood of;"
            " in the mood for; evoking; like a; which sounds like; suggests; that suggests;"
            " conjures; for"
        ),
        "de": (
            "wie; klingt wie; das klingt wie; nach; das sich anfühlt wie; im geist von; das nach"
        ),
        "fr": "comme; qui ressemble à; qui évoque; inspiré par; dans l'esprit de",
        "es": "como; que suene como; que suene a; inspirado en; que evoque; parecido a",
        "it": "come; che suoni come; ispirato a; che ricordi; che evochi",
        "pt": "como; que soe como; inspirado em; que lembre; que pareça",
        "ja": "のような; みたいな; っぽい; ような",
        "zh": "像; 好像; 一样的; 般的; 感觉像",
    },
}


class ImpressionToLoop(Task):
    name = "impression_to_loop"
    help = "another loop of the corpus, by an image, a mood or a title"
    says = (
        ("something like a rainy night", "taken as slow, soft, low, minor, and found so"),
        ("something that feels like Clair de lune", "its mood; the recording is not played"),
    )
    args = (STYLE, MOOD, BPM, KEY, DENSITY, DYNAMICS, LAYER)
    words = WORDS
    frames = (
        Frame("LIKE MOOD|IMAGE|STYLE+", WAY, _like),
        Frame("IMAGE+ FIND|SOMETHING", WAY + " SOMETHING", _named),
        Frame("IMAGE+ PLAY", WAY, _named),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        if "style" not in args and "mood" not in args:
            raise RefusedError("like what? say a mood, an image or a title")
        return check_found(args, situation)

    def do(self, args: Args, desk: Desk) -> Desk:
        words = f"{args.get('style', '')} {args.get('mood', '')}"
        numbers = lexicon.numbers_of(words)
        shown = desk.saying(f"I took that as {lexicon.in_words(numbers)}")
        wanted = dict(args)
        bpm = tempo_of(numbers, desk.state.bpm)
        if bpm and "bpm" not in wanted and not desk.state.table["bpm"].locked:
            wanted["bpm"] = bpm
        return found_loop(shown, wanted)

    def faults(self, args: Args, before: Desk, after: Desk) -> Sequence[str]:
        return found_faults(args, before, after)
