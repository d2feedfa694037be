"""The player's ear on a real JACK server, in this process."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rtmidi
from support.jack import Hands, Jack

from firmware import ports
from firmware.board import CONNECTED, SIGHT, Board, Line
from firmware.inlet import Inlet
from firmware.ring import Ring


class Bench:
    """An inlet, and the part of the parent that says whether the port is there."""

    def __init__(self) -> None:
        self.board = Board.create()
        self.ring = Ring.create(64)
        self.bell = os.eventfd(0, os.EFD_NONBLOCK)
        self.keys: list[tuple[int, bool]] = []
        self.inlet = Inlet(self.ring, self.bell, self.board, self._touched, 0)
        self.board.cells[Line.INPUT + SIGHT] = 1

    def _touched(self, key: int, down: bool) -> None:
        self.keys.append((key, down))

    def see(self, there: bool) -> None:
        self.board.cells[Line.INPUT + SIGHT] += 1
        assert self.board.cells[Line.INPUT + SIGHT] & 1 == there
        self.inlet.heed()

    @property
    def connected(self) -> bool:
        return bool(self.board.cells[Line.INPUT + CONNECTED])

    def close(self) -> None:
        self.inlet.close()
        os.close(self.bell)
        for shared in (self.ring, self.board):
            shared.close()
            os.close(shared.fd)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def test_a_port_goes_and_comes_on_one_client_of_the_driver(
    jack: Jack, bench: Bench, unique: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # To make or delete a client holds the interpreter, and with it whoever sends, for longest.
    clients: list[Any] = []
    make = rtmidi.MidiIn

    def counted(api: int, name: str) -> Any:
        clients.append(make(api, name=name))
        return clients[-1]

    monkeypatch.setattr(ports.rtmidi, "MidiIn", counted)
    name = unique("plug")
    hands = Hands(name)
    assert bench.inlet.open(name, wait=False)
    for key in (60, 61, 62):
        jack.wait(lambda: bench.connected, "the port")
        play_until_heard(key, hands, bench, jack)
        hands.close()
        bench.see(False)
        jack.wait(lambda: not bench.connected, "the loss")
        assert bench.keys[-1] == (key, False), "it lets go what was down"
        hands = Hands(name)
        bench.see(True)
    jack.wait(lambda: bench.connected, "the port")
    hands.close()
    assert len(clients) == 1


def play_until_heard(key: int, hands: Hands, bench: Bench, jack: Jack) -> None:
    def heard() -> bool:
        hands.play(0x90, key, 64)
        return (key, True) in bench.keys

    jack.wait(heard, "the key")


@pytest.mark.usefixtures("no_midi")
def test_a_driver_that_is_not_there_yet_is_waited_for(bench: Bench) -> None:
    assert bench.inlet.open("piano", wait=True) is None
    assert not bench.connected
