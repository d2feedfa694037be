"""What is sent and when, for what is to sound and when: plain event lists, then random music."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.dispatch import Dispatcher, Message, Outcome, is_note_off, is_note_on
from firmware.instrument import SETTLE_NS, UNCHANGED, Instrument, compress
from firmware.profile import MS, Profile, delay_ns, load_profile

REALTIME = load_profile("disklavier-realtime")
DELAY = load_profile("disklavier-delay")
KEYBOARD = load_profile("keyboard")
PLAIN = replace(REALTIME, velocity_latency=(), velocity_range=(1, 127))
ON, OFF, CC = 0x90, 0x80, 0xB0

Line = tuple[float, bytes]


def on(ms: float, note: int, key: int = 60, velocity: int = 100) -> Message:
    return Message(round(ms * MS), note, note, bytes((ON, key, velocity)))


def off(ms: float, note: int, key: int = 60) -> Message:
    return Message(round(ms * MS), 1000 + note, note, bytes((OFF, key, 0)))


def control(ms: float, number: int, value: int, seq: int = 5000) -> Message:
    return Message(round(ms * MS), seq, 0, bytes((CC, number, value)))


def lines(messages: Iterable[Message]) -> list[Line]:
    return [(message.due / MS, message.data) for message in messages]


def sent(profile: Profile, *messages: Message, now: float = 0) -> list[Line]:
    return lines(Instrument(profile).translate(messages, round(now * MS)).messages)


def line(ms: float, *data: int) -> Line:
    return ms, bytes(data)


# Times, velocities, channel


def test_a_keyboard_is_sent_what_is_to_sound() -> None:
    music = [on(700, 1, velocity=1), control(710, 64, 55), off(720, 1), on(720, 2), off(900, 2)]
    assert sent(KEYBOARD, *music) == lines(music)


@pytest.mark.parametrize(("velocity", "as_sent", "ms"), [(127, 100, 50), (1, 25, 185)])
def test_a_note_leaves_earlier_by_what_its_key_needs(velocity: int, as_sent: int, ms: int) -> None:
    (message,) = sent(REALTIME, on(700, 1, velocity=velocity))
    assert message == line(700 - ms, ON, 60, as_sent)


def test_velocity_is_compressed_and_not_clipped() -> None:
    curve = [compress(REALTIME, velocity) for velocity in range(1, 128)]
    assert (curve[0], curve[-1]) == (25, 100)
    assert curve == sorted(curve)
    assert len(set(curve)) == 76
    assert [compress(KEYBOARD, velocity) for velocity in range(1, 128)] == list(range(1, 128))


def test_releases_and_pedals_leave_by_the_base_latency() -> None:
    music = [control(600, 64, 80), on(700, 1, velocity=127), off(900, 1)]
    assert sent(REALTIME, *music) == [
        line(550, CC, 64, 80),
        line(650, ON, 60, 100),
        line(850, OFF, 60, 0),
    ]


def test_a_piano_that_delays_all_gets_all_half_a_second_early() -> None:
    music = [control(600, 64, 80), on(700, 1, velocity=127), off(900, 1)]
    assert [ms for ms, _ in sent(DELAY, *music)] == [100, 200, 400]


def test_nothing_is_due_before_now() -> None:
    music = [control(600, 64, 80), on(610, 1), off(650, 1)]
    assert [ms for ms, _ in sent(REALTIME, *music, now=650)] == [650, 650, 750]


def test_the_channel_is_that_of_the_profile() -> None:
    profile = replace(KEYBOARD, channel=3)
    music = [on(1, 1), control(2, 64, 1), off(5, 1)]
    assert [data[0] for _, data in sent(profile, *music)] == [0x92, 0xB2, 0x82]


def test_a_release_by_another_name() -> None:
    music = [on(700, 1), Message(900 * MS, 2, 1, bytes((ON, 60, 0)))]
    assert sent(PLAIN, *music)[1] == line(850, OFF, 60, 0)


def test_keys_that_are_not_there_are_left_out() -> None:
    music = [on(700, 1, key=20), on(700, 2, key=109), off(800, 1, key=20), off(800, 2, key=109)]
    translation = Instrument(REALTIME).translate(music, 0)
    assert translation.messages == []
    assert translation.omitted == [(seq, "range") for seq in (1, 2, 1001, 1002)]


def test_a_release_of_nothing_is_left_out() -> None:
    assert Instrument(REALTIME).translate([off(700, 9)], 0) == ([], [(1009, "silent")])


def test_the_two_ends_of_a_note_share_an_id_of_their_own() -> None:
    instrument = Instrument(REALTIME)
    first = instrument.translate([on(700, 77), on(700, 78, key=64)], 0).messages
    second = instrument.translate([off(1400, 78, key=64), off(1500, 77)], 800 * MS).messages
    assert [message.note for message in first + second] == [1, 2, 2, 1]
    assert [message.seq for message in first + second] == [77, 78, 1078, 1077]


def test_a_strike_whose_time_has_passed_is_left_out() -> None:
    music = [on(400, 1), on(500, 2, key=61), off(550, 1), off(590, 2, key=61)]
    translation = Instrument(PLAIN).translate(music, 600 * MS)
    assert lines(translation.messages) == [line(600, ON, 61, 100), line(700, OFF, 61, 0)]
    assert translation.omitted == [(1, "late"), (1001, "silent")]


def test_a_reset_instrument_knows_nothing_and_uses_no_id_twice() -> None:
    instrument = Instrument(REALTIME)
    instrument.translate([on(700, 1), control(700, 64, 127)], 0)
    instrument.reset()
    translation = instrument.translate([off(900, 1), control(900, 64, 127), on(950, 2)], 0)
    assert [message.note for message in translation.messages] == [0, 2]
    assert translation.omitted == [(1001, "silent")]


# Repeats and lengths


def test_a_short_note_gets_its_minimum_length() -> None:
    assert sent(PLAIN, on(700, 1), off(720, 1))[1] == line(750, OFF, 60, 0)


def test_a_release_is_brought_forward_for_the_next_strike() -> None:
    music = [on(700, 1), off(980, 1), on(1000, 2), off(1200, 2)]
    assert [ms for ms, _ in sent(PLAIN, *music)] == [650, 850, 950, 1150]


def test_a_release_that_is_early_enough_stays() -> None:
    music = [on(700, 1), off(880, 1), on(1000, 2), off(1200, 2)]
    assert [ms for ms, _ in sent(PLAIN, *music)] == [650, 830, 950, 1150]


@pytest.mark.parametrize(
    ("interval", "length"),
    [(190, 90), (150, 50), (125, 25), (110, 25), (100, 25), (50, 20), (30, 12)],
)
def test_without_room_the_note_is_cut_first_and_then_the_pause(interval: int, length: int) -> None:
    """The key rises for 100 ms as long as a quarter of the shortest note is left."""
    music = [on(700, 1), off(900, 1), on(700 + interval, 2), off(1200, 2)]
    assert [ms for ms, _ in sent(PLAIN, *music)] == [650, 650 + length, 650 + interval, 1150]


def test_a_release_that_was_handed_over_is_overtaken_by_another() -> None:
    instrument = Instrument(PLAIN)
    first = instrument.translate([on(700, 1), off(980, 1)], 400 * MS).messages
    second = instrument.translate([on(1000, 2)], 450 * MS).messages
    assert lines(first) == [line(650, ON, 60, 100), line(930, OFF, 60, 0)]
    assert lines(second) == [line(850, OFF, 60, 0), line(950, ON, 60, 100)]
    assert (second[0].note, second[0].seq) == (first[0].note, 0)


def test_a_release_that_is_yet_to_come_is_made_for_the_next_strike() -> None:
    instrument = Instrument(PLAIN)
    instrument.translate([on(700, 1)], 400 * MS)
    second = instrument.translate([on(1000, 2), off(1100, 1)], 450 * MS).messages
    assert lines(second)[:2] == [line(850, OFF, 60, 0), line(850, OFF, 60, 0)]
    assert [message.seq for message in second] == [0, 1001, 2]


def test_a_soft_repeat_does_not_overtake_the_loud_note_before_it() -> None:
    music = [on(700, 1, velocity=127), off(780, 1), on(800, 2, velocity=1), off(1000, 2)]
    assert [ms for ms, _ in sent(REALTIME, *music)] == [650, 675, 750, 950]


# Pedals


def test_a_pedal_stays_up_for_a_while() -> None:
    music = [control(ms, 64, value) for ms, value in ((600, 127), (700, 0), (720, 90), (760, 100))]
    assert [ms for ms, _ in sent(REALTIME, *music)] == [550, 650, 750, 750]


def test_pedals_do_not_wait_for_each_other() -> None:
    music = [control(600, 64, 127), control(700, 64, 0), control(720, 67, 127)]
    assert [ms for ms, _ in sent(REALTIME, *music)] == [550, 650, 670]


def test_a_pedal_that_does_not_move_is_not_sent() -> None:
    instrument = Instrument(REALTIME)
    instrument.translate([control(600, 64, 50)], 0)
    again = instrument.translate([control(650, 64, 50, 8), control(700, 64, 51, 9)], 50 * MS)
    assert [message.seq for message in again.messages] == [9]
    assert again.omitted == [(8, "unchanged")]


def test_a_pedal_of_two_positions() -> None:
    profile = replace(REALTIME, pedal_mode="binary")
    music = [control(600 + 10 * i, 64, v, i) for i, v in enumerate((10, 63, 64, 99, 127, 30, 0))]
    assert [data[2] for _, data in sent(profile, *music)] == [0, 127, 0]


def test_no_pedals() -> None:
    profile = replace(REALTIME, pedal_mode="none")
    music = [control(600, number, 127, number) for number in (64, 66, 67)]
    translation = Instrument(profile).translate(music, 0)
    assert translation == ([], [(64, "pedal"), (66, "pedal"), (67, "pedal")])


def test_no_controller_passes_that_is_not_named() -> None:
    others = [control(600, number, 100, number) for number in range(128)]
    others += [Message(600 * MS, 200, 0, bytes((0xE0, 0, 1))), Message(600 * MS, 201, 0, b"\xfe")]
    translation = Instrument(REALTIME).translate(others, 0)
    assert [message.data[1] for message in translation.messages] == [64, 66, 67]
    assert len(translation.omitted) == 127
    assert {reason for _, reason in translation.omitted} == {"control"}


def test_velocity_refinements_are_stripped_or_not() -> None:
    profile = replace(KEYBOARD, controls=(16, 81, 64))
    music = [control(600, 16, 3), control(600, 81, 4)]
    assert len(sent(profile, *music)) == 2
    assert sent(replace(profile, strip_xp=True), *music) == []


# Polyphony


def few(limit: int, **more: object) -> Profile:
    return replace(PLAIN, polyphony=limit, **more)  # type: ignore[arg-type]


def test_the_softest_inner_note_of_a_chord_is_left_out() -> None:
    chord = [(48, 30), (60, 70), (64, 50), (67, 60), (72, 30)]
    music = [on(700, i, key, velocity) for i, (key, velocity) in enumerate(chord, 1)]
    music += [off(900, i, key) for i, (key, _) in enumerate(chord, 1)]
    translation = Instrument(few(4)).translate(music, 0)
    assert {message.data[1] for message in translation.messages} == {48, 60, 67, 72}
    assert translation.omitted == [(3, "polyphony"), (1003, "silent")]


def test_of_notes_as_loud_the_shortest_is_left_out() -> None:
    music = [on(700, i, 50 + i, 60) for i in range(1, 6)]
    music += [off(900 if i == 3 else 1000, i, 50 + i) for i in range(1, 6)]
    assert Instrument(few(4)).translate(music, 0).omitted[0] == (3, "polyphony")


def test_a_fading_note_is_let_go_for_a_new_one() -> None:
    instrument = Instrument(few(3))
    instrument.translate([on(700, 1, 40), on(700, 2, 60, 70), on(700, 3, 80)], 200 * MS)
    later = instrument.translate([on(2700, 4, 62, 40)], 2200 * MS)
    assert lines(later.messages) == [line(2650, OFF, 60, 0), line(2650, ON, 62, 40)]
    assert [message.seq for message in later.messages] == [0, 4]
    assert later.omitted == []


def test_a_new_note_softer_than_what_rings_is_left_out() -> None:
    instrument = Instrument(few(3))
    instrument.translate([on(700, 1, 40), on(700, 2, 60, 90), on(700, 3, 80)], 200 * MS)
    assert instrument.translate([on(800, 4, 62, 40)], 250 * MS) == ([], [(4, "polyphony")])


def test_keys_under_the_pianists_hands_are_free() -> None:
    instrument = Instrument(few(3))
    instrument.translate([on(700, 1, 40), on(700, 2, 60, 90), on(700, 3, 80)], 200 * MS)
    later = instrument.translate([on(1400, 4, 62, 40)], 800 * MS, {60})
    assert [message.seq for message in later.messages] == [4]


# Taking back


def test_what_was_not_sent_can_be_handed_over_anew() -> None:
    instrument = Instrument(PLAIN)
    instrument.translate([on(700, 1), off(900, 1), control(700, 64, 127)], 200 * MS)
    rewind = instrument.rewind(400 * MS, 300 * MS)
    assert rewind == (350 * MS, [])
    again = instrument.translate([on(710, 1), off(910, 1), control(710, 64, 127)], 300 * MS)
    assert lines(again.messages) == [
        line(660, ON, 60, 100),
        line(660, CC, 64, 127),
        line(860, OFF, 60, 0),
    ]
    assert again.messages[0].note == 2


def test_a_note_that_left_is_not_struck_again_and_keeps_its_release() -> None:
    instrument = Instrument(REALTIME)
    instrument.translate([on(700, 1, velocity=1)], 400 * MS)
    assert instrument.rewind(620 * MS, 600 * MS) == (605 * MS, [])
    again = instrument.translate([on(710, 1, velocity=1), off(1000, 1)], 600 * MS)
    assert again.omitted == [(1, "struck")]
    assert lines(again.messages) == [line(950, OFF, 60, 0)]


def test_a_note_that_left_and_is_not_wanted_any_more_is_let_go() -> None:
    instrument = Instrument(REALTIME)
    instrument.translate([on(700, 1, velocity=1)], 400 * MS)
    instrument.rewind(620 * MS, 600 * MS)
    assert lines(instrument.translate([], 600 * MS).messages) == [line(615, OFF, 60, 0)]
    assert instrument.translate([off(1000, 1)], 610 * MS).omitted == [(1001, "silent")]


def test_an_id_may_come_again_for_another_note() -> None:
    instrument = Instrument(REALTIME)
    instrument.translate([on(700, 1, velocity=1)], 400 * MS)
    instrument.rewind(620 * MS, 600 * MS)
    music = [on(900, 1, key=61, velocity=127), off(1000, 1, key=61)]
    again = instrument.translate(music, 600 * MS).messages
    assert [(m.due // MS, m.note, m.data[1]) for m in again] == [
        (615, 1, 60),
        (850, 2, 61),
        (950, 2, 61),
    ]


def test_what_was_to_stay_is_sent_again_when_the_cut_takes_it() -> None:
    instrument = Instrument(REALTIME)
    loud, soft = on(700, 1, 60, 127), on(720, 2, 64, 1)
    first = instrument.translate([loud, soft], 400 * MS).messages
    assert [message.due // MS for message in first] == [535, 650]
    # 535 lies before the cut, 650 behind it, and 700 is to stay.
    rewind = instrument.rewind(710 * MS, 600 * MS)
    assert rewind.cut == 605 * MS
    assert rewind.again == [first[1]]


def test_what_is_sent_again_ends_as_it_was_to_end_unless_another_end_comes() -> None:
    for later, ends in (([], 950), ([off(1200, 1)], 1150), ([off(800, 1)], 750)):
        instrument = Instrument(REALTIME)
        first = instrument.translate([on(700, 1), off(1000, 1)], 100 * MS).messages
        rewind = instrument.rewind(750 * MS, 200 * MS)
        assert rewind.again == [first[0]]
        assert lines(instrument.translate(later, 200 * MS).messages) == [line(ends, OFF, 60, 0)]
        assert instrument.translate([], 250 * MS).messages == []


def test_what_is_cut_twice_before_anything_comes_still_ends() -> None:
    instrument = Instrument(REALTIME)
    first = instrument.translate([on(700, 1), off(1000, 1)], 100 * MS).messages
    instrument.rewind(750 * MS, 200 * MS)
    assert instrument.rewind(760 * MS, 210 * MS).again == [first[0]]
    assert lines(instrument.translate([], 210 * MS).messages) == [line(950, OFF, 60, 0)]


def test_a_pedal_that_left_and_is_not_wanted_any_more_is_set_back() -> None:
    instrument = Instrument(REALTIME)
    instrument.translate([control(500, 64, 0), control(640, 64, 127)], 100 * MS)
    instrument.rewind(620 * MS, 600 * MS)
    assert lines(instrument.translate([], 600 * MS).messages) == [line(600, CC, 64, 0)]


def test_a_pedal_that_left_and_comes_again_stays() -> None:
    instrument = Instrument(REALTIME)
    instrument.translate([control(500, 64, 0), control(640, 64, 127)], 100 * MS)
    instrument.rewind(620 * MS, 600 * MS)
    again = instrument.translate([control(641, 64, 127, 9), control(800, 64, 0, 10)], 600 * MS)
    assert lines(again.messages) == [line(750, CC, 64, 0)]
    assert again.omitted == [(9, "unchanged")]


# Random music, through the real dispatcher


@dataclass(frozen=True)
class Note:
    id: int
    key: int
    velocity: int
    sound: int
    length: int


@dataclass
class Stage:
    """An appliance, an instrument and a dispatcher, turned by hand; the wire as it was."""

    profile: Profile
    now: int = 0
    handed: int = 0
    wire: list[tuple[int, bytes]] = field(default_factory=list)
    struck: dict[int, int] = field(default_factory=dict)  # note id: times its on was sent
    told: list[int] = field(default_factory=list)
    silent: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.instrument = Instrument(self.profile)
        self.dispatcher = Dispatcher(lambda data: self.wire.append((self.now, data)), self._report)
        self.seqs = itertools.count(1)
        self.ids: dict[int, int] = {}
        self.reasons: dict[int, str] = {}
        self.played: dict[int, Note] = {}

    def _report(self, seq: int, outcome: int, due: int, at: int) -> None:
        if seq and outcome == Outcome.SENT and seq in self.ids:
            self.struck[self.ids[seq]] = self.struck.get(self.ids[seq], 0) + 1

    def hand_over(self, score: Iterable[Note], until: int) -> None:
        """All that sounds in [handed, until), in order."""
        events: list[tuple[int, int, Note, bytes]] = []
        for note in score:
            end = note.sound + note.length
            if self.handed <= note.sound < until:
                self.played[note.id] = note
                events.append((note.sound, 1, note, bytes((ON, note.key, note.velocity))))
            if self.handed <= end < until and note.id in self.played:
                events.append((end, 0, note, bytes((OFF, note.key, 0))))
        self.schedule(sorted(events, key=lambda event: event[:2]))
        self.handed = max(self.handed, until)

    def schedule(self, events: list[tuple[int, int, Note, bytes]]) -> None:
        messages = []
        for due, is_on, note, data in events:
            messages.append(Message(due, next(self.seqs), note.id, data))
            if is_on:
                self.ids[messages[-1].seq] = note.id
        translation = self.instrument.translate(messages, self.now)
        seqs = [m.seq for m in translation.messages if m.seq]
        seqs += [seq for seq, _ in translation.omitted]
        assert sorted(seqs) == sorted(m.seq for m in messages), "a seq was lost or came twice"
        assert all(message.due >= self.now for message in translation.messages)
        self.reasons |= dict(translation.omitted)
        for message in translation.messages:
            self.dispatcher.add(message)

    def take_back(self, after: int) -> None:
        rewind = self.instrument.rewind(after, self.now)
        assert rewind.cut >= self.now + SETTLE_NS
        self.dispatcher.cancel(rewind.cut)
        for message in rewind.again:
            self.dispatcher.add(message)
        self.handed = min(self.handed, after + 1)
        self.played = {n.id: n for n in self.played.values() if n.sound <= after}

    def advance(self, until: int) -> None:
        due = self.dispatcher.run(self.now)
        while due is not None and due <= until:
            self.now = max(self.now, due)
            due = self.dispatcher.run(self.now)
        self.now = until

    def check_wire(self) -> None:
        """On and off alternate on every key, and none is left down."""
        down: dict[int, bool] = {}
        for _, data in self.wire:
            if is_note_on(data):
                assert not down.get(data[1]), "struck a key that is down"
                down[data[1]] = True
            elif is_note_off(data):
                assert down.get(data[1]), "released a key that is up"
                down[data[1]] = False
        assert not any(down.values()), "a key is stuck"

    def most_down(self) -> int:
        down: set[int] = set()
        most = 0
        for _, data in self.wire:
            if is_note_on(data):
                down.add(data[1])
            elif is_note_off(data):
                down.discard(data[1])
            most = max(most, len(down))
        return most


AHEAD = 600 * MS
BEGIN = 700 * MS
Change = Callable[[list[Note], int], list[Note]]


@st.composite
def scores(draw: st.DrawFn, most: int = 25, keys: tuple[int, int] = (60, 66)) -> list[Note]:
    """Notes of a few keys, at least 2 ms between two strikes of one."""
    sound, notes = BEGIN, []
    last: dict[int, int] = {}
    for index in range(1, draw(st.integers(1, most)) + 1):
        sound += draw(st.sampled_from((0, 0, 0, 3, 20, 50, 100, 101, 150, 400))) * MS
        key = draw(st.integers(*keys))
        if sound - last.get(key, 0) < 2 * MS:
            continue
        last[key] = sound
        length = draw(st.sampled_from((1, 20, 80, 100, 300, 900))) * MS
        notes.append(Note(index, key, draw(st.integers(1, 127)), sound, length))
    return notes


PROFILES = st.sampled_from((REALTIME, DELAY, KEYBOARD, PLAIN))
STEPS = st.lists(st.integers(5, 50), min_size=1, max_size=12)


def perform(
    profile: Profile,
    score: list[Note],
    steps: list[int],
    rewinds: dict[int, int] | None = None,
    change: Change = lambda score, after: score,
) -> Stage:
    """Turn by turn, ms from `steps`; `rewinds`: turn -> ms from now to where all is taken back."""
    stage = Stage(profile)
    turns = itertools.cycle(steps)
    for turn in itertools.count():
        after = stage.now + (rewinds or {}).get(turn, -1) * MS
        if after >= stage.now:
            stage.take_back(after)
            score = change(score, after)
        stage.hand_over(score, stage.now + AHEAD)
        stage.advance(stage.now + next(turns) * MS)
        end = max((n.sound + n.length for n in score), default=0)
        if stage.handed > end and stage.now > end + 1000 * MS:
            break
    return stage


@given(profile=PROFILES, score=scores(), steps=STEPS)
@settings(deadline=None)
def test_every_note_is_struck_once_and_let_go(
    profile: Profile, score: list[Note], steps: list[int]
) -> None:
    stage = perform(replace(profile, polyphony=0), score, steps)
    stage.check_wire()
    assert stage.struck == {note.id: 1 for note in score}


REWINDS = st.dictionaries(st.integers(0, 60), st.integers(20, 600), max_size=10)


@given(profile=PROFILES, score=scores(), steps=STEPS, rewinds=REWINDS)
@settings(deadline=None, max_examples=200)
def test_taking_back_and_handing_over_the_same_changes_nothing(
    profile: Profile, score: list[Note], steps: list[int], rewinds: dict[int, int]
) -> None:
    stage = perform(replace(profile, polyphony=0), score, steps, rewinds)
    stage.check_wire()
    assert stage.struck == {note.id: 1 for note in score}


@given(
    profile=PROFILES,
    score=scores(),
    other=scores(),
    steps=STEPS,
    turn=st.integers(5, 60),
    margin=st.integers(20, 400),
    limit=st.sampled_from((0, 2, 4)),
)
@settings(deadline=None, max_examples=200)
def test_another_plan_with_the_same_ids_leaves_no_note_behind(
    profile: Profile,
    score: list[Note],
    other: list[Note],
    steps: list[int],
    turn: int,
    margin: int,
    limit: int,
) -> None:
    """What was to sound until then is struck once, and so is what the new plan says."""
    plans: list[Note] = []

    def change(score: list[Note], after: int) -> list[Note]:
        before = [note for note in score if note.sound <= after]
        used = {note.id for note in before}
        later = [replace(n, sound=n.sound + after) for n in other if n.id not in used]
        plans.extend([*before, *later])
        return plans

    stage = perform(replace(profile, polyphony=limit), score, steps, {turn: margin}, change)
    stage.check_wire()
    assert limit == 0 or stage.most_down() <= limit
    if limit == 0:
        assert all(stage.struck[note.id] >= 1 for note in plans)


@given(profile=PROFILES, score=scores(), steps=STEPS, rewinds=REWINDS, scale=st.floats(0.6, 1.6))
@settings(deadline=None)
def test_another_tempo_leaves_no_note_behind(
    profile: Profile, score: list[Note], steps: list[int], rewinds: dict[int, int], scale: float
) -> None:
    def change(score: list[Note], after: int) -> list[Note]:
        def moved(ns: int) -> int:
            return ns if ns <= after else after + max(1, round((ns - after) * scale))

        return [
            replace(n, sound=moved(n.sound), length=moved(n.sound + n.length) - moved(n.sound))
            for n in score
        ]

    stage = perform(replace(profile, polyphony=0), score, steps, rewinds, change)
    stage.check_wire()
    assert stage.struck.keys() == {note.id for note in score}


@given(
    score=scores(most=40, keys=(30, 60)),
    steps=STEPS,
    rewinds=REWINDS,
    limit=st.integers(1, 8),
    profile=PROFILES,
)
@settings(deadline=None, max_examples=200)
def test_never_more_keys_down_than_allowed(
    profile: Profile, score: list[Note], steps: list[int], rewinds: dict[int, int], limit: int
) -> None:
    stage = perform(replace(profile, polyphony=limit), score, steps, rewinds)
    stage.check_wire()
    assert stage.most_down() <= limit
    assert score == [] or stage.struck


def repeats(stage: Stage) -> list[tuple[int, int, int]]:
    """(length, gap, interval) of every note on the wire that is followed by one of its key."""
    found, last = [], {}
    for at, data in stage.wire:
        if is_note_on(data):
            if data[1] in last:
                began, ended = last[data[1]]
                found.append((ended - began, at - ended, at - began))
            last[data[1]] = (at, at)
        else:
            last[data[1]] = (last[data[1]][0], at)
    return found


@given(score=scores(keys=(60, 62)), steps=STEPS)
@settings(deadline=None)
def test_repeats_have_their_gap_or_share_what_room_there_is(
    score: list[Note], steps: list[int]
) -> None:
    for length, gap, interval in repeats(perform(PLAIN, score, steps)):
        assert length >= min(25 * MS, interval * 2 // 5)
        assert gap >= min(100 * MS, interval * 3 // 5)
        assert gap >= 100 * MS or interval < 125 * MS, "the key rises, whatever its note loses"


@given(score=scores(keys=(60, 90)), steps=STEPS)
@settings(deadline=None)
def test_what_is_sent_sounds_when_it_is_to_sound(score: list[Note], steps: list[int]) -> None:
    """Except a repeat that would overtake the strike before it."""
    score = list({note.key: note for note in score}.values())
    stage = perform(replace(REALTIME, polyphony=0), score, steps)
    sounds = {
        data[1]: at + delay_ns(REALTIME, data[2]) for at, data in stage.wire if is_note_on(data)
    }
    assert sounds == {note.key: note.sound for note in score}


@given(
    moves=st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from((64, 67)), st.integers(0, 127)), max_size=40
    ),
    rewinds=REWINDS,
    mode=st.sampled_from(("continuous", "binary")),
)
@example(moves=[(0, 64, 127), (30, 64, 0), (30, 64, 127)], rewinds={1: 20}, mode="binary")
@settings(deadline=None)
def test_pedals_end_as_asked_and_rest_between_release_and_press(
    moves: list[tuple[int, int, int]], rewinds: dict[int, int], mode: str
) -> None:
    times = itertools.accumulate((wait for wait, _, _ in moves), initial=700)
    score = [
        control(ms, number, value, 0) for ms, (_, number, value) in zip(times, moves, strict=False)
    ]
    profile = replace(REALTIME, pedal_mode=mode)
    stage = Stage(profile)
    end = (score[-1].due if score else 0) + 500 * MS
    for turn in itertools.count():
        if turn in rewinds:
            stage.take_back(stage.now + rewinds[turn] * MS)
        until = stage.now + AHEAD
        batch = [message for message in score if stage.handed <= message.due < until]
        stage.handed = until
        for message in stage.instrument.translate(batch, stage.now).messages:
            stage.dispatcher.add(message)
        stage.advance(stage.now + 40 * MS)
        if stage.now > end:
            break
    asked = {message.data[1]: message.data[2] for message in score}
    if mode == "binary":
        asked = {number: 127 * (value >= 64) for number, value in asked.items()}
    assert {data[1]: data[2] for _, data in stage.wire} == asked
    for number in (64, 67):
        released, value = None, 0
        for at, data in stage.wire:
            if data[1] != number:
                continue
            if value < 64 <= data[2] and released is not None:
                assert at - released >= 100 * MS
            if data[2] < 64 <= value:
                released = at
            value = data[2]


def test_memory_is_bounded() -> None:
    instrument = Instrument(REALTIME)
    for turn in range(2000):
        now = turn * 50 * MS
        due = now // MS + 600
        pedal = control(due, 64, 127 * (turn % 2))
        instrument.translate([on(due, turn + 1), off(due + 30, turn + 1), pedal], now)
        if turn % 7 == 0:
            instrument.rewind(now + 20 * MS, now)
            instrument.translate([], now)
    state = instrument._state
    assert len(state.notes) < 100
    assert len(state.by_id) < 100
    assert len(state.queued) < 100
    assert len(state.moves[64]) < 100


def test_an_instrument_that_was_away_is_told_of_its_pedals_and_controllers_again() -> None:
    instrument = Instrument(load_profile("keyboard"))
    pedal = bytes((0xB0, 64, 127))
    volume = bytes((0xB0, 7, 90))
    sent = instrument.translate([Message(1, 1, 0, pedal), Message(1, 2, 0, volume)], 1)
    again = instrument.translate([Message(2, 3, 0, pedal)], 2)
    assert [reason for _, reason in again.omitted] == [UNCHANGED]
    instrument.returned(3)
    back = instrument.translate([Message(4, 4, 0, pedal), Message(4, 5, 0, volume)], 4)
    assert [m.data for m in back.messages] == [m.data for m in sent.messages]


def test_on_the_way_back_pedals_are_up_and_what_is_yet_to_come_stays() -> None:
    instrument = Instrument(load_profile("keyboard"))
    down, up = bytes((0xB0, 64, 127)), bytes((0xB0, 64, 0))
    instrument.translate([Message(1, 1, 0, down), Message(900, 2, 0, up)], 1)
    instrument.returned(500)
    # The queued pedal-up stays where it is; a second one says nothing new.
    after = instrument.translate([Message(950, 3, 0, up)], 600)
    assert [reason for _, reason in after.omitted] == [UNCHANGED]
    # What is taken back leaves a pedal that is up, and nothing to set back.
    instrument.rewind(0, 600)
    assert instrument.translate([], 601).messages == []
