"""The configuration: every key is documented, checked, and told by name when it is wrong."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import (
    EMBEDDER,
    LIMITS,
    MOVED,
    ONE_OF,
    Config,
    names,
    parse,
    read_config,
)
from appliance.errors import ConfigError
from appliance.footswitch import DEFAULT, GESTURES, ROWS
from appliance.policies import Groove
from appliance.settings import Settings
from firmware.gestures import Timing
from firmware.oled_settings import OledSettings
from firmware.switches import SwitchSettings
from models.embedder import make_embedder
from models.errors import ModelError

FILE = Path(__file__).parents[2] / "deploy" / "config.toml"
KEY = re.compile(r"(?m)^#(\w+ = .*)$")


def uncommented() -> dict[str, Any]:
    return tomllib.loads(KEY.sub(r"\1", FILE.read_text()))


def flat(table: dict[str, Any], place: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        inside = flat(value, f"{place}{key}.") if isinstance(value, dict) else {place + key: value}
        found |= inside
    return found


def of_policy() -> dict[str, Any]:
    """The options of the policy that a box plays by itself, and their defaults."""
    return {one.name: one.default for one in fields(Groove) if one.metadata}


def value_of(config: Config, name: str) -> Any:
    found: Any = config
    for part in name.split("."):
        found = getattr(found, part)
    return found


# -- the file that documents it ------------------------------------------------------------------


def test_the_file_as_it_comes_changes_nothing() -> None:
    assert read_config(FILE) == Config()


def test_the_file_has_every_key_and_no_other() -> None:
    options = {f"policy.{name}" for name, default in of_policy().items() if default is not None}
    table = {f"footswitch.{row}.{gesture}" for row in ROWS for gesture in GESTURES}
    assert set(flat(uncommented())) == {*names(), *options, *table}


def test_the_file_says_the_defaults() -> None:
    said = flat(uncommented())
    for name in names():
        wanted = value_of(Config(), name)
        wanted = list(wanted) if isinstance(wanted, tuple) else wanted
        assert said[name] == (str(wanted) if isinstance(wanted, Path) else wanted), name
    for name, default in of_policy().items():
        if default is not None:
            assert said[f"policy.{name}"] == default, name
        else:
            assert name in FILE.read_text()
    for row in ROWS:
        for gesture in GESTURES:
            assert said[f"footswitch.{row}.{gesture}"] == DEFAULT[row].get(gesture, "")


def test_with_every_line_uncommented_it_is_the_same() -> None:
    config = parse(KEY.sub(r"\1", FILE.read_text()))
    assert config.make_policy() == Config().make_policy()
    for name in names():
        assert value_of(config, name) == value_of(Config(), name)
    assert config.footswitch.table == DEFAULT


@pytest.mark.parametrize("line", KEY.findall(FILE.read_text()))
def test_each_line_alone_can_be_uncommented(line: str) -> None:
    text = FILE.read_text()
    assert text.count(f"\n#{line}\n") >= 1
    parse(text.replace(f"\n#{line}\n", f"\n{line}\n", 1))


# -- what is wrong is named ----------------------------------------------------------------------


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        parse(text)
    said = str(raised.value)
    assert "\n" not in said
    return said


def setting(name: str, value: str) -> str:
    table, _, key = name.rpartition(".")
    return f"[{table}]\n{key} = {value}\n" if table else f"{key} = {value}\n"


@pytest.mark.parametrize("name", LIMITS)
def test_a_number_beyond_its_limits(name: str) -> None:
    low, high = LIMITS[name]
    for value in (low - 1, high + 1, float("nan"), float("inf")):
        said = complaint(setting(name, repr(value)))
        assert name in said
        assert "wanted" in said


@pytest.mark.parametrize("name", ONE_OF)
def test_a_word_that_is_none_of_those(name: str) -> None:
    value = "7" if name == "screen.rotate" else "'sideways'"
    said = complaint(setting(name, value))
    assert name in said
    assert all(str(one) in said for one in ONE_OF[name])


@pytest.mark.parametrize("name", names())
def test_a_value_of_another_kind(name: str) -> None:
    said = complaint(setting(name, "1979-05-27T07:32:00Z"))
    assert name in said
    assert "wanted" in said


@pytest.mark.parametrize("name", names())
def test_a_table_in_place_of_a_value(name: str) -> None:
    assert name in complaint(f"[{name}]\nx = 1\n")


@pytest.mark.parametrize(("old", "now"), MOVED.items())
def test_a_key_of_old_says_where_it_is_now(old: str, now: str) -> None:
    table, _, key = now.rpartition(".")
    assert complaint(f"{old} = 1") == f"{old} is now {key} in [{table}]"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("output = 'x'", "did you mean output in [midi]?"),
        ("[player]\nquota_mb = 3", "did you mean quota_mb in [sessions]?"),
        ("[footswitch.idel]\ntap = 'record'", "did you mean footswitch.idle?"),
        ("[footswitch.idle]\ntapp = 'record'", "tap"),
        ("[footswitch.loop]\nhold3 = 'next'", "the long hold stays 'stop'"),
        ("[footswitch]\nsources = ['midi', 'smoke']", "'smoke'"),
        ("[footswitch]\nsources = 'midi'", "a list of strings"),
        ("[footswitch]\npedal = 'cc128'", "cc0 to cc127"),
        ("[footswitch]\nusb_device = ' '", "usb_device is empty"),
        ("[footswitch]\nhold_s = 4.0", "each must be longer"),
        ("[policy]\nadventur = 0.5", "no option 'adventur'"),
        ("[policy]\nadventure = 1.5", "from 0 to 1"),
        ("[policy]\nadventure = true", "a number or a string"),
        ("[policy]\nname = 'waltz'", "groove"),
        ("policy = 'waltz'", "groove"),
        ("policy = 3", "a name or a table"),
        ("midi = 3", "[midi] on a line of its own"),
        ("state = ''", "a path"),
        ('state = "a\\u0000b"', "null"),
        ("tempo = 20", "30 to 240"),
        ("rng = 'old'", "'new'"),
        ('power_off = "systemctl \'poweroff"', "not a command"),
        ("[player]\ncpu = 4096", "-1 for the last"),
        ("[copilot]\nbase_url = 'http://localhost'", "copilot.model is empty"),
        (f"tempo = 1{'0' * 400}", "tempo = 1000"),
        ("= =", "TOML"),
    ],
)
def test_what_is_wrong_is_said(text: str, wanted: str) -> None:
    said = complaint(text)
    assert wanted in said
    assert len(said) < 400


def mistyped(name: str) -> st.SearchStrategy[str]:
    """A key with one letter left out, doubled, or swapped with the next."""
    places = st.integers(0, len(name) - 2)
    return st.one_of(
        places.map(lambda at: name[:at] + name[at + 1 :]),
        places.map(lambda at: name[:at] + name[at] + name[at:]),
        places.map(lambda at: name[:at] + name[at + 1] + name[at] + name[at + 2 :]),
    )


LONG = [name for name in names() if len(name.rpartition(".")[2]) > 4]


@given(st.data(), st.sampled_from(LONG))
def test_a_mistyped_key_is_told_the_right_one(data: st.DataObject, name: str) -> None:
    table, _, key = name.rpartition(".")
    wrong = data.draw(mistyped(key))
    if wrong in {one.rpartition(".")[2] for one in names()}:
        return
    said = complaint(setting(f"{table}.{wrong}" if table else wrong, "1"))
    if table == "policy":
        assert wrong in said
    else:
        assert f"unknown key {table + '.' if table else ''}{wrong}" in said
        assert f"did you mean {name}" in said


VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=4,
)


def as_toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_toml(k)} = {as_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, str):
        escaped = "".join(f"\\U{ord(one):08x}" for one in value if not 0xD800 <= ord(one) < 0xE000)
        return f'"{escaped}"'
    return repr(value)


def taken(text: str) -> Config | str:
    """The configuration, or the complaint."""
    try:
        return parse(text)
    except ConfigError as error:
        return str(error)


@given(st.sampled_from([*names(), "policy", "midi", "footswitch.idle"]), VALUES)
def test_any_value_is_taken_or_refused_in_one_line(name: str, value: Any) -> None:
    text = ".".join(f'"{part}"' for part in name.split(".")) + f" = {as_toml(value)}"
    config = taken(text)
    if isinstance(config, str):
        assert "\n" not in config
    else:
        assert isinstance(config.make_policy().name, str)
        config.timing(), config.switches(), config.oled()


@given(st.text(max_size=60))
def test_any_text_is_a_configuration_or_a_complaint(text: str) -> None:
    assert taken(text)


def test_the_embedders_are_those_that_there_are() -> None:
    with pytest.raises(ModelError) as raised:
        make_embedder("none such")
    known = str(raised.value).partition("there is ")[2]
    assert known.split(", ") == sorted(map(str, ONE_OF["uploads.embedder"]))
    assert EMBEDDER in known


# -- what becomes of it --------------------------------------------------------------------------


def test_without_any_setting_everything_is_as_it_is_elsewhere() -> None:
    config = Config()
    assert config.settings(3, 600, 7) == Settings(3, ahead=600, lead=7)
    assert config.switches() == SwitchSettings()
    assert config.oled() == OledSettings()
    assert config.timing() == Timing()
    assert config.foot().table == DEFAULT
    assert config.endpoint() is None
    assert config.make_policy() == Groove()


def test_settings_reach_what_they_are_about(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("s3cret\n")
    config = parse(
        "tempo = 90\n"
        "[policy]\nname = 'graph'\nsteps = 3\n"
        "[warmup]\nloops = 2\nvary = 0\npatience = 5\n"
        "[dynamics]\nfollow = 1\n"
        "[midi]\nsecond_channel = 2\n"
        "[footswitch]\nsources = ['gpio', 'usb']\nlock = true\nhold_s = 0.8\nusb_key = 48\n"
        "gpio_pin = 22\npedal = 'note36'\npedal_channel = 3\n"
        "[footswitch.idle]\ntap = ''\n"
        "[screen]\ndriver = 'none'\n"
        f"[copilot]\nbase_url = 'http://localhost/v1'\nmodel = 'm'\nkey_file = '{key}'\n"
    )
    settings = config.settings(1, 2, 3)
    assert (settings.bpm, settings.warmup_loops, settings.vary, settings.patience) == (90, 2, 0, 5)
    assert (settings.dynamics.follow, settings.second_channel) == (1.0, 2)
    policy: Any = config.make_policy()
    assert (policy.name, policy.steps) == ("graph", 3)
    switches = config.switches()
    assert switches.sources == ("gpio", "usb")
    assert (switches.gpio.pin, switches.usb.key) == (22, 48)
    trigger = switches.trigger
    assert (trigger.kind, trigger.number, trigger.channel) == ("note", 36, 3)
    assert config.timing().hold == 800_000_000
    assert config.foot().lock
    assert "tap" not in config.foot().table["idle"]
    assert config.oled() is None
    endpoint = config.endpoint()
    assert endpoint is not None
    assert (endpoint.url, endpoint.model, endpoint.key) == ("http://localhost/v1", "m", "s3cret")


@pytest.mark.parametrize("content", [None, b"", b"two\nlines", b"\xff\xfe", "schlüssel".encode()])
def test_a_key_file_that_cannot_be_used(tmp_path: Path, content: bytes | None) -> None:
    key = tmp_path / "key"
    if content is not None:
        key.write_bytes(content)
    text = f"[copilot]\nbase_url = 'http://x'\nmodel = 'm'\nkey_file = '{key}'\n"
    with pytest.raises(ConfigError, match=r"copilot\.key_file") as raised:
        parse(text).endpoint()
    assert "lines" not in str(raised.value)


def test_a_policy_may_be_one_string() -> None:
    policy: Any = parse("policy = 'groove:adventure=0.7,leash=0.4'").make_policy()
    assert (policy.adventure, policy.leash) == (0.7, 0.4)


def test_files_that_are_none(tmp_path: Path) -> None:
    for path, wanted in ((tmp_path / "none.toml", "no such file"), (tmp_path, "cannot be read")):
        with pytest.raises(ConfigError, match=wanted) as raised:
            read_config(path)
        assert str(path) in str(raised.value)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "bytes.toml")
