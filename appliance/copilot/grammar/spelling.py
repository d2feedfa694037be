"""Misspelt words: what was meant, where that is beyond doubt.

A correction may not turn one real word into another: "cold" is not "hold". So a word is corrected
only if it is no word that people use (`lookalikes`), and if everything as near as the nearest
means the same. In other languages than English, where a short word has more words near it that are
not known here, a word has six letters at least.
"""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from appliance.copilot import lexicon
from appliance.copilot.grammar.lookalikes import LOOKALIKES
from appliance.copilot.grammar.lookalikes_abroad import LOOKALIKES_ABROAD
from appliance.copilot.grammar.words import Vocabulary, vocabulary

SHORTEST, SHORTEST_ABROAD = 3, 6
LONG = 8  # letters from which two slips are forgiven


def corrected(word: str, words: Vocabulary) -> str | None:
    """The word that was meant, or None where there is none or more than one."""
    english = words.language == "en"
    if len(word) < (SHORTEST if english else SHORTEST_ABROAD) or not word.isalpha():
        return None
    if word in LOOKALIKES or (not english and word in LOOKALIKES_ABROAD):
        return None
    return _corrected(word, words.language)


@lru_cache(maxsize=4096)
def _corrected(word: str, language: str) -> str | None:
    words = vocabulary(language)
    room = 2 if len(word) >= LONG else 1
    near = [(distance(word, one, room), one) for one in _near_enough(word, language, room)]
    least = min((far for far, _ in near), default=room + 1)
    if least > room:
        return None
    best = sorted(one for far, one in near if far == least)
    for likelier in (_same_letters, _whole_words, _doubled, _no_letter_wrong):
        if len({_meaning(one, words) for one in best}) > 1:
            best = likelier(word, best, words) or best
    return best[0] if len({_meaning(one, words) for one in best}) == 1 else None


def _same_letters(word: str, best: list[str], words: Vocabulary) -> list[str]:
    return [one for one in best if sorted(one) == sorted(word)]


def _doubled(word: str, best: list[str], words: Vocabulary) -> list[str]:
    """Those with a double letter where the word has a single one, or the other way round."""
    return [one for one in best if _singly(one) == _singly(word)]


def _singly(word: str) -> str:
    return "".join(a for a, b in zip(word, " " + word, strict=False) if a != b)


def _no_letter_wrong(word: str, best: list[str], words: Vocabulary) -> list[str]:
    """Those with a letter more, or less: a wrong letter is the likelier to be another word."""
    return [one for one in best if len(one) > len(word)] or [
        one for one in best if len(one) < len(word)
    ]


def _whole_words(word: str, best: list[str], words: Vocabulary) -> list[str]:
    """Those that are said by themselves, before those that are only part of a phrase."""
    return [one for one in best if one in words.singles]


def _meaning(word: str, words: Vocabulary) -> frozenset[object]:
    readings = frozenset(words.phrases.get((word,), ()))
    if not readings and (head := lexicon.head(word)):
        return frozenset({("head", head)})
    return readings or frozenset({("number", words.numbers.get(word))})


def _near_enough(word: str, language: str, room: int) -> list[str]:
    """Words of about that length and with about those letters: one slip changes two at most."""
    mask = _letters(word)
    by_length = _targets(language)
    return [
        one
        for length in range(len(word) - room, len(word) + room + 1)
        for one, other in by_length.get(length, ())
        if (mask ^ other).bit_count() <= 2 * room
    ]


def _letters(word: str) -> int:
    """A bit for each letter that a word has."""
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) % 64)
    return mask


@cache
def _targets(language: str) -> Mapping[int, Sequence[tuple[str, int]]]:
    """Words that a slip is likely to be, by length: long enough that little else is near."""
    words = vocabulary(language)
    parts = {part for phrase in words.phrases for part in phrase} | set(words.numbers)
    if language == "en":
        parts |= {form for word in lexicon.entries() for form in _forms(word)}
    found: dict[int, list[tuple[str, int]]] = {}
    for one in sorted(parts):
        if len(one) >= SHORTEST and one.isalpha():
            found.setdefault(len(one), []).append((one, _letters(one)))
    return found


def _forms(word: str) -> list[str]:
    """A word of the lexicon as it is said: "jazz", "jazzy", "jazzier"."""
    forms = [word + end for end in ("", "er", "r", "y", "ier", "ly")]
    forms += [word[:-1] + "ier"] if word.endswith("y") else []
    return [form for form in forms if lexicon.head(form) == word]


def distance(one: str, other: str, most: int) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment:
    Damerau, A technique for computer detection and correction of spelling errors, 1964); more
    than `most` is most + 1."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
