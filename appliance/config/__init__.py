"""The configuration of a box."""

from appliance.config.keys import EMBEDDER, NEW, Config
from appliance.config.limits import LIMITS, MOVED, ONE_OF
from appliance.config.reading import CONFIG, names, parse, read_config

__all__ = [
    "CONFIG",
    "EMBEDDER",
    "LIMITS",
    "MOVED",
    "NEW",
    "ONE_OF",
    "Config",
    "names",
    "parse",
    "read_config",
]
