"""The vocabulary of each language: shared words, the words that tasks bring, and the lexicon's."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from appliance.copilot import lexicon
from appliance.copilot.registry import tasks

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "ja", "zh")
UNSPACED = ("ja", "zh")
ELIDING = ("fr", "it")

INTERNATIONAL = {
    "EFFECT:staccato": "staccato",
    "EFFECT:legato": "legato",
    "EFFECT:echo": "echo; delay",
    "EFFECT:arpeggio": "arpeggio; arpeggios",
    "EFFECT:swing": "swing",
    "LEVEL:+1": "forte; fortissimo",
    "LEVEL:-1": "pianissimo",
    "UNDO": "undo",
    "REDO": "redo",
    "STATUS": "status",
    "REFUSE:reverb": "reverb; flanger; chorus; phaser; delay-reverb",
    "REFUSE:gradual": (
        "crescendo; decrescendo; diminuendo; ritardando; rallentando; accelerando; rubato"
    ),
    "FILL": "ok; loop",
}
"""Said in every language."""

Reading = tuple[str, Any]
"""A concept and its value (None where it has none)."""


@dataclass(frozen=True)
class Vocabulary:
    """Phrases (tuples of words, or one string where words are not spaced) and what they mean."""

    language: str
    phrases: Mapping[tuple[str, ...], tuple[Reading, ...]]
    longest: int
    letters: Mapping[str, int]
    sharps: tuple[str, ...]
    flats: tuple[str, ...]
    majors: tuple[str, ...]
    minors: tuple[str, ...]
    numbers: Mapping[str, int]
    hundred: tuple[str, ...]
    joins: tuple[str, ...]
    singles: frozenset[str] = field(default_factory=frozenset)

    @property
    def spaced(self) -> bool:
        return self.language not in UNSPACED


@cache
def vocabulary(language: str) -> Vocabulary:
    """Everything that is understood of a language."""
    module = import_module(f"appliance.copilot.grammar.{language}")
    phrases: dict[tuple[str, ...], list[Reading]] = {}
    for concept, said in _said(language, module.WORDS):
        reading = _reading(concept)
        for phrase in said.split(";"):
            for plain in _keys(phrase.strip(), language):
                for key in _contracted(language, concept, plain):
                    known = phrases.setdefault(key, [])
                    if reading not in known:
                        known.append(reading)
    singles = frozenset(key[0] for key in phrases if len(key) == 1)
    return Vocabulary(
        language,
        {key: tuple(readings) for key, readings in phrases.items()},
        max(len(key[0]) if language in UNSPACED else len(key) for key in phrases),
        module.LETTERS,
        module.SHARP,
        module.FLAT,
        module.MAJOR,
        module.MINOR,
        module.NUMBERS,
        module.HUNDRED,
        module.JOINS,
        singles,
    )


def _said(language: str, words: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    yield from words.items()
    for task in tasks().values():
        for concept, said in task.words.items():
            yield concept, said.get(language, "")
    if language != "en":
        yield from INTERNATIONAL.items()
    for entry in lexicon.entries().values():
        if entry.kind == lexicon.STYLE or language == "en":
            yield f"{entry.kind.upper()}:{entry.word}", entry.word
    if language == "en":
        for title, _ in lexicon.TITLES:
            yield f"IMAGE:{title}", title
        yield from _two_words()


CONTRACTIONS = {"pt": "no"}
"""In and the, in one word that means no in a neighbouring language: read only before a part of the
loop, so "no eco" is not "in the echo"."""
PARTS = ("LAYER", "BAR", "BEAT", "ORD", "LAST", "HALF", "KEYWORD", "TEMPO", "LOOP", "IT")


def _contracted(language: str, concept: str, key: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """The phrase, and the phrase after "in the"."""
    yield key
    word = CONTRACTIONS.get(language)
    if word and concept.partition(":")[0] in PARTS:
        yield (word, *key)


def _two_words() -> Iterable[tuple[str, str]]:
    """Styles that are written as one word or as two."""
    pairs = {"bossa nova": "bossa", "second line": "secondline", "boogie woogie": "boogie"}
    yield "STYLE:jazz", "jazz it up; jazz up"
    for said, head in {**pairs, "laid back": "laidback", "swing jazz": "swingjazz"}.items():
        kind = lexicon.entries()[head].kind.upper()
        yield f"{kind}:{head}", f"{said}; {said.replace(' ', '-')}; {said.replace(' ', '')}"


def _reading(concept: str) -> Reading:
    name, _, value = concept.partition(":")
    if re.fullmatch(r"[+-]?\d+", value):
        return name, int(value)
    return name, value or None


def _keys(phrase: str, language: str) -> Iterable[tuple[str, ...]]:
    """The phrase in words, also without its accents."""
    if not phrase:
        return
    text = normal(phrase)
    if language in UNSPACED:
        yield (text,)
        return
    words = tuple(split(text, language))
    yield words
    plain = tuple(plainly(word) for word in words)
    if plain != words and language != "en":
        yield plain


_ONE_FORM = {0x2019: "'", 0x60: "'", 0x2013: "-", 0x2014: "-"}


def normal(text: str) -> str:
    """One form for what can be typed in several: width, case, quotes, dashes."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return folded.translate(_ONE_FORM)


def plainly(word: str) -> str:
    """Without accents."""
    apart = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


_WORD = re.compile(
    r"\d+(?:\.\d+)?(?=st\b|nd\b|rd\b|th\b|re\b|er\b|e\b|ème\b)[a-zè]+"  # 2nd, 2e
    r"|\d+(?:[.]\d+)?"
    r"|[^\W\d_]+(?:['\-.][^\W\d_]+)*['.]?[#♯♭]?[m]?"  # half-time, don't, F#m
    r"|[%&@+\-,;.!?:#♯♭]"
)


def split(text: str, language: str) -> list[str]:
    """Words, numbers and marks, in order. French and Italian elisions stand by themselves."""
    found: list[str] = []
    for word in _WORD.findall(text):
        if word.endswith(".") and len(word) > 1 and word.count(".") < 2:
            found += [*_elided(word[:-1], language), "."]
        else:
            found += _elided(word, language)
    return found


def _elided(word: str, language: str) -> list[str]:
    cut = word.find("'")
    if language in ELIDING and 0 < cut <= 2 and cut + 1 < len(word):
        return [word[: cut + 1], word[cut + 1 :]]
    return [word]
