import select
import time

from support.jack import Hands, Jack

from firmware.found_input import MOST_WAITING, SideKeyboard


def test_a_second_keyboard_on_a_real_port(jack: Jack, hands: Hands) -> None:
    def check() -> None:
        keyboard = SideKeyboard(hands.name)
        try:
            jack.wait(lambda: not keyboard.fault, "the keyboard to be found")
            before = time.monotonic_ns()
            hands.play(0x90, 62, 80)
            hands.play(0x80, 62, 0)
            found: list[tuple[int, bytes]] = []
            jack.wait(lambda: found.extend(keyboard.incoming()) or len(found) == 2, "both messages")
            assert [data for _, data in found] == [b"\x90\x3e\x50", b"\x80\x3e\x00"]
            assert before <= found[0][0] <= found[1][0] <= time.monotonic_ns()
            assert select.select([keyboard.fileno()], [], [], 0)[0] == []
        finally:
            keyboard.close()

    jack.attempt(check)


def test_a_keyboard_that_nobody_listens_to_is_forgotten_from_the_beginning(no_midi: None) -> None:
    keyboard = SideKeyboard("Nowhere")
    try:
        assert "second keyboard" in keyboard.fault
        for number in range(MOST_WAITING + 5):
            keyboard._take(number, b"\x90\x3e\x50")
        came = keyboard.incoming()
        assert [ns for ns, _ in came] == list(range(5, MOST_WAITING + 5))
        assert keyboard.incoming() == []
    finally:
        keyboard.close()
