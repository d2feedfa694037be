"""What is an echo and what is playing."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.disklavier import Mechanics, SimulatedDisklavier
from firmware.echo import EchoFilter
from firmware.profile import MS

WINDOW = 250 * MS


def on(key: int = 60, velocity: int = 70) -> bytes:
    return bytes((0x90, key, velocity))


def off(key: int = 60) -> bytes:
    return bytes((0x80, key, 0))


def test_a_note_comes_back_once() -> None:
    echo = EchoFilter(WINDOW)
    echo.sent(0, on())
    assert echo.is_echo(5 * MS, on(velocity=66))
    assert not echo.is_echo(6 * MS, on())


def test_its_release_comes_back_however_long_it_was() -> None:
    echo = EchoFilter(WINDOW)
    echo.sent(0, on())
    assert echo.is_echo(5 * MS, on())
    echo.sent(9000 * MS, bytes((0x90, 60, 0)))
    assert echo.is_echo(9005 * MS, off())
    assert not echo.is_echo(9006 * MS, off())


def test_another_key_is_played() -> None:
    echo = EchoFilter(WINDOW)
    echo.sent(0, on(60))
    assert not echo.is_echo(5 * MS, on(61))
    assert echo.is_echo(5 * MS, on(60))


def test_behind_the_window_it_is_played() -> None:
    echo = EchoFilter(WINDOW)
    echo.sent(0, on())
    assert not echo.is_echo(WINDOW + 1, on())


def test_nothing_comes_back_before_it_was_sent() -> None:
    echo = EchoFilter(WINDOW)
    echo.sent(10 * MS, on())
    assert not echo.is_echo(5 * MS, on())
    assert echo.is_echo(12 * MS, on())


def test_the_same_key_twice_comes_back_twice() -> None:
    echo = EchoFilter(WINDOW)
    for at, data in ((0, on()), (20, off()), (40, on()), (60, off())):
        echo.sent(at * MS, data)
    answers = [echo.is_echo(70 * MS, data) for data in (on(), off(), on(), off(), on(), off())]
    assert answers == [True] * 4 + [False] * 2


def test_the_release_of_a_played_note_is_no_echo() -> None:
    echo = EchoFilter(WINDOW)
    assert not echo.is_echo(0, on())
    echo.sent(10 * MS, off())
    assert not echo.is_echo(20 * MS, off())


def test_pedals_and_the_like_are_never_an_echo() -> None:
    echo = EchoFilter(WINDOW)
    for data in (bytes((0xB0, 64, 127)), b"\xfe"):
        echo.sent(0, data)
        assert not echo.is_echo(1 * MS, data)


@given(
    sent=st.lists(st.tuples(st.integers(0, 400), st.sampled_from((60, 61)), st.booleans())),
    played=st.integers(0, 400),
)
def test_a_stroke_with_nothing_pending_is_never_an_echo(
    sent: list[tuple[int, int, bool]], played: int
) -> None:
    """After all that was sent has come back, or its time has passed."""
    echo = EchoFilter(WINDOW)
    for at, key, strikes in sorted(sent):
        echo.sent(at * MS, on(key) if strikes else off(key))
        echo.is_echo(at * MS, on(key) if strikes else off(key))
    assert not echo.is_echo((400 + played) * MS, on(60))
    assert not echo.is_echo((651 + played) * MS, off(60))


def test_what_it_keeps_is_bounded() -> None:
    echo = EchoFilter(WINDOW)
    for number in range(10_000):
        echo.sent(number, on())
        echo.sent(number, off())
    assert sum(echo.is_echo(10_000, on()) for _ in range(10_000)) < 100


def test_against_a_piano_that_echoes_while_it_is_played() -> None:
    piano = SimulatedDisklavier(Mechanics(echo=True))
    echo = EchoFilter(WINDOW)
    for number in range(20):
        at, key = number * 100 * MS, 60 + number % 5
        for ns, data in ((at, on(key)), (at + 60 * MS, off(key))):
            piano.receive(ns, data)
            echo.sent(ns, data)
        if number % 3 == 0:
            piano.press(at + 62 * MS, 80, 50)
            piano.lift(at + 90 * MS, 80)
    piano.advance(10_000 * MS)
    played = [data[1] for ns, data in piano.outgoing() if not echo.is_echo(ns, data)]
    assert played == [80] * 14
