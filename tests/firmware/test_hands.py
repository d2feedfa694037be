from firmware.hands import Hands


def test_what_is_down_and_how_to_let_it_go() -> None:
    hands = Hands()
    for data in (b"\x90\x3c\x40", b"\x91\x3c\x40", b"\xb0\x40\x7f", b"\xb0\x07\x50", b"\xfe"):
        hands.heard(data)
    assert hands.releases() == [b"\x80\x3c\x00", b"\x81\x3c\x00", b"\xb0\x40\x00"]
    for data in hands.releases():
        hands.heard(data)
    assert hands.releases() == []


def test_a_note_on_without_velocity_lets_go() -> None:
    hands = Hands()
    hands.heard(b"\x90\x3c\x40")
    hands.heard(b"\x90\x3c\x00")
    assert hands.releases() == []
