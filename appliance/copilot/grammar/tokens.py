"""A sentence as tokens: each a few words with everything they can mean."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.copilot import lexicon
from appliance.copilot.grammar.words import Reading, Vocabulary, normal, plainly, split
from corpus.hearing.key import MAJOR, MINOR, Key

Correct = Callable[[str], str | None]

_NO_KEY = "third thirds sixth seventh second chord variation change tweak adjustment feel mode"
NOT_A_KEY = (*_NO_KEY.split(), "2nd", "3rd", "6th", "7th")
ADJECTIVES = ("PACE", "LEVEL", "THICK", "HEIGHT")
INTO = ("to", "in", "into", "key", "of", "nach", "in", "auf")


@dataclass(frozen=True)
class Token:
    """What was said, and its readings; `compared` for "calmer" against "calm"."""

    text: str
    readings: tuple[Reading, ...]
    compared: bool = False

    def can(self, *concepts: str) -> bool:
        return any(name in concepts for name, _ in self.readings)

    def value(self, concept: str) -> Any:
        return next((value for name, value in self.readings if name == concept), None)

    @property
    def is_filler(self) -> bool:
        return all(name == "FILL" for name, _ in self.readings)


@dataclass(frozen=True)
class Lexed:
    """The tokens of a sentence, and the words that are none."""

    tokens: tuple[Token, ...]
    unknown: tuple[str, ...]


def lex(text: str, words: Vocabulary, correct: Correct | None = None) -> Lexed:
    """Read a sentence in one language; `correct` may give another spelling of an unknown word."""
    if not words.spaced:
        return _lex_unspaced(normal(text), words)
    raw = split(_dashes(text), words.language)
    low = [normal(word) for word in raw]
    tokens: list[Token] = []
    unknown: list[str] = []
    place = 0
    while place < len(low):
        length, token = _read(low, raw, place, words)
        if token is None:
            name = _is_name(raw, place, words)
            for part in _parts(low[place], words, None if name else correct):
                token = _single(part, words)
                tokens.append(token or Token(part, ()))
                unknown += [] if token else [part]
        else:
            tokens.append(token)
        place += length
    if correct is not None:
        return _again(tokens, words, tuple(unknown))
    return Lexed(tuple(tokens), tuple(unknown))


def _is_name(raw: Sequence[str], place: int, words: Vocabulary) -> bool:
    """A capital within a sentence: "play La Bamba" asks for no samba. German nouns have it too."""
    after_mark = place == 0 or raw[place - 1] in _MARKS
    word = raw[place]
    return words.language != "de" and not after_mark and word[:1].isupper() and not word.isupper()


def _dashes(text: str) -> str:
    return text.replace("\u2019", "'").replace("\u2013", "-").replace("\u2014", " , ")


def _again(tokens: Sequence[Token], words: Vocabulary, unknown: tuple[str, ...]) -> Lexed:
    """Once more over the corrected words, for phrases of several."""
    if unknown:
        return Lexed(tuple(tokens), unknown)
    return lex(" ".join(token.text for token in tokens), words)


def _parts(word: str, words: Vocabulary, correct: Correct | None) -> list[str]:
    """An unknown word: by its hyphens, or as it was meant."""
    if "-" in word and len(word) > 2:
        return [part for part in word.split("-") if part]
    if correct is not None and (meant := correct(word)):
        return meant.split()
    return [word]


def _read(
    low: Sequence[str], raw: Sequence[str], place: int, words: Vocabulary
) -> tuple[int, Token | None]:
    """The longest thing that begins here: a key, a number, or a phrase."""
    best: tuple[int, Token | None] = (1, None)
    for reader in (_key, _number, _phrase):
        found = reader(low, raw, place, words)
        if found is not None and (found[0] > best[0] or best[1] is None):
            best = found
        elif found is not None and found[0] == best[0] and best[1] is not None and found[1]:
            readings = dict.fromkeys((*best[1].readings, *found[1].readings))
            best = (best[0], Token(best[1].text, tuple(readings), best[1].compared))
    return best


def _phrase(
    low: Sequence[str], raw: Sequence[str], place: int, words: Vocabulary
) -> tuple[int, Token | None] | None:
    for length in range(min(words.longest, len(low) - place), 0, -1):
        said = tuple(low[place : place + length])
        readings = words.phrases.get(said)
        if readings and length > 1:
            return length, Token(" ".join(said), readings)
        if length == 1:
            token = _single(said[0], words)
            return (1, token) if token else None
    return None


_MARKS = {",": "SEP", ";": "HARD", ".": "HARD", "!": "HARD", "?": "FILL", ":": "FILL", "&": "SEP"}


def _single(word: str, words: Vocabulary) -> Token | None:
    if word in _MARKS:
        return Token(word, ((_MARKS[word], None),))
    if word in ("%", "@"):
        return Token(word, (("PERCENT" if word == "%" else "AT", None),))
    if re.fullmatch(r"\d+(\.\d+)?", word):
        return Token(word, (("NUM", float(word)),))
    readings = list(words.phrases.get((word,), ()))
    if word in words.numbers:
        readings.append(("NUM", float(words.numbers[word])))
    if words.language != "en" and not readings:
        readings = list(words.phrases.get((plainly(word),), ()))
    compared = False
    if words.language == "en" and (head := lexicon.head(word)):
        reading = (lexicon.entries()[head].kind.upper(), head)
        compared = word != head and word.endswith("er")
        if reading not in readings:
            readings.append(reading)
    degrees = words.language in ("en", "de") and word.endswith("er")
    compared |= degrees and any(name in ADJECTIVES for name, _ in readings)
    return Token(word, tuple(readings), compared) if readings else None


def _number(
    low: Sequence[str], raw: Sequence[str], place: int, words: Vocabulary
) -> tuple[int, Token | None] | None:
    if low[place] in ("+", "-") and place + 1 < len(low) and low[place + 1].isdigit():
        before = place > 0 and low[place - 1].isdigit()
        if before:
            return 1, Token("-", (("TO", None),)) if low[place] == "-" else None
        return 1, Token(low[place], (("DIR", 1 if low[place] == "+" else -1),))
    length, value = _spoken(low, place, words)
    if length == 0:
        return None
    return length, Token(" ".join(low[place : place + length]), (("NUM", float(value)),))


def _spoken(low: Sequence[str], place: int, words: Vocabulary) -> tuple[int, int]:
    """How many words of a number begin here, and its value: "one hundred and twenty", "one
    twenty", "ninety-five"."""
    total, length, seen = 0, 0, False
    while place + length < len(low):
        for part in low[place + length].split("-") if "-" in low[place + length] else ():
            if part not in words.numbers:
                return (length, total) if seen else (0, 0)
        word = low[place + length]
        value = words.numbers.get(word)
        if value is None and "-" in word:
            value = sum(words.numbers[part] for part in word.split("-") if part)
        if value is not None and (not seen or _goes_on(total, value)):
            total = (
                total * 100 + value if seen and 0 < total < 10 and value >= 10 else total + value
            )
        elif word in words.hundred:
            total = max(1, total) * 100
        elif seen and word in words.joins and _follows(low, place + length, total, words):
            pass
        else:
            break
        seen, length = True, length + 1
    return (length, total) if seen and total else (0, 0)


def _goes_on(total: int, value: int) -> bool:
    """Whether a number word can follow what was counted so far."""
    if total >= 100:
        return total % 100 == 0 or (total % 100 >= 20 and total % 10 == 0 and value < 10)
    return (total >= 20 and total % 10 == 0 and 0 < value < 20) or (0 < total < 3 and value >= 10)


def _follows(low: Sequence[str], place: int, total: int, words: Vocabulary) -> bool:
    value = words.numbers.get(low[place + 1]) if place + 1 < len(low) else None
    return value is not None and total >= 20 and _goes_on(total, value) and total % 10 == 0


def _key(
    low: Sequence[str], raw: Sequence[str], place: int, words: Vocabulary
) -> tuple[int, Token | None] | None:
    """A key: letter, accidental, mode; a letter alone only where it can be nothing else."""
    first = _letter(low[place], raw[place], words)
    if first is None:
        return None
    pitch, rest = first
    length, mode = 1, _mode(rest, words, raw[place]) if rest else ""
    if mode is None:
        return None
    while not mode and place + length < len(low):
        word = low[place + length].strip("-")
        if word in words.sharps or word in words.flats:
            pitch += 1 if word in words.sharps else -1
        elif word in words.majors or word in words.minors:
            mode = MAJOR if word in words.majors else MINOR
        elif word == "-":
            pass
        else:
            break
        length += 1
    after = low[place + length] if place + length < len(low) else ""
    said = " ".join(raw[place : place + length])
    if mode and after not in NOT_A_KEY:
        return length, Token(said, (("KEY", Key(pitch % 12, mode).name),))
    alone = words.language in ("en", "de") and not mode
    sure = length > 1 or raw[place] == raw[place].upper()
    before = low[place - 1] if place else ""
    if alone and sure and (low[place] not in ("a", "i") or before in INTO):
        return length, Token(said, (("TONIC", pitch % 12),))
    return None


def _letter(word: str, raw: str, words: Vocabulary) -> tuple[int, str] | None:
    """Pitch class of a word that begins with a note's name, and what follows in the word."""
    if word in words.letters:
        return words.letters[word], ""
    first, _, rest = word.partition("-")
    if first in words.letters and rest:
        pitch = words.letters[first]
        if rest in words.sharps or rest in words.flats:
            return pitch + (1 if rest in words.sharps else -1), ""
        return pitch, rest
    match = re.fullmatch(r"([a-g])([#♯♭b]?)-?(.*)", word)
    if match is None or (words.language == "de" and match[1] == "b"):
        return None
    pitch = dict(zip("cdefgab", (0, 2, 4, 5, 7, 9, 11), strict=True))[match[1]]
    shift = {"": 0, "#": 1, "♯": 1, "♭": -1, "b": -1}[match[2]]
    if match[3] or match[2]:
        return pitch + shift, match[3]
    return pitch, ""


def _mode(rest: str, words: Vocabulary, raw: str) -> str | None:
    """The mode that follows a letter within one word: "Fm", "f-moll", "Bbmin"; "" for none yet;
    None where it is no mode."""
    if rest in ("sharp", "flat"):
        return None
    short = rest in ("m", "min", "maj")
    if short and raw[0] != raw[0].upper():
        return None
    if rest in words.majors or rest == "maj":
        return MAJOR
    return MINOR if rest in words.minors or rest in ("m", "min") else None


# -- without spaces --------------------------------------------------------------------------------

ENDS = "?!.\N{IDEOGRAPHIC FULL STOP}"
MARKS = ENDS + ",;\N{IDEOGRAPHIC COMMA}"
_NUMERAL = re.compile(r"\d+(?:\.\d+)?|[零一二三四五六七八九十百两両]+")
_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2, "両": 2}


def numeral(text: str) -> float:
    """一百二十 -> 120; digits as they are."""
    if text[0].isdigit() and text[0] < "\u3000":
        return float(text)
    total, part = 0, 0
    for char in text:
        if char in "十百":
            total += max(1, part) * (10 if char == "十" else 100)
            part = 0
        else:
            part = _DIGITS[char]
    return float(total + part)


def _lex_unspaced(text: str, words: Vocabulary) -> Lexed:
    """The reading that covers everything with the longest words; else what was in the way."""
    text = re.sub(r"\s+", "", text)
    dead: set[int] = set()
    furthest = [0]

    def read(place: int) -> list[Token] | None:
        furthest[0] = max(furthest[0], place)
        if place >= len(text):
            return []
        if place in dead:
            return None
        for token, length in _begin(text, place, words):
            rest = read(place + length)
            if rest is not None:
                return [token, *rest]
        dead.add(place)
        return None

    found = read(0)
    if found is None:
        stuck = furthest[0]
        return Lexed((), (text[stuck : stuck + 6],))
    return Lexed(tuple(found), ())


def _begin(text: str, place: int, words: Vocabulary) -> Iterator[tuple[Token, int]]:
    found: list[tuple[Token, int]] = []
    key = _unspaced_key(text, place, words)
    if key is not None:
        found.append(key)
    match = _NUMERAL.match(text, place)
    if match:
        found.append((Token(match[0], (("NUM", numeral(match[0])),)), len(match[0])))
    for length in range(min(words.longest, len(text) - place), 0, -1):
        said = text[place : place + length]
        readings = words.phrases.get((said,))
        if readings:
            found.append((Token(said, readings), length))
    if text[place] in MARKS:
        mark = "FILL" if text[place] in ENDS else "SEP"
        found.append((Token(text[place], ((mark, None),)), 1))
    yield from sorted(found, key=lambda one: -one[1])


def _unspaced_key(text: str, place: int, words: Vocabulary) -> tuple[Token, int] | None:
    names = "|".join(sorted(map(re.escape, words.letters), key=len, reverse=True))
    signs = "|".join(map(re.escape, (*words.sharps, *words.flats)))
    modes = "|".join(map(re.escape, (*words.majors, *words.minors)))
    match = re.compile(f"({signs})?({names})({signs})?({modes})").match(text, place)
    if match is None:
        return None
    pitch = words.letters[match[2]]
    for sign in (match[1], match[3]):
        if sign:
            pitch += 1 if sign in words.sharps else -1
    mode = MAJOR if match[4] in words.majors else MINOR
    return Token(match[0], (("KEY", Key(pitch % 12, mode).name),)), len(match[0])
