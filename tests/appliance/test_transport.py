import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.transport import MAX_BPM, MIN_BPM, Transport

BPM = st.floats(MIN_BPM, MAX_BPM)
NS = st.integers(0, 10**16)


@given(BPM, NS, st.floats(-100, 1e6))
def test_beats_and_nanoseconds_agree(bpm: float, ns: int, beat: float) -> None:
    transport = Transport(0.0, ns, bpm)
    assert transport.beat_at(transport.ns_at(beat)) == pytest.approx(beat, abs=1e-6)


@given(st.lists(st.tuples(BPM, st.integers(0, 10**11)), max_size=20))
def test_a_tempo_change_keeps_the_phase(changes: list[tuple[float, int]]) -> None:
    transport, now = Transport(0.0, 0, 120.0), 0
    for bpm, wait in changes:
        now += wait
        before = transport.beat_at(now)
        transport = transport.with_tempo(bpm, now)
        assert transport.beat_at(now) == pytest.approx(before, abs=1e-9)
        assert transport.bpm == bpm


def test_the_grid_does_not_drift() -> None:
    transport = Transport(0.0, 0, 97.0)
    beats = [transport.ns_at(float(beat)) for beat in range(100_000)]
    exact = 60e9 / 97
    assert max(abs(ns - beat * exact) for beat, ns in enumerate(beats)) <= 1
