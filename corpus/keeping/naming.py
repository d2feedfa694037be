"""What a corpus on a box may be called."""

import re
from collections.abc import Callable

CURRENT = "current"
LONGEST_NAME = 64

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_OTHERS = re.compile(r"[^A-Za-z0-9._-]+")


def is_plain(name: str) -> bool:
    """Whether it is made of the letters that are allowed."""
    return _NAME.fullmatch(name) is not None


def name_for(wanted: str, taken: Callable[[str], bool] = lambda name: False) -> str:
    """A name for a corpus as near as may be to the one that a folder or file has; with a number
    behind it where that is taken."""
    name = _OTHERS.sub("-", wanted).strip("-.")[: LONGEST_NAME - 4].rstrip("-.") or "corpus"
    name = f"{name}-1" if name == CURRENT else name
    number, free = 2, name
    while taken(free):
        free, number = f"{name}-{number}", number + 1
    return free
