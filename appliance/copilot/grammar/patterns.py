"""Tokens put together: spans of beats, and numbers that belong to what follows them."""

from collections.abc import Callable, Sequence

from appliance.copilot.answers import UnclearError
from appliance.copilot.grammar.tokens import Token
from appliance.copilot.situation import Situation

Maker = Callable[[Sequence[Token], Situation], tuple[int, int]]


def _number(token: Token) -> int:
    value = token.value("NUM")
    if value is None:
        value = token.value("ORD")
    if value is None or value != int(value):
        raise UnclearError("beats and bars are counted in whole numbers")
    return int(value)


def _bars(first: int, last: int, situation: Situation) -> tuple[int, int]:
    bar = int(situation.bar)
    return (first - 1) * bar + 1, last * bar


def _from_to(one: int, other: int, in_bars: bool) -> Maker:
    def make(tokens: Sequence[Token], situation: Situation) -> tuple[int, int]:
        first, last = _number(tokens[one]), _number(tokens[other])
        return _bars(first, last, situation) if in_bars else (first, last)

    return make


def _ending(count: int, in_bars: bool) -> Maker:
    """The last beats or bars; `count` is the place of the token that says how many, -1 for one."""

    def make(tokens: Sequence[Token], situation: Situation) -> tuple[int, int]:
        many = _number(tokens[count]) if count >= 0 else 1
        unit = int(situation.bar) if in_bars else 1
        beats = int(situation.beats)
        return beats - many * unit + 1, beats

    return make


def _opening(count: int, in_bars: bool) -> Maker:
    def make(tokens: Sequence[Token], situation: Situation) -> tuple[int, int]:
        many = _number(tokens[count])
        return (1, many * int(situation.bar)) if in_bars else (1, many)

    return make


def _half(tokens: Sequence[Token], situation: Situation) -> tuple[int, int]:
    beats = int(situation.beats)
    return (1, beats // 2) if tokens[0].value("HALF") == 1 else (beats // 2 + 1, beats)


def _spans() -> list[tuple[tuple[str, ...], Maker]]:
    found: list[tuple[tuple[str, ...], Maker]] = []
    for unit, th in (("BEAT", "BEATTH"), ("BAR", "BARTH")):
        bars = unit == "BAR"
        found += [
            ((unit, "NUM", "TO|SEP", unit, "NUM"), _from_to(1, 4, bars)),
            (("NUM", f"{th}|{unit}", "TO", "NUM", f"{th}|{unit}"), _from_to(0, 3, bars)),
            (("ORDP", "NUM", "TO", "ORDP", "NUM", unit), _from_to(1, 4, bars)),
            (("ORDP", "NUM", "TO", "NUM", unit), _from_to(1, 3, bars)),
            ((unit, "NUM", "TO|SEP", "NUM"), _from_to(1, 3, bars)),
            (("ORD", "TO|SEP", "ORD", unit), _from_to(0, 2, bars)),
            (("NUM", "TO", "NUM", th), _from_to(0, 2, bars)),
            (("ORDP", "NUM", unit), _from_to(1, 1, bars)),
            (("LAST", "NUM", unit), _ending(1, bars)),
            (("NUM", "LAST", unit), _ending(0, bars)),
            (("ORD", "NUM", unit), _opening(1, bars)),
            (("NUM", th), _from_to(0, 0, bars)),
            ((unit, "NUM"), _from_to(1, 1, bars)),
            (("ORD", unit), _from_to(0, 0, bars)),
            ((unit, "ORD"), _from_to(1, 1, bars)),
            (("LAST", unit), _ending(-1, bars)),
        ]
    found.append((("HALF",), _half))
    return sorted(found, key=lambda one: -len(one[0]))


SPANS = _spans()


def joined(tokens: Sequence[Token], situation: Situation) -> list[Token]:
    """The tokens with spans in their places; fillers between are gone."""
    kept = [token for token in tokens if not token.is_filler]
    result: list[Token] = []
    place = 0
    while place < len(kept):
        for pattern, make in SPANS:
            some = kept[place : place + len(pattern)]
            if len(some) == len(pattern) and _fits(some, pattern):
                text = " ".join(token.text for token in some)
                result.append(Token(text, (("SPAN", make(some, situation)),)))
                place += len(pattern)
                break
        else:
            result.append(kept[place])
            place += 1
    return result


def _fits(tokens: Sequence[Token], pattern: Sequence[str]) -> bool:
    if pattern[:2] == ("ORD", "NUM") and tokens[0].value("ORD") != 1:
        return False  # "the first two beats", but not "the second two beats"
    return all(
        token.can(*concept.split("|")) for token, concept in zip(tokens, pattern, strict=True)
    )
