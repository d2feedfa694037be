"""What the pianist's hands and feet have down, going by what comes in."""

from firmware.dispatch import SOFT, SOSTENUTO, SUSTAIN, is_note_off, is_note_on

_PEDALS = (SUSTAIN, SOSTENUTO, SOFT)


class Hands:
    """Keeps in mind which keys and pedals are down, and how to let them go. One thread."""

    def __init__(self) -> None:
        self._down: set[bytes] = set()

    def heard(self, data: bytes) -> None:
        """Take a message that came in; one that moves no key and no pedal changes nothing."""
        if is_note_on(data) or is_note_off(data):
            self._set(bytes((0x80 | data[0] & 0x0F, data[1], 0)), is_note_on(data))
        elif len(data) == 3 and data[0] & 0xF0 == 0xB0 and data[1] in _PEDALS:
            self._set(bytes((data[0], data[1], 0)), data[2] > 0)

    def releases(self) -> list[bytes]:
        """The messages that would let go all that is down; keys first."""
        return sorted(self._down)

    def _set(self, release: bytes, down: bool) -> None:
        if down:
            self._down.add(release)
        else:
            self._down.discard(release)
