"""What can be set about a policy: `NAME:key=value,key=value` on the command line."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields
from typing import Any

from appliance.errors import ConfigError

Options = Mapping[str, float | str]


def option(default: float | None, low: float, high: float, whole: bool | None = None) -> Any:
    """A field of a policy that can be set, with its limits; whole numbers where the default is."""
    whole = isinstance(default, int) if whole is None else whole
    return field(default=default, metadata={"low": low, "high": high, "whole": whole})


def text_option(default: str, names: str) -> Any:
    """A field that takes words; `names` says what they are."""
    return field(default=default, metadata={"text": names})


def split(text: str) -> tuple[str, dict[str, float | str]]:
    """A policy's name and its options; what has no `=` is the option "" (a file, or a journey)."""
    name, _, rest = text.partition(":")
    if not rest:
        return name.strip(), {}
    if "=" not in rest:
        return name.strip(), {"": rest.strip()}
    pairs = [pair.partition("=") for pair in rest.split(",")]
    return name.strip(), {key.strip(): value.strip() for key, _, value in pairs}


def checked(name: str, kind: Any, options: Options) -> dict[str, Any]:
    """Keyword arguments for a policy; ConfigError says what is allowed."""
    in_order = sorted(fields(kind), key=lambda one: one.kw_only is True)
    known: dict[str, Field[Any]] = {one.name: one for one in in_order if one.metadata}
    texts = [key for key, one in known.items() if "text" in one.metadata]
    arguments: dict[str, Any] = {}
    for key, value in options.items():
        key = texts[0] if key == "" and texts else key
        if key not in known:
            allowed = ", ".join(known) or "nothing"
            raise ConfigError(f"policy {name}: no option {key!r}; there is {allowed}")
        arguments[key] = _value(name, key, value, known[key].metadata)
    for key in texts:
        if key not in arguments and known[key].default in (MISSING, ""):
            raise ConfigError(f"policy {name}: give it {known[key].metadata['text']}")
    return arguments


def _value(name: str, key: str, value: float | str, limits: Mapping[str, Any]) -> Any:
    if "text" in limits:
        return str(value)
    low, high, whole = limits["low"], limits["high"], limits["whole"]
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not low <= number <= high or (whole and number % 1):
        kind = "a whole number" if whole else "a number"
        raise ConfigError(f"policy {name}: {key} = {value}: {kind} from {low:g} to {high:g}")
    return int(number) if whole else number
