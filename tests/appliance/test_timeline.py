from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.music import phrase

from appliance.arranger import Loop, arrange
from appliance.timeline import Message, Timeline
from models.notes import Phrase, note_array, pedal_array


def loop(number: int, start: float, pitch: int = 40) -> Loop:
    return arrange(number, start, phrase(pitch, beats=4.0))


def test_everything_is_handed_over_once_and_in_order() -> None:
    timeline = Timeline(0.0)
    timeline.plan([loop(0, 0.0), loop(1, 4.0)])
    whole = Timeline(0.0)
    whole.plan([loop(0, 0.0), loop(1, 4.0)])
    pieces = [message for i in range(1, 101) for message in timeline.hand_over(i * 0.1)]
    assert pieces == whole.hand_over(10.0)
    assert [message.beat for message in pieces] == sorted(message.beat for message in pieces)


def test_what_is_taken_back_comes_again() -> None:
    timeline = Timeline(0.0)
    timeline.plan([loop(0, 0.0)])
    first = timeline.hand_over(2.0)
    timeline.take_back(1.0)
    assert timeline.hand_over(2.0) == [message for message in first if message.beat >= 1.0]


def test_a_note_whose_plan_is_gone_is_let_go() -> None:
    timeline = Timeline(0.0)
    drone = Phrase(note_array([(0, 99, 40, 80)]), pedal_array([]), 4.0, 120.0)
    timeline.plan([arrange(0, 0.0, drone)])
    timeline.hand_over(1.0)
    timeline.plan([loop(5, 8.0, 60)])
    assert timeline.hand_over(1.5)[0] == Message(1.0, 1, b"\x80\x28\x00")


def test_silence_lets_go_of_what_sounds_and_of_the_pedals() -> None:
    timeline = Timeline(0.0)
    timeline.plan([loop(0, 0.0)])
    timeline.hand_over(1.2)  # the note of beat 1 is down until 1.4
    released = [message.data for message in timeline.silence(1.2)]
    assert released[0] == bytes((0x80, 47, 0))
    assert released[1:] == [bytes((0xB0, control, 0)) for control in (64, 66, 67)]
    assert timeline.finished


class Changes(RuleBasedStateMachine):
    """Plans, hands over and takes back at random; a plain list plays the instrument."""

    @initialize()
    def start(self) -> None:
        self.timeline = Timeline(0.0)
        self.loops = [loop(0, 0.0)]
        self.timeline.plan(self.loops)
        self.heard: list[Message] = []
        self.now = 0.0

    @rule(ahead=st.floats(0, 3))
    def hand_over(self, ahead: float) -> None:
        self.heard += self.timeline.hand_over(self.now + ahead)

    @rule(wait=st.floats(0, 2))
    def time_passes(self, wait: float) -> None:
        self.now = min(self.now + wait, self.timeline.position)
        self.timeline.settle(self.now)

    @rule(pitch=st.integers(36, 48))
    def append(self, pitch: int) -> None:
        last = self.loops[-1]
        self.loops = [*self.loops[-2:], loop(last.number + 1, last.end, pitch)]
        self.timeline.plan(self.loops)

    @rule(pitch=st.integers(36, 48))
    @precondition(lambda self: len(self.loops) > 1)
    def replace(self, pitch: int) -> None:
        self._take_back()
        *kept, last = self.loops
        self.loops = [*kept, loop(last.number, last.start, pitch)]
        self.timeline.plan(self.loops)

    @rule()
    def silence(self) -> None:
        self.heard = [message for message in self.heard if message.beat < self.now]
        self.heard += self.timeline.silence(self.now)
        assert not self._down()
        self.loops = [loop(self.loops[-1].number + 1, self.now)]
        self.timeline.plan(self.loops)

    def _take_back(self) -> None:
        self.heard = [message for message in self.heard if message.beat < self.now]
        self.timeline.take_back(self.now)

    def _down(self) -> set[int]:
        down: set[int] = set()
        for message in self.heard:
            if message.data[0] == 0x90:
                down.add(message.note)
            elif message.data[0] == 0x80:
                down.discard(message.note)
        return down

    @invariant()
    def nothing_is_released_twice(self) -> None:
        down: set[int] = set()
        for message in self.heard:
            if message.data[0] == 0x90:
                down.add(message.note)
            elif message.data[0] == 0x80:
                assert message.note in down
                down.discard(message.note)

    def teardown(self) -> None:
        """Ending lets go of everything, whatever came before."""
        if not hasattr(self, "timeline"):
            return
        self.timeline.plan(self.loops, last=True)
        self.heard += self.timeline.hand_over(self.loops[-1].end + 1000)
        self.heard += self.timeline.hand_over(self.loops[-1].end + 1001)
        assert self.timeline.finished
        assert not self._down()


TestChanges = Changes.TestCase
TestChanges.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
