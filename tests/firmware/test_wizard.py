"""The wizard on a simulated piano: only the wiring; what it measures is the calibration's."""

from firmware.calibrate import AGAIN, EARLIER, LATER, TOGETHER, Calibration
from firmware.clock import SimulatedClock
from firmware.disklavier import Mechanics, SimulatedDisklavier
from firmware.profile import Profile
from firmware.simulated import SimulatedPlayer
from firmware.wizard import calibrate

MS = 1_000_000


def test_a_simulated_piano_is_measured_through_a_player() -> None:
    mechanics = Mechanics(
        velocity_latency=((30, 120.0), (60, 40.0), (100, 0.0)),
        repeat_gap_ms=140,
        lowest_velocity=22,
        echo=True,
    )
    clock = SimulatedClock()
    piano = SimulatedDisklavier(mechanics)
    player = SimulatedPlayer(clock, listener=piano.receive)

    def pass_time(until: int) -> None:
        clock.wait_until(until)
        player.advance(until)
        piano.advance(until)

    def answer(question: str, keys: dict[str, str]) -> str:
        assert question
        assert AGAIN in keys
        heard = [s for s in piano.sounds if s.velocity and s.ns > clock.now() - 3000 * MS]
        piano.sounds.clear()
        if TOGETHER in keys:
            high = [s.ns for s in heard if s.key == max(s.key for s in heard)]
            low = [s.ns for s in heard if s.key == min(s.key for s in heard)]
            difference = high[0] - low[0]
            if abs(difference) < 5 * MS:
                return TOGETHER
            return LATER if difference > 0 else EARLIER
        wanted = 2 if "twice" in question else 1
        return "y" if len(heard) >= wanted else "n"

    profile = calibrate(
        Calibration(Profile(), "mine"), player, piano.outgoing, clock, answer, pass_time
    )
    assert profile.name == "mine"
    assert profile.echo
    assert abs(profile.velocity_range[0] - 22) <= 1
    assert 140 <= profile.repeat_gap_ms <= 160
    found = dict(profile.velocity_latency)
    assert max(found.values()) >= 100
    assert min(found.values()) == 0
