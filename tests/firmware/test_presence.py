from firmware.presence import SILENCE_NS, Presence

MS = 1_000_000


def test_a_piano_that_stops_sensing_is_off_until_it_comes_back() -> None:
    presence = Presence()
    for i in range(10):
        presence.heard(i * 200 * MS, b"\xfe")
        assert not presence.is_off(i * 200 * MS + 199 * MS)
    last = 9 * 200 * MS
    assert not presence.is_off(last + SILENCE_NS)
    assert presence.is_off(last + SILENCE_NS + 1)
    presence.heard(last + 5_000 * MS, b"\x90\x3c\x40")
    assert not presence.is_off(last + 5_001 * MS)


def test_a_piano_that_never_senses_is_never_missed() -> None:
    presence = Presence()
    assert not presence.is_off(10**12)
    presence.heard(0, b"\x90\x3c\x40")
    assert not presence.is_off(10**12)
