"""The offline grammar: a sentence to a plan, a question or a refusal, in milliseconds.

It acts only when it accounts for every word. English is tried first, then the other languages,
then, for what is no word in any of them, a spelling that is beyond doubt.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from appliance.copilot.answers import Answer, RefusedError
from appliance.copilot.grammar.sentences import read_sentence
from appliance.copilot.grammar.spelling import corrected
from appliance.copilot.grammar.tokens import Lexed, lex
from appliance.copilot.grammar.words import LANGUAGES, UNSPACED, vocabulary
from appliance.copilot.registry import help_lines, validated
from appliance.copilot.situation import Situation

LONGEST = 400  # characters of a request
MOST_SLIPS = 4  # in one sentence; more of them, and too much would be guessed
QUESTIONS = ("is ", "are ", "does ", "was ", "did ", "has ", "am ", "isn't ", "were ")
FRENCH_MORE = "plus"
NOT_UNDERSTOOD = "I did not understand that; 'help' lists what can be said"


def understand(text: str, situation: Situation) -> Answer:
    """What a request comes to; never raises on any text."""
    said = " ".join(text.split()).rstrip("!.,; ")
    if not said or len(said) > LONGEST:
        return Answer(ask=NOT_UNDERSTOOD)
    if said.lower().strip("?!. ") in ("help", "hilfe", "aide", "ayuda", "aiuto", "ajuda"):
        return Answer(say="\n".join(help_lines()))
    if said.endswith("?") and said.lower().startswith(QUESTIONS):
        return Answer(ask="that is a question; 'status' shows the values, or say what to do")
    found = _in_some_language(said, situation)
    return _valid(found, situation) if found.plan else found


def ready() -> None:
    """Read the vocabularies now; the first request need not wait for them."""
    for language in LANGUAGES:
        corrected("wrmupp", vocabulary(language))


def _valid(answer: Answer, situation: Situation) -> Answer:
    try:
        return Answer(plan=validated(answer.plan, situation))
    except RefusedError as error:
        return Answer(refuse=str(error))


def _in_some_language(said: str, situation: Situation) -> Answer:
    english = _english(said)
    if not english.unknown:  # in another language, "no swing" could be "in the swing"
        found = read_sentence(english.tokens, situation)
        return found or _left_over({"en": english})
    read = {"en": english}
    read |= {language: lex(said, vocabulary(language)) for language in LANGUAGES[1:]}
    whole = [lexed for lexed in read.values() if not lexed.unknown]
    found = _first(whole, situation)
    if found is None and not whole:
        found = _misspelt(said, read, situation)
    return found or _left_over(read)


def _english(said: str) -> Lexed:
    """As English; a sentence that begins with "plus" is French: "plus grave" is lower."""
    word = said.split()[0]
    return Lexed((), (word,)) if word.lower() == FRENCH_MORE else lex(said, vocabulary("en"))


def _first(lexed: Sequence[Lexed], situation: Situation) -> Answer | None:
    """The plan of the first language that has one; where others differ from each other, none."""
    answers = [read_sentence(one.tokens, situation) for one in lexed]
    known = [answer for answer in answers if answer is not None]
    for answer in known:
        if answer.plan:
            return answer
    return known[0] if known else None


def _misspelt(said: str, read: Mapping[str, Lexed], situation: Situation) -> Answer | None:
    for language in LANGUAGES:
        if language in UNSPACED:
            continue
        words = vocabulary(language)
        if len(read[language].unknown) > MOST_SLIPS:
            continue
        again = lex(said, words, partial(corrected, words=words))
        if not again.unknown:
            answer = read_sentence(again.tokens, situation)
            if answer is not None and (answer.plan or language == "en"):
                return answer
    return None


def _left_over(read: dict[str, Lexed]) -> Answer:
    """What was understood and what was not, in the language that understood most."""
    best = min(read.values(), key=lambda lexed: (not lexed.tokens, len(lexed.unknown)))
    known = [t.text for t in best.tokens if t.readings and not t.is_filler]
    if not best.unknown or not known:
        return Answer(ask=NOT_UNDERSTOOD, left_over=best.unknown)
    some = ", ".join(repr(word) for word in best.unknown[:4])
    return Answer(ask=f"I understood {' '.join(known)}, not {some}", left_over=best.unknown)
