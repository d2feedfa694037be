import io
import os
import pty
import select
import termios
from collections.abc import Iterator

import pytest

from firmware.errors import FirmwareError
from firmware.switch import KeyboardSwitch, NoSwitch, ScriptedSwitch


@pytest.fixture
def terminal() -> Iterator[tuple[int, io.TextIOWrapper]]:
    """The finger's end of a terminal, and the program's."""
    finger, program = pty.openpty()
    with open(program, closefd=True) as stream:
        yield finger, stream
    os.close(finger)


def readable(fd: int | None) -> bool:
    return fd is not None and bool(select.select([fd], [], [], 10)[0])


def test_each_space_and_enter_is_a_press_and_a_release(terminal) -> None:
    finger, stream = terminal
    times = iter((11, 22))
    switch = KeyboardSwitch(stream, now=lambda: next(times))
    os.write(finger, b"x \n")
    assert readable(switch.fileno())
    found = switch.edges()
    while len(found) < 4:
        found += switch.edges()
    assert found == [(11, True), (11, False), (22, True), (22, False)]
    assert switch.edges() == []
    assert switch.quit is False
    switch.close()


def test_q_asks_to_quit(terminal) -> None:
    finger, stream = terminal
    switch = KeyboardSwitch(stream)
    os.write(finger, b"q")
    assert readable(switch.fileno())
    assert switch.edges() == []
    assert switch.quit is True
    switch.close()


def test_the_line_mode_comes_back(terminal) -> None:
    _, stream = terminal
    before = termios.tcgetattr(stream.fileno())
    switch = KeyboardSwitch(stream)
    assert termios.tcgetattr(stream.fileno())[3] != before[3]
    switch.close()
    switch.close()
    assert termios.tcgetattr(stream.fileno()) == before
    assert switch.edges() == []


def test_a_pipe_serves_until_it_ends() -> None:
    read, write = os.pipe()
    os.write(write, b" ")
    os.close(write)
    with open(read) as stream:
        switch = KeyboardSwitch(stream, now=lambda: 5)
        assert switch.edges() == [(5, True), (5, False)]
        assert switch.edges() == []
        assert switch.fileno() is None, "an ended stream is readable for ever"


def test_a_stream_without_a_descriptor_says_so() -> None:
    with pytest.raises(FirmwareError, match="start from a terminal"):
        KeyboardSwitch(io.StringIO(" "))


def test_a_scripted_switch_returns_its_edges_once_and_keeps_a_bounded_number() -> None:
    switch = ScriptedSwitch()
    switch.push(1, True)
    switch.push(2, False)
    assert switch.fileno() is None
    assert switch.edges() == [(1, True), (2, False)]
    assert switch.edges() == []
    for n in range(10_000):
        switch.push(n, True)
    assert len(switch.edges()) < 1000
    switch.close()


def test_no_switch_is_never_pressed() -> None:
    switch = NoSwitch()
    assert switch.edges() == []
    assert switch.fileno() is None
    switch.close()
