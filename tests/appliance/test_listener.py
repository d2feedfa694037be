import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from appliance.dynamics import Dynamics
from appliance.listener import FRESH, HELD, LATEST, REMEMBERED, RING, WINDOW, Listener, Listening

ON, OFF, CONTROL = 0x90, 0x80, 0xB0


def on(pitch: int, velocity: int = 80) -> bytes:
    return bytes((ON, pitch, velocity))


def off(pitch: int) -> bytes:
    return bytes((OFF, pitch, 0))


def pedal(value: int) -> bytes:
    return bytes((CONTROL, 64, value))


def play(
    listener: Listener,
    beats: float,
    step: float,
    pitches: list[int],
    velocity: int = 80,
    start: float = 0.0,
) -> float:
    """One note after another, each half as long as the step; gives the beat where it ends."""
    for index in range(int(beats / step)):
        beat, pitch = start + index * step, pitches[index % len(pitches)]
        listener.hear(beat, on(pitch, velocity))
        listener.hear(beat + step / 2, off(pitch))
    return start + beats


def test_nobody_plays() -> None:
    heard = Listener().at(100.0)
    assert (heard.velocity, heard.density, heard.presence, heard.played) == (0, 0, 0, False)
    assert heard.silence == 100.0
    assert not heard.busy
    assert heard.classes.tolist() == [0.0] * 12


@pytest.mark.parametrize("density", [0.5, 1.0, 2.0, 4.0, 8.0])
def test_density_is_in_notes_a_beat(density: float) -> None:
    listener = Listener()
    end = play(listener, 48.0, 1 / density, [60])
    # Over one period of the player's rhythm, for it is a saw on its way from note to note.
    seen = [listener.at(end + shift / density).density for shift in np.linspace(-1, 0, 50)]
    assert np.mean(seen[25:]) == pytest.approx(density, rel=0.15)


def test_a_player_who_has_just_begun_is_not_thought_sparse() -> None:
    listener = Listener()
    end = play(listener, 2.0, 0.25, [60])
    assert listener.at(end).density == pytest.approx(4.0, rel=0.25)


def test_velocity_follows_within_a_few_beats() -> None:
    listener = Listener()
    end = play(listener, 32.0, 0.5, [60], velocity=110)
    assert listener.at(end).velocity == pytest.approx(110)
    end = play(listener, 4.0, 0.5, [60], velocity=50, start=end)
    assert 60 < listener.at(end).velocity < 85
    end = play(listener, 16.0, 0.5, [60], velocity=50, start=end)
    assert listener.at(end).velocity == pytest.approx(50, abs=2)


def test_velocity_changes_without_leaps() -> None:
    listener = Listener()
    end = play(listener, 32.0, 0.5, [60], velocity=40)
    before = listener.at(end).velocity
    for index in range(64):
        listener.hear(end + index / 4, on(60, 127))
        now = listener.at(end + index / 4).velocity
        assert 0 <= now - before < 15
        before = now


def test_register_is_where_it_sounds() -> None:
    listener = Listener()
    for beat in range(16):
        for pitch in (72, 84):
            listener.hear(beat, on(pitch))
        for pitch in (72, 84):
            listener.hear(beat + 0.75, off(pitch))
    heard = listener.at(16.0)
    assert heard.pitch == pytest.approx(78)
    assert heard.spread == pytest.approx(6)


def test_pitch_classes_are_shares_of_sounding_time() -> None:
    listener = Listener()
    listener.hear(0.0, on(60))
    listener.hear(0.0, on(67))
    heard = listener.at(8.0)
    assert heard.classes[[0, 7]] == pytest.approx([0.5, 0.5])
    listener.hear(8.0, off(67))
    later = listener.at(12.0)
    assert later.classes[0] > later.classes[7] > 0
    assert later.classes.sum() == pytest.approx(1.0)


def test_a_held_chord_is_not_silence() -> None:
    listener = Listener()
    for pitch in (48, 55, 64):
        listener.hear(0.0, on(pitch))
    heard = listener.at(40.0)
    assert heard.silence == 0
    assert heard.presence > 0.9
    assert heard.density < 0.1
    for pitch in (48, 55, 64):
        listener.hear(40.0, off(pitch))
    assert listener.at(43.0).silence == 3.0


def test_a_key_whose_end_was_lost_does_not_sound_for_ever() -> None:
    listener = Listener()
    listener.hear(5.0, on(60))
    assert listener.at(5.0 + HELD - 1).silence == 0
    assert listener.at(5.0 + HELD + 9).silence == pytest.approx(9.0)
    listener.hear(500.0, on(62))
    assert listener.at(510.0).pitch == pytest.approx(62, abs=0.1)


def test_the_pedal_keeps_what_was_let_go_but_not_for_ever() -> None:
    listener = Listener()
    listener.hear(0.0, pedal(127))
    listener.hear(0.0, on(60))
    listener.hear(1.0, off(60))
    assert listener.at(8.0).silence == 0
    assert listener.at(1.0 + RING + 20).silence == pytest.approx(20.0)
    listener.hear(4.0, pedal(0))
    assert listener.at(8.0).silence == 4.0


def test_feet_alone_are_silent() -> None:
    listener = Listener()
    for beat in range(32):
        for value in (127, 70, 64, 63, 0):
            listener.hear(beat + value / 200, pedal(value))
        listener.hear(beat, bytes((CONTROL, 67, 127)))
    heard = listener.at(32.0)
    assert heard.silence == 32.0
    assert not heard.played
    assert heard.presence == 0


def test_a_note_on_without_velocity_is_an_end() -> None:
    one, other = Listener(), Listener()
    for listener, end in ((one, off(60)), (other, on(60, 0))):
        listener.hear(0.0, on(60))
        listener.hear(2.0, end)
    assert one.at(6.0).silence == other.at(6.0).silence == 4.0
    assert one.at(6.0).density == other.at(6.0).density
    alone = Listener()
    alone.hear(1.0, on(60, 0))
    assert not alone.at(2.0).played


def test_all_notes_off_ends_everything() -> None:
    for control in (120, 123):
        listener = Listener()
        listener.hear(0.0, pedal(127))
        listener.hear(0.0, on(60))
        listener.hear(0.0, on(64))
        listener.hear(1.0, off(64))
        listener.hear(3.0, bytes((CONTROL, control, 0)))
        assert listener.at(8.0).silence == 5.0


def test_a_key_struck_again_without_an_end_is_one_key() -> None:
    listener = Listener()
    for beat in range(8):
        listener.hear(beat, on(60))
    listener.hear(8.0, off(60))
    assert listener.at(12.0).silence == 4.0


def test_other_messages_say_nothing() -> None:
    listener = Listener()
    for data in ((0xE0, 0, 64), (0xA0, 60, 90), (0xC0, 5, 0), (CONTROL, 1, 99)):
        listener.hear(1.0, bytes(data))
    assert not listener.at(2.0).played


def test_times_out_of_order_count_as_of_the_latest() -> None:
    straight, crooked = Listener(), Listener()
    straight.hear(4.0, on(60))
    straight.hear(4.0, on(64))
    crooked.hear(4.0, on(60))
    crooked.hear(3.5, on(64))
    ones, others = straight.at(6.0), crooked.at(6.0)
    assert ones.pitch == others.pitch
    assert ones.density == others.density
    assert crooked.at(-1e9).silence == 0


def test_looking_changes_nothing() -> None:
    looked_at, left_alone = Listener(), Listener()
    for index in range(64):
        for listener in (looked_at, left_alone):
            listener.hear(index / 2, on(40 + index % 30, 60 + index % 50))
            listener.hear(index / 2 + 0.3, off(40 + index % 30))
        looked_at.at(index / 2 + 0.4)
        looked_at.at(index + 900.0)
    one, other = looked_at.at(40.0), left_alone.at(40.0)
    assert (one.velocity, one.density, one.pitch) == (other.velocity, other.density, other.pitch)
    assert one.classes.tolist() == other.classes.tolist()


def test_a_single_note_says_little_and_silence_takes_it_back() -> None:
    listener = Listener()
    listener.hear(0.0, on(60))
    listener.hear(0.1, off(60))
    assert 0 < listener.at(0.1).presence < 0.35
    end = play(listener, 16.0, 0.5, [60, 64], start=1.0)
    assert listener.at(end).presence > 0.9
    waning = [listener.at(end + beats).presence for beats in (0, 4, 6, 8, 10, 13)]
    assert waning == sorted(waning, reverse=True)
    assert waning[-1] == 0
    assert listener.at(end + 100).played


def test_the_seed_is_not_listened_to_but_its_pedal_is_known() -> None:
    listener = Listener()
    play(listener, 16.0, 0.25, [36, 43])
    listener.hear(16.0, pedal(127))
    listener.hear(16.0, on(48))
    listener.begin(20.0)
    heard = listener.at(20.0)
    assert (heard.played, heard.presence, heard.silence) == (False, 0, 0)
    listener.hear(21.0, off(48))  # held from the seed: nobody heard it begin
    assert listener.at(24.0).silence == 4.0
    listener.hear(24.0, on(72))
    listener.hear(25.0, off(72))
    assert listener.at(30.0).silence == 0  # the pedal is still down


def test_busy_is_dense_and_there() -> None:
    listener = Listener()
    end = play(listener, 16.0, 0.2, [60, 64, 67])
    assert listener.at(end).busy
    assert not listener.at(end + 16).busy
    listener.begin(100.0)
    assert not listener.at(play(listener, 16.0, 1.0, [60], start=100.0)).busy


def test_a_flood_costs_no_memory() -> None:
    listener = Listener()
    for index in range(40_000):  # ten thousand messages a second, at 120 BPM
        listener.hear(index / 5000, on(index % 128, 1 + index % 127))
    heard = listener.at(8.0)
    assert heard.density > 1000
    assert heard.presence == pytest.approx(1.0)
    window = listener.window(8.0, 120.0, 4.0)
    assert window is not None
    assert len(window.notes) <= REMEMBERED + 128


def test_the_window_holds_the_last_beats_as_a_phrase() -> None:
    listener = Listener()
    play(listener, 24.0, 1.0, [60, 62, 64, 65])
    listener.hear(23.75, on(48, 90))
    window = listener.window(24.0, 96.0, 4.0)
    assert window is not None
    assert (window.beats, window.bpm, window.bar) == (WINDOW, 96.0, 4.0)
    assert window.notes["onset"].tolist() == [*range(8), 7.75]
    assert window.notes["duration"].tolist() == [0.5] * 8 + [0.25]
    assert window.notes["pitch"].tolist() == [60, 62, 64, 65] * 2 + [48]
    assert listener.window(36.0, 96.0, 4.0) is None


def test_the_window_does_not_reach_back_into_the_seed() -> None:
    listener = Listener()
    play(listener, 16.0, 0.5, [40])
    listener.begin(16.0)
    play(listener, 4.0, 1.0, [70], start=16.0)
    window = listener.window(20.0, 120.0, 4.0)
    assert window is not None
    assert set(window.notes["pitch"].tolist()) == {70}
    assert window.notes["onset"].min() == 4.0


def test_a_movement_needs_two_windows_on_end_and_grows_stale() -> None:
    listener, vectors = Listener(), np.eye(12, dtype=np.float32)
    listener.embedded(8.0, vectors)
    assert listener.at(9.0).moved is None
    listener.embedded(16.0, 2 * vectors)
    moved = listener.at(17.0).moved
    assert moved is not None
    assert (moved.now - moved.before).tolist() == vectors.tolist()
    assert listener.at(16.5 + FRESH).moved is None
    listener.embedded(24.0, None)
    assert listener.at(25.0).moved is None
    listener.embedded(32.0, vectors)
    assert listener.at(33.0).moved is None
    listener.embedded(40.0, vectors)
    assert listener.at(41.0).moved is not None
    listener.begin(48.0)
    assert listener.at(48.0).moved is None


def test_a_movement_starts_from_the_mean_of_what_was_before() -> None:
    listener, vectors = Listener(), np.eye(12, dtype=np.float32)
    for turn in range(1, 5):
        listener.embedded(8.0 * turn, turn * vectors)
    moved = listener.at(33.0).moved
    assert moved is not None
    mean = 1.0 + LATEST * 1.0
    mean += LATEST * (3.0 - mean)
    assert moved.before.diagonal() == pytest.approx(mean)
    assert (moved.now == 4 * vectors).all()
    assert moved.before.dtype == np.float32


class Hands(RuleBasedStateMachine):
    """Against plain bookkeeping: which keys are down, and when the last sound ended."""

    def __init__(self) -> None:
        super().__init__()
        self.listener = Listener()
        self.beat = 0.0
        self.held: set[int] = set()
        self.ringing: set[int] = set()
        self.pedal = False
        self.last = 0.0
        self.strokes = 0

    def hear(self, data: bytes) -> None:
        if self.held or self.ringing:
            self.last = self.beat
        self.listener.hear(self.beat, data)

    @rule(beats=st.sampled_from([0.0, 0.125, 0.5, 1.0]))
    def wait(self, beats: float) -> None:
        self.beat += beats

    @rule(pitch=st.integers(58, 62), velocity=st.integers(1, 127))
    def strike(self, pitch: int, velocity: int) -> None:
        self.hear(on(pitch, velocity))
        self.held.add(pitch)
        self.ringing.discard(pitch)
        self.last = self.beat
        self.strokes += 1

    @rule(pitch=st.integers(58, 62), data=st.sampled_from([OFF, ON]))
    def let_go(self, pitch: int, data: int) -> None:
        self.hear(bytes((data, pitch, 0)))
        if pitch in self.held:
            self.held.discard(pitch)
            if self.pedal:
                self.ringing.add(pitch)

    @rule(down=st.booleans())
    def step(self, down: bool) -> None:
        self.hear(pedal(127 if down else 0))
        self.pedal = down
        if not down:
            self.ringing.clear()

    @invariant()
    def it_knows_what_sounds(self) -> None:
        heard = self.listener.at(self.beat)
        if self.beat < RING:
            sounds = bool(self.held or self.ringing)
            assert heard.silence == (0 if sounds else self.beat - self.last)
        assert heard.played == (self.strokes > 0)
        assert 0 <= heard.presence <= 1
        assert heard.density >= 0
        assert 0 <= heard.velocity <= 127.001
        assert heard.spread <= 3
        assert heard.classes.sum() == pytest.approx(1.0 if self.strokes else 0.0)


TestHands = Hands.TestCase


# -- dynamics ---------------------------------------------------------------------------------


def player(velocity: float, presence: float = 1.0) -> Listening:
    return Listening(velocity=velocity, presence=presence, played=True)


def settled(dynamics: Dynamics, listening: Listening, velocity: float) -> float:
    scale = 1.0
    for _ in range(20):
        scale = dynamics.scale(listening, velocity, scale)
    return scale


def test_the_loop_plays_under_the_player_at_the_set_share() -> None:
    wholly = Dynamics(follow=1.0, share=0.85, softest=0.1, loudest=3.0)
    for level in (40.0, 64.0, 100.0):
        assert settled(wholly, player(level), 80.0) * 80 == pytest.approx(0.85 * level, rel=0.01)


def test_half_the_way_is_half_the_way() -> None:
    whole, half = Dynamics(follow=1.0), Dynamics(follow=0.5)
    assert settled(half, player(80.0), 80.0) == pytest.approx(
        np.sqrt(settled(whole, player(80.0), 80.0)), abs=0.001
    )


@given(st.floats(1, 127), st.floats(1, 127), st.floats(0, 1))
def test_the_level_keeps_its_limits(level: float, velocity: float, presence: float) -> None:
    dynamics = Dynamics(follow=1.0)
    scale = settled(dynamics, player(level, presence), velocity)
    assert dynamics.softest <= scale <= dynamics.loudest


@given(st.floats(1, 127), st.floats(1, 127), st.floats(0.6, 1.25))
def test_the_level_moves_by_small_steps(level: float, velocity: float, before: float) -> None:
    dynamics = Dynamics(follow=1.0)
    assert abs(dynamics.scale(player(level), velocity, before) - before) <= dynamics.step + 0.001


@given(st.floats(1, 127), st.floats(1, 127))
def test_a_level_that_does_not_follow_is_one_exactly(level: float, velocity: float) -> None:
    assert Dynamics(follow=0.0).scale(player(level), velocity, 1.0) == 1.0
    assert Dynamics().scale(player(level, presence=0.0), velocity, 1.0) == 1.0
    assert Dynamics().scale(Listening(), velocity, 1.0) == 1.0


def test_the_level_comes_back_when_the_player_stops() -> None:
    dynamics = Dynamics()
    scale, way = settled(dynamics, player(30.0), 90.0), []
    assert scale < 0.75
    for _ in range(4):
        scale = dynamics.scale(Listening(played=True), 90.0, scale)
        way.append(scale)
    assert way == sorted(way)
    assert way[-1] == 1.0
