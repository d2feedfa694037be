from appliance.events import Pulse
from appliance.pulse import PULSES_PER_BEAT, PulseTrain
from appliance.transport import Transport


def sent(pulse: Pulse) -> list[tuple[int, int]]:
    return [(message.due, message.data[0]) for message in pulse.messages]


def test_start_then_24_pulses_a_beat_on_the_grid() -> None:
    transport = Transport(12.0, 1_000_000_000, 120.0)
    train = PulseTrain(12.0)
    found = [m for beat in (12.3, 12.3, 12.7, 14.0) for m in sent(train.until(transport, beat))]
    assert found[0] == (1_000_000_000, 0xFA)
    assert [status for _, status in found[1:]] == [0xF8] * 2 * PULSES_PER_BEAT
    assert [due for due, _ in found[1:]] == [
        transport.ns_at(12 + index / 24) for index in range(48)
    ]


def test_after_a_tempo_change_no_pulse_is_lost_or_doubled() -> None:
    transport = Transport(0.0, 0, 120.0)
    train = PulseTrain(0.0)
    first = sent(train.until(transport, 2.0))
    change = transport.ns_at(1.01)
    transport = transport.with_tempo(60.0, change)
    train.take_back(transport.beat)
    kept = [pulse for pulse in first if pulse[0] <= change]
    again = sent(train.until(transport, 2.0))
    assert len(kept) + len(again) == 1 + 48
    assert again[0][0] > change
    assert train.stop(5).messages[0].data == b"\xfc"
