"""What stands of what was said to the loop, in a line: "F minor, no bass, 92"."""

from collections.abc import Iterator

from appliance.copilot.loop import State


def in_brief(state: State) -> str:
    """What binds the groove as it goes on, the key first; empty where nothing does."""
    return ", ".join(_parts(state))


def _parts(state: State) -> Iterator[str]:
    table, wishes, locks = state.table, state.wishes, state.table.locks
    key = wishes.key or (str(table["key"].measured) if "key" in locks else "")
    if key:
        yield key + _mark("key" in locks)
    yield from (f"no {layer}" for layer in wishes.dropped)
    if table["bpm"].target is not None or "bpm" in locks:
        yield f"{state.bpm:.0f}" + _mark("bpm" in locks)
    for layer, level in wishes.dynamics:
        yield f"{layer or 'level'} {level:.0f}"
    yield from (effect for effect, _, _ in wishes.effects)
    yield from (f"{name}{_mark(True)}" for name in sorted(locks - {"key", "bpm"}))


def _mark(locked: bool) -> str:
    return " locked" if locked else ""
