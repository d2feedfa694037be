"""The arguments of tasks: what is allowed, said once, for validation, schema, help and grammar."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.copilot.answers import Args, RefusedError
from appliance.copilot.effects import EFFECTS
from appliance.copilot.material import LAYERS
from appliance.copilot.table import NAMES
from appliance.transport import MAX_BPM, MIN_BPM
from corpus.errors import CorpusError
from corpus.hearing.key import parse_key

Schema = Mapping[str, Any]
LONGEST_WORDS = 120  # characters of a style, a mood or a title


@dataclass(frozen=True)
class Arg:
    """One argument: `read` makes a value canonical or raises RefusedError; `schema` is JSON's."""

    name: str
    help: str
    schema: Schema
    read: Callable[[Any], Any]
    default: Any = None


def number(name: str, low: float, high: float, help: str, default: float | None = None) -> Arg:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RefusedError(f"{name} is a number, not {value!r}")
        if not low <= value <= high:
            raise RefusedError(f"{name} {value:g} is outside {low:g} to {high:g}")
        return int(value) if float(value).is_integer() else float(value)

    return Arg(name, help, {"type": "number", "minimum": low, "maximum": high}, read, default)


def whole(name: str, low: int, high: int, help: str, default: int | None = None) -> Arg:
    one = number(name, low, high, help, default)

    def read(value: Any) -> int:
        found = one.read(value)
        if found != int(found):
            raise RefusedError(f"{name} is a whole number, not {found:g}")
        return int(found)

    return Arg(name, help, {**one.schema, "type": "integer"}, read, default)


def choice(name: str, allowed: Sequence[str], help: str, others: Mapping[str, str]) -> Arg:
    """One of a few words; `others` says what else is taken for which of them."""

    def read(value: Any) -> str:
        word = str(value).strip().lower().replace(" ", "_")
        word = others.get(word, word)
        if word not in allowed:
            raise RefusedError(f"{name} {str(value)[:40]!r}: there is {', '.join(allowed)}")
        return word

    return Arg(name, help, {"type": "string", "enum": list(allowed)}, read)


def words(name: str, help: str) -> Arg:
    def read(value: Any) -> str:
        text = " ".join(str(value).lower().split())
        if not isinstance(value, str) or not text or len(text) > LONGEST_WORDS:
            raise RefusedError(f"{name} is one to {LONGEST_WORDS} characters of text")
        return text

    return Arg(name, help, {"type": "string", "maxLength": LONGEST_WORDS}, read)


def _read_key(value: Any) -> str:
    text = str(value).strip().replace("♯", "#").replace("♭", "b")
    try:
        return parse_key(text).name
    except CorpusError as error:
        raise RefusedError(f"{text[:40]!r} is no key; say it like 'F minor'") from error


def _read_beats(value: Any) -> list[int]:
    pair = [value] if isinstance(value, int) else value
    if not isinstance(pair, list | tuple) or not 1 <= len(pair) <= 2:
        raise RefusedError(f"beats are [first, last], counted from 1, not {str(value)[:40]}")
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in pair):
        raise RefusedError(f"beats are whole numbers, not {str(value)[:40]}")
    first, last = pair[0], pair[-1]
    if not 1 <= first <= last:
        raise RefusedError(f"beats {first} to {last}: they are counted upwards, from 1")
    return [first, last]


_DENSITIES = {
    **dict.fromkeys(("sparser", "thin", "thinner", "low", "less", "fewer", "down"), "sparse"),
    **dict.fromkeys(("denser", "busy", "busier", "high", "more", "full", "up"), "dense"),
}
_DYNAMICS = {
    **dict.fromkeys(("softer", "quiet", "quieter", "piano", "low", "down", "less"), "soft"),
    **dict.fromkeys(("louder", "forte", "strong", "stronger", "high", "up", "more"), "loud"),
}
_LAYERS = {
    **dict.fromkeys(("chord", "harmony", "comping", "accompaniment"), "chords"),
    **dict.fromkeys(("tune", "lead"), "melody"),
}
_EFFECTS = {
    **dict.fromkeys(("delay",), "echo"),
    **dict.fromkeys(("arpeggiate", "arpeggios"), "arpeggio"),
    **dict.fromkeys(("humanize",), "humanise"),
    **dict.fromkeys(("octaves", "double", "octave"), "octave_double"),
}
_ATTRIBUTES = {"tempo": "bpm", "speed": "bpm", "volume": "dynamics", "metre": "time_signature"}
LOCKABLE = (*NAMES, *LAYERS)

BPM = number("bpm", MIN_BPM, MAX_BPM, "tempo, beats a minute")
KEY = Arg("key", "such as 'F minor'", {"type": "string"}, _read_key)
STYLE = words("style", "a style, such as bossa")
MOOD = words("mood", "a mood, an image or a title")
DENSITY = choice("density", ("sparse", "dense"), "fewer or more notes", _DENSITIES)
DYNAMICS = choice("dynamics", ("soft", "loud"), "softer or louder", _DYNAMICS)
LAYER = choice("layer", LAYERS, "one voice, or the low or high half", _LAYERS)
AMOUNT = number("amount", 0.0, 1.0, "0.25 a touch, 0.5 plain, 0.8 much", 0.5)
BEATS = Arg(
    "beats",
    "[first, last], counted from 1, both included",
    {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2},
    _read_beats,
)
EFFECT = choice("effect", tuple(EFFECTS), "what to do to the notes", _EFFECTS)
ATTRIBUTE = choice("attribute", LOCKABLE, "an attribute of the table, or a layer", _ATTRIBUTES)
STEPS = whole("steps", 1, 999, "how many rounds", 1)


def canonical(args: Args, allowed: Sequence[Arg], task: str) -> dict[str, Any]:
    """The arguments as they are stored: known names, canonical values, defaults filled in."""
    known = {arg.name: arg for arg in allowed}
    for name in args:
        if name not in known:
            has = ", ".join(known) or "no arguments"
            raise RefusedError(f"{task} takes {has}, not {str(name)[:40]!r}")
    found = {name: known[name].read(args[name]) for name in known if args.get(name) is not None}
    defaults = {a.name: a.default for a in allowed if a.default is not None}
    return {
        name: found.get(name, defaults.get(name)) for name in known if name in {**defaults, **found}
    }
