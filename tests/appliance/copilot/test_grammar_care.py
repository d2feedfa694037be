"""Sentences that are near to something the grammar knows, and must not be taken for it."""

from pathlib import Path

import pytest

from appliance.copilot.grammar.spelling import corrected
from appliance.copilot.grammar.tokens import lex
from appliance.copilot.grammar.words import LANGUAGES, UNSPACED, vocabulary
from appliance.copilot.offline import understand
from appliance.copilot.planning import canonical_plan, start_situation
from appliance.copilot.rounds import Copilot

START = start_situation()
SPACED = [language for language in LANGUAGES if language not in UNSPACED]

NOTHING = """
no swing; no echo; no eco; no pares; nein, kein Swing; not louder; never transpose it
go back to the start; from the beginning; start over; pause; stop and go
undo and redo; make it sad but happy; something calm and energetic
crescendo; slow down gradually; ritardando; diminuendo
plus de basse; plus grave; toca La Bamba; play Fur Elise; find Autumn Leaves
make it shorter; shorten it; use the other melody; fix the melody; that one
less jazzy; too jazzy; weniger jazzig; less dark
should it be slower; what if it were slower; when I tap, drop the bass
"""


@pytest.mark.parametrize(
    "text", [t.strip() for t in NOTHING.replace("\n", ";").split(";") if t.strip()]
)
def test_what_only_looks_like_a_request_changes_nothing(text: str) -> None:
    answer = understand(text, START)
    assert answer.plan == ()
    assert answer.ask or answer.refuse


REAL = {
    "de": ("nichts", "leider", "seinen", "passend"),
    "fr": ("autres", "nombre", "contre"),
    "es": ("muerte", "mejor", "clase", "alma"),
    "it": ("morte", "forse", "successo"),
    "pt": ("outros", "nome", "povo"),
}


@pytest.mark.parametrize("language", SPACED)
def test_a_word_that_people_use_is_not_corrected(language: str) -> None:
    words = vocabulary(language)
    english = ("pause", "left", "document", "terminal", "writer", "reviews", "ego", "hat")
    for word in (*REAL.get(language, ()), *english):
        if (word,) not in words.phrases:
            assert corrected(word, words) in (None, word), word


def test_a_slip_in_another_language_is_still_corrected() -> None:
    assert corrected("langsmaer", vocabulary("de")) == "langsamer"
    assert corrected("mélodei", vocabulary("fr")) == "mélodie"


def plan_of(text: str) -> list[dict[str, object]]:
    return canonical_plan([step.json() for step in understand(text, START).plan])


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("that's enough, stop", "stop"),
        ("legato, and legato", "legato"),
        ("softer at 85 bpm", "softer, then 85 bpm"),
        ("sparser with a touch of swing", "sparser and a touch of swing"),
        ("a sparse quiet loop at 70 bpm", "give me something sparse and quiet at 70 bpm"),
        ("put a dense high layer in", "add a dense high layer"),
        ("give it a calm groove", "calmer"),
        ("oops, undo that", "undo"),
        ("keep the key fixed", "lock the key"),
        ("hold the tempo", "lock the tempo"),
        ("eco no baixo", "echo on the bass"),
        ("fewer notes in the bass", "sparser bass"),
    ],
)
def test_two_ways_to_say_it_are_one_plan(text: str, same: str) -> None:
    assert plan_of(text)
    assert plan_of(text) == plan_of(same)


def test_an_article_is_no_tempo() -> None:
    for text in ("comme une nuit pluvieuse", "como una noche lluviosa"):
        assert plan_of(text) == [{"task": "impression_to_loop", "args": {"mood": "night rain"}}], (
            text
        )


def test_values_are_said_as_people_write_them(copilot: Copilot) -> None:
    said = copilot.say("status")[1].say
    assert "layers bass, chords, melody" in said
    assert "(" not in said
    assert "'" not in said


def test_a_title_is_an_impression_and_no_recording() -> None:
    assert plan_of("something like autumn leaves")[0]["task"] == "impression_to_loop"
    assert "no recording" in understand("play autumn leaves", START).refuse


COMMON = (Path(__file__).parent / "common_words.txt").read_text().split()
"""The 4,000 or so most frequent English words of three letters and more. A word that is added to
the vocabulary has new neighbours; where this fails, they belong into `lookalikes`."""


def test_no_common_word_is_taken_for_one_of_ours() -> None:
    english = vocabulary("en")
    abroad = {
        key for one in SPACED for key in vocabulary(one).phrases
    }  # "hell" is bright in German
    strangers = [one for one in COMMON if lex(one, english).unknown and (one,) not in abroad]
    assert len(strangers) > 2000
    taken = {
        text: str(answer.plan)
        for word in strangers
        for text in (word, f"make it {word}")
        if (answer := understand(text, START)).plan
    }
    assert taken == {}
