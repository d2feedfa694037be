"""Runs a calibration on a player and a person: plays each step, asks, and passes the answer on."""

from collections.abc import Callable

from firmware.calibrate import Ask, Calibration, Done, Play
from firmware.clock import Clock
from firmware.dispatch import Message, is_note_off, is_note_on
from firmware.player import Player
from firmware.profile import MS, Profile

_START_NS = 100 * MS  # so that the first message is not late
_TURN_NS = 20 * MS

Answer = Callable[[str, dict[str, str]], str]
"""Called with a question and {key: what it means}; returns a key. Blocks until there is one."""

CameIn = Callable[[], list[tuple[int, bytes]]]
"""What the instrument sent since the last call: nanoseconds and the message."""


def calibrate(
    calibration: Calibration,
    player: Player,
    came_in: CameIn,
    clock: Clock,
    answer: Answer,
    pass_time: Callable[[int], None],
) -> Profile:
    """The profile of the instrument behind `player`. `pass_time` waits until a time in ns.

    The player must have no input of its own: it would take an echo for hands on the keys, and
    yield to them.
    """
    seq = 0
    while not isinstance(step := calibration.step, Done):
        if isinstance(step, Ask):
            calibration.reply(answer(step.text, dict(step.keys)))
            continue
        start = clock.now() + _START_NS
        came_in()  # what came before the step is not an answer to it
        player.schedule(_messages(step, start, seq))
        seq += len(step.events)
        calibration.reply(_listen(step, start, player, came_in, clock, pass_time))
    return step.profile


def _messages(step: Play, start: int, seq: int) -> list[Message]:
    """Numbered from `seq` on; a note-off gets the id of the note-on before it on its key."""
    ids: dict[int, int] = {}
    found = []
    for number, (ns, data) in enumerate(step.events, seq + 1):
        if is_note_on(data):
            ids[data[1]] = number
        note = ids.get(data[1], 0) if is_note_on(data) or is_note_off(data) else 0
        found.append(Message(start + ns, number, note, data))
    return found


def _listen(
    step: Play,
    start: int,
    player: Player,
    came_in: CameIn,
    clock: Clock,
    pass_time: Callable[[int], None],
) -> list[tuple[int, bytes]]:
    came: list[tuple[int, bytes]] = []
    while clock.now() < start + step.length_ns:
        pass_time(clock.now() + _TURN_NS)
        came += [(ns - start, data) for ns, data in came_in()]
        player.reports()
    return came
