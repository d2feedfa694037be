"""Where a box keeps things: under its state, or all of it under one folder."""

from dataclasses import dataclass
from pathlib import Path

from appliance.config import Config


@dataclass(frozen=True)
class Places:
    """`inbox` is None where nothing is taken; `uploads` remembers what was dealt with."""

    sessions: Path
    corpora: Path
    control: Path
    inbox: Path | None
    uploads: Path
    cache: Path


def places(config: Config, moved: Path | None = None) -> Places:
    """As configured; with `moved` (--state DIR) all of it there, the inbox too if there is one."""
    state = moved or config.state
    inbox = Path(config.uploads.inbox) if config.uploads.inbox else None
    control = config.control.socket
    if moved is not None:
        inbox, control = inbox and moved / "inbox", moved / "control.sock"
    return Places(
        state / "sessions", state / "corpora", control, inbox, state / "uploads.json",
        state / "cache",
    )  # fmt: skip
