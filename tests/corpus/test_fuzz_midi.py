"""Damaged MIDI files give a recording or one clear line, quickly and in little memory."""

import pytest

from appliance.bench.fuzz.midi import AWKWARD, IMPORTED, READ, REFUSED, Mutants, originals
from appliance.bench.fuzz.trials import HANG_S, run_trials
from corpus.errors import MidiFileError
from corpus.reading.midifile import read_recording


def test_the_awkward_files_are_read_or_refused() -> None:
    for data in AWKWARD[:3]:
        assert len(read_recording(data, "x").notes)
    with pytest.raises(MidiFileError, match="beats long"):
        read_recording(AWKWARD[4], "x")


def test_a_mutant_is_known_by_its_number() -> None:
    mutants = Mutants(1)
    assert mutants.data(7) == mutants.data(7) != mutants.data(8)
    assert Mutants(2).data(7) != mutants.data(7)
    assert all(mutants.data(number) != originals()[number] for number in range(5))


@pytest.mark.filterwarnings("error")
def test_500_damaged_files() -> None:
    mutants = Mutants(1)
    ways = [mutants(number) for number in range(500)]
    assert set(ways) == {READ, REFUSED}
    assert ways.count(READ) > 100
    assert ways.count(REFUSED) > 5


@pytest.mark.filterwarnings("error")
def test_40_damaged_files_on_the_whole_way_in() -> None:
    mutants = Mutants(1, whole=True)
    assert {mutants(number) for number in range(40)} == {IMPORTED, REFUSED}


@pytest.mark.slow
def test_10_000_damaged_files_in_a_process_of_bounded_memory() -> None:
    tally = run_trials(Mutants(2), 10_000)
    assert (tally.crashes, tally.hangs, tally.faults) == (0, 0, [])
    assert sum(tally.ways.values()) == 10_000
    assert tally.slowest_s < HANG_S
