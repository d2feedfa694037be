"""The corpora that a box keeps. Whatever goes wrong with them, the music goes on."""

from collections.abc import Callable
from typing import Any, Protocol

from appliance.errors import ApplianceError, ConfigError
from appliance.events import Event


class Corpora(Protocol):
    """Takes uploads in, keeps what came of them, and opens what is to be played next."""

    @property
    def importing(self) -> str:
        """The upload that is being read; empty when none is."""
        ...

    @property
    def progress(self) -> float:
        """Of that, 0 to 1."""
        ...

    @property
    def notice(self) -> str:
        """What the screen should say of them."""
        ...

    @property
    def asking(self) -> str:
        """What a tap would do while nothing plays, in words for the screen; mostly empty."""
        ...

    def answer(self, yes: bool) -> None:
        """A tap, or another gesture, came while `asking`."""
        ...

    def turn(self, now: int, idle: bool) -> list[Event]:
        """CorpusOpened, when a corpus is ready and the instrument idle. Never blocks."""
        ...

    def use(self, name: str) -> str:
        """Go over to another corpus; says what will happen, or raises ConfigError."""
        ...

    def names(self) -> list[dict[str, Any]]:
        """Those that are kept."""
        ...

    def fileno(self) -> int | None:
        """Readable when `turn` has something to do."""
        ...

    def close(self) -> None: ...


class Stock:
    """The corpora of a box, or none; `say` gets a line when something goes wrong with them."""

    def __init__(self, corpora: Corpora | None, say: Callable[[str], None]) -> None:
        self._corpora = corpora
        self._say = say
        self._fault = ""

    @property
    def importing(self) -> str:
        return "" if self._corpora is None else self._corpora.importing

    @property
    def progress(self) -> float:
        return 0.0 if self._corpora is None else self._corpora.progress

    @property
    def notice(self) -> str:
        return "" if self._corpora is None else self._corpora.notice

    @property
    def asking(self) -> str:
        return "" if self._corpora is None else self._corpora.asking

    def answer(self, yes: bool) -> None:
        if self._corpora is not None:
            self._corpora.answer(yes)

    def turn(self, now: int, idle: bool) -> list[Event]:
        """What is ready to be played."""
        if self._corpora is None:
            return []
        try:
            events = self._corpora.turn(now, idle)
        except Exception as error:  # nothing about a corpus that does not play can end the music
            self._tell(_words(error))
            return []
        self._fault = ""
        return events

    def use(self, name: str) -> str:
        """What will happen; ConfigError where it cannot."""
        return self._kept().use(name)

    def names(self) -> list[dict[str, Any]]:
        return self._kept().names()

    def handles(self) -> list[int]:
        handle = None if self._corpora is None else self._corpora.fileno()
        return [] if handle is None else [handle]

    def close(self) -> None:
        if self._corpora is not None:
            self._corpora.close()

    def _kept(self) -> Corpora:
        if self._corpora is None:
            raise ConfigError("this box keeps no corpora; it plays the one it was started with")
        return self._corpora

    def _tell(self, fault: str) -> None:
        """Once, however often it is met."""
        if fault != self._fault:
            self._say(f"corpora: {fault}")
        self._fault = fault


def _words(error: Exception) -> str:
    if isinstance(error, ApplianceError | OSError):
        return str(error)
    return f"{type(error).__name__}: {error}"
