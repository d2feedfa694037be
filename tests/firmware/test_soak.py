"""A long stream through a real port, and the check that finds what goes wrong on the way."""

import itertools
import subprocess
import sys

import pytest

from firmware.dispatch import is_note_off, is_note_on
from firmware.soak import Check, soak, stream

AMISS = ("lost", "duplicated", "out_of_order", "foreign")


def played(count: int, seed: int = 3) -> list[bytes]:
    return [data for _, _, data in itertools.islice(stream(seed), count)]


def heard(expected: list[bytes], arrived: list[bytes]) -> dict[str, int]:
    check = Check()
    for data in expected:
        check.expect(data)
    for data in arrived:
        check.hear(data)
    return {name: getattr(check, name) for name in AMISS}


def test_a_stream_is_the_same_again_rises_and_never_strikes_a_sounding_key() -> None:
    music = list(itertools.islice(stream(7), 20_000))
    assert music == list(itertools.islice(stream(7), 20_000))
    assert music != list(itertools.islice(stream(8), 20_000))
    times = [at for at, _, _ in music]
    assert all(early < late for early, late in itertools.pairwise(times))
    sounding: dict[int, int] = {}
    for _, note, data in music:
        if is_note_on(data):
            assert data[1] not in sounding
            sounding[data[1]] = note
        elif is_note_off(data):
            assert sounding.pop(data[1]) == note
        else:
            assert data[1] in (64, 66, 67)
    kinds = {data[0] for _, _, data in music}
    assert kinds == {0x80, 0x90, 0xB0}


def test_what_arrives_whole_is_found_whole() -> None:
    music = played(5000)
    assert heard(music, music) == dict.fromkeys(AMISS, 0)


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (lambda music: music[:700] + music[701:], {"lost": 1}),
        (lambda music: music[:-3], {"lost": 3}),
        (lambda music: music[:700] + music[750:], {"lost": 50}),
        (lambda music: music[:700] + music[699:], {"duplicated": 1}),
        (
            lambda music: [*music[:700], music[701], music[700], *music[702:]],
            {"out_of_order": 1},
        ),
        (lambda music: [*music[:700], b"\xfe", *music[700:]], {"foreign": 1}),
    ],
)
def test_every_fault_is_found(fault, found: dict[str, int]) -> None:
    music = played(2000)
    assert heard(music, fault(music)) == dict.fromkeys(AMISS, 0) | found


def sound(found: dict[str, int]) -> None:
    assert {name: found[name] for name in AMISS} == dict.fromkeys(AMISS, 0), found
    assert found["count"] > 0
    assert 0 <= found["p50_us"] <= found["p99_us"] <= found["p999_us"] <= found["max_us"]


def test_a_few_seconds_through_a_real_port(jack) -> None:
    jack.attempt(lambda: sound(soak(2.0, seed=5)))


@pytest.mark.slow
def test_a_minute_through_a_real_port(jack) -> None:
    jack.attempt(lambda: sound(soak(60.0)))


@pytest.mark.usefixtures("no_midi")
def test_by_hand_without_a_port_it_says_so_in_one_line() -> None:
    command = [sys.executable, "-m", "firmware.soak", "--seconds", "1"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 1
    assert "neither ALSA MIDI" in ran.stderr
