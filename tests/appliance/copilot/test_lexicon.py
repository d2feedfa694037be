"""The lexicon: a few hundred words, each with numbers and a reason."""

import pytest

from appliance.copilot import lexicon
from appliance.copilot.lexicon import columns_of, entries, head, heads, in_words, numbers_of


def test_there_are_a_few_hundred_words_each_with_numbers_and_a_reason():
    assert 300 <= len(entries()) <= 1000
    names = {*lexicon.COLUMNS, "tempo", "mode"}
    for entry in entries().values():
        assert entry.why
        assert set(entry.numbers) <= names, entry
        assert all(-2 <= value <= 2 for value in entry.numbers.values())


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ("calmer", "calm"), ("calmly", "calm"), ("sadder", "sad"), ("jazzier", "jazz"),
        ("happier", "happy"), ("rainy", "rain"), ("funky", "funk"), ("darkest", "dark"),
        ("purple", None), ("nice", None), ("better", None), ("er", None),
    ],
)  # fmt: skip
def test_forms_lead_to_their_words(form, word):
    assert head(form) == word


def test_words_of_praise_are_no_words_here():
    for word in ("good", "nice", "cool", "better", "interesting", "boring", "bad", "weird"):
        assert head(word) is None, word


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("calm", {"tempo": -1, "dynamics": -1}), ("sad", {"mode": -2, "tempo": -2}),
        ("happy", {"mode": 2, "tempo": 1}), ("angry", {"dynamics": 2}),
        ("dark", {"register": -2}), ("bright", {"register": 2}), ("jazz", {"swing": 2}),
    ],
)  # fmt: skip
def test_moods_have_the_signs_that_listeners_agree_on(text, wanted):
    found = numbers_of(text)
    assert {name: found[name] for name in wanted} == wanted


def test_several_words_are_averaged_and_titles_stand_for_words():
    assert numbers_of("bright dark")["dynamics"] == 0 or "dynamics" not in numbers_of("bright dark")
    assert heads("Clair de Lune") == heads("moonlight dreamy")
    assert heads("a rainy Sunday night") == ("rain", "sunday", "night")
    assert numbers_of("the") == {}


def test_what_was_understood_is_said_in_words():
    assert in_words({"tempo": -1, "density": -1, "dynamics": -2, "mode": -1}) == (
        "slow, sparse, soft, minor"
    )


def test_columns_are_those_of_the_bundle(shelf):
    names = shelf.segments.dtype.names
    assert set(lexicon.COLUMNS.values()) <= set(names)
    assert set(columns_of("rainy night")) <= set(lexicon.COLUMNS.values())
