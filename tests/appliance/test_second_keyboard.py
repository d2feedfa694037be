import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.second_keyboard import SecondKeyboard
from appliance.transport import MAX_BPM, MIN_BPM

SECOND = 1_000_000_000


def press(keyboard: SecondKeyboard, seconds: float) -> tuple[str, float] | None:
    """The pedal, down and up again."""
    at = round(seconds * SECOND)
    wish = keyboard.hear(at, bytes((0xB0, 64, 127)))
    assert keyboard.hear(at + SECOND // 10, bytes((0xB0, 64, 0))) is None
    return wish


@pytest.mark.parametrize(("key", "semitones"), [(60, 0), (62, 2), (55, -5), (0, -60)])
def test_a_key_transposes_by_how_far_it_is_from_middle_c(key: int, semitones: int) -> None:
    keyboard = SecondKeyboard()
    assert keyboard.hear(0, bytes((0x93, key, 80))) == ("transpose", semitones)
    assert keyboard.hear(1, bytes((0x83, key, 0))) is None
    assert keyboard.hear(2, bytes((0x93, key, 0))) is None


def test_the_pedal_taps_the_tempo() -> None:
    keyboard = SecondKeyboard()
    assert press(keyboard, 1.0) is None
    assert press(keyboard, 1.5) == ("tempo", 120.0)
    assert press(keyboard, 2.1) == ("tempo", pytest.approx(109.09, abs=0.01))  # the middle of two
    assert press(keyboard, 2.6) == ("tempo", 120.0)


def test_after_a_pause_another_tempo_is_tapped() -> None:
    keyboard = SecondKeyboard()
    press(keyboard, 1.0)
    press(keyboard, 1.5)
    assert press(keyboard, 5.0) is None
    assert press(keyboard, 5.75) == ("tempo", 80.0)


def test_a_pedal_that_says_how_deep_it_is_taps_once() -> None:
    keyboard = SecondKeyboard()
    press(keyboard, 1.0)
    wishes = [
        keyboard.hear(2 * SECOND - 400_000_000 + depth, bytes((0xB0, 64, depth)))
        for depth in range(128)
    ]
    assert [wish for wish in wishes if wish] == [("tempo", pytest.approx(100.0, abs=0.01))]


MESSAGES = st.tuples(st.integers(0, 255), st.integers(0, 127), st.integers(0, 127)).map(bytes)


@given(st.lists(st.tuples(st.integers(0, 3 * SECOND), MESSAGES), max_size=60))
def test_whatever_comes_a_tempo_is_one_that_can_be_played(
    played: list[tuple[int, bytes]],
) -> None:
    keyboard, at = SecondKeyboard(), 0
    for pause, data in played:
        at += pause
        wish = keyboard.hear(at, data)
        if wish is not None and wish[0] == "tempo":
            assert MIN_BPM - 0.01 <= wish[1] <= MAX_BPM + 0.01
