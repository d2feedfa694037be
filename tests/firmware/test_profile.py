"""Profiles: what comes along, what is refused and in which words, and the round trip."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FirmwareError
from firmware.profile import (
    MS,
    Profile,
    ProfileError,
    delay_ns,
    load_profile,
    profile_names,
    write_profile,
)


def test_three_profiles_come_along() -> None:
    assert profile_names() == ["disklavier-delay", "disklavier-realtime", "keyboard"]


@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_says_everything(name: str) -> None:
    text = (Path(__file__).parents[2] / f"firmware/profiles/{name}.toml").read_text()
    settings = {line.split(" =")[0] for line in text.splitlines() if " = " in line}
    assert {field.name for field in dataclasses.fields(Profile)} <= settings
    assert load_profile(name).name == name


def test_a_keyboard_is_left_alone() -> None:
    profile = load_profile("keyboard")
    assert profile == Profile()
    assert profile.lead_ns == 0


@pytest.mark.parametrize(
    ("velocity", "ms"),
    [(127, 50), (100, 50), (95, 52), (80, 60), (75, 70), (20, 190), (10, 205), (1, 205)],
)
def test_a_soft_note_takes_longer(velocity: int, ms: int) -> None:
    assert delay_ns(load_profile("disklavier-realtime"), velocity) == ms * MS


def test_the_delay_of_a_piano_that_delays_all() -> None:
    profile = load_profile("disklavier-delay")
    assert {delay_ns(profile, velocity) for velocity in range(128)} == {500 * MS}


@pytest.mark.parametrize(
    ("name", "ms"), [("keyboard", 100), ("disklavier-realtime", 405), ("disklavier-delay", 700)]
)
def test_how_far_to_look_ahead(name: str, ms: int) -> None:
    assert load_profile(name).look_ahead_ns == ms * MS


FAULTS = [
    ("polyphny = 8", "polyphny = 8: no such setting; did you mean polyphony?"),
    ("xyzzy = 8", "xyzzy = 8: no such setting; known: name, channel, "),
    ("channel = 0", "channel = 0: must be a whole number from 1 to 16"),
    ("channel = true", "channel = True: must be a whole number from 1 to 16"),
    ("channel = 1.5", "channel = 1.5: must be a whole number from 1 to 16"),
    ("repeat_gap_ms = -1", "repeat_gap_ms = -1: must be milliseconds from 0 to 1000"),
    ("repeat_gap_ms = nan", "repeat_gap_ms = nan: must be milliseconds from 0 to 1000"),
    ("repeat_gap_ms = '9'", "repeat_gap_ms = '9': must be milliseconds from 0 to 1000"),
    ("echo = 1", "echo = 1: must be true or false"),
    ("pedal_mode = 'half'", "pedal_mode = 'half': must be one of continuous, binary, none"),
    ("controls = [64, 7]", "controls = (64, 7): must be different controllers"),
    ("velocity_range = [90, 20]", "velocity_range = (90, 20): must be [lowest, highest]"),
    ("velocity_latency = [[50, 1], [40, 2]]", "velocity_latency = ((50, 1), (40, 2)): must be"),
    ("velocity_latency = [[50]]", "velocity_latency = ((50,),): must be"),
    ("velocity_latency = [50]", "velocity_latency = (50,): must be"),
    ("lowest_key = 90\nhighest_key = 80", "lowest_key = 90: must not be above highest_key"),
    ("name = ''", "name = '': must be 1 to 60 printable characters"),
    ("channel =", "not a readable TOML file"),
]


@pytest.mark.parametrize(("text", "words"), FAULTS)
def test_a_fault_is_one_line_with_file_key_value_and_cure(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ProfileError) as caught:
        load_profile(file)
    assert str(caught.value).startswith(f"{file}: {words}")
    assert "\n" not in str(caught.value)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(ProfileError, match="did you mean disklavier-realtime"):
        load_profile("disklavier-realtme")


def test_no_text_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "noise.toml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, tmp_path / "noise.toml"):
        with pytest.raises(ProfileError, match="not a readable TOML file"):
            load_profile(path)


@pytest.mark.parametrize("path", ["/home/me/mine.toml", "/root/mine.toml", "/srv/mine.toml"])
def test_a_file_at_home_is_out_of_reach_of_a_service(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(ProfileError, match="Permission denied") as caught:
        load_profile(path)
    assert ("move it to /etc/smartlooper" in str(caught.value)) is (path != "/srv/mine.toml")


def test_the_error_is_of_the_family() -> None:
    with pytest.raises(FirmwareError):
        Profile(channel=17)
    with pytest.raises(ValueError, match="channel"):
        Profile(channel=17)


def test_a_partial_file_is_a_keyboard_with_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "upright.toml").write_text("polyphony = 8\n")
    assert load_profile(tmp_path / "upright.toml") == Profile(name="upright", polyphony=8)


def ms(high: float) -> st.SearchStrategy[float]:
    return st.floats(0, high) | st.integers(0, int(high))


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    velocities = draw(st.sets(st.integers(1, 127), max_size=12))
    keys = sorted(draw(st.tuples(st.integers(0, 127), st.integers(0, 127))))
    velocity_range: Any = tuple(sorted(draw(st.tuples(st.integers(1, 127), st.integers(1, 127)))))
    names = st.text(min_size=1, max_size=60).filter(str.isprintable)
    controls = st.sets(st.integers(1, 119).filter(lambda control: control != 7))
    return Profile(
        name=draw(names),
        channel=draw(st.integers(1, 16)),
        lowest_key=keys[0],
        highest_key=keys[1],
        output_latency_ms=draw(ms(2000)),
        velocity_latency=tuple((v, draw(ms(2000))) for v in sorted(velocities)),
        input_latency_ms=draw(ms(2000)),
        min_length_ms=draw(ms(1000)),
        repeat_gap_ms=draw(ms(1000)),
        velocity_range=velocity_range,
        polyphony=draw(st.integers(0, 128)),
        pedal_mode=draw(st.sampled_from(("continuous", "binary", "none"))),
        pedal_gap_ms=draw(ms(1000)),
        active_sensing=draw(st.booleans()),
        strip_xp=draw(st.booleans()),
        echo=draw(st.booleans()),
        echo_window_ms=draw(ms(5000)),
        controls=tuple(draw(controls)),
    )


@given(profile=profiles())
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, profile: Profile
) -> None:
    path = tmp_path_factory.mktemp("profile") / "mine.toml"
    write_profile(profile, path)
    assert load_profile(path) == profile
    assert [file.name for file in path.parent.iterdir()] == ["mine.toml"]
