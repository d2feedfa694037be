"""Slow work that the session asked for: handed over, and back as events."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.copilot.conductor import conduct
from appliance.copilot.model import Endpoint
from appliance.events import (
    CompareSeed,
    Conduct,
    Conducted,
    EmbedPlayer,
    Event,
    PlayerEmbedded,
    SeedCompared,
)
from appliance.jobs import Done, Jobs, compare_seed, embed_player, hold_bundle
from corpus.keeping.bundle import Bundle

SEED, PLAYER, TALK, FOLDER, HOLD = "seed", "player", "talk", "folder", "hold"

Errand = CompareSeed | EmbedPlayer | Conduct


class Errands:
    """Sends what is asked to workers. One thread.

    A language model may take seconds to answer, and a seed must not wait behind it: `more` makes
    another worker, when the first such question comes. `say` gets a line for what fails and nobody
    waits for.
    """

    def __init__(
        self,
        jobs: Jobs,
        say: Callable[[str], None],
        endpoint: Endpoint | None = None,
        more: Callable[[], Jobs] | None = None,
    ) -> None:
        self._jobs = jobs
        self._say = say
        self.endpoint = endpoint
        self._more = more
        self._talk: Jobs | None = None
        self._handed = 0
        self._folders: dict[str, Path] = {}  # that are being finished

    def send(self, errand: Errand) -> None:
        match errand:
            case CompareSeed(take, phrase, bundle, sha256):
                self._jobs.submit(f"{SEED} {take}", compare_seed, bundle, phrase, sha256)
            case EmbedPlayer(number, phrase, bundle, sha256):
                self._jobs.submit(f"{PLAYER} {number}", embed_player, bundle, phrase, sha256)
            case Conduct(number, text, situation, table):
                asked = (text, situation, table, self.endpoint)
                self._talkers().submit(f"{TALK} {number}", conduct, *asked)

    def hold(self, bundle: Bundle) -> None:
        """Have the worker keep it open: another of its name may take its place on the disk."""
        self._jobs.submit(self._tag(HOLD), hold_bundle, bundle.path, bundle.sha256)

    def finish(self, function: Callable[[Path], Any], folder: Path) -> None:
        """Work on a folder, from which nothing comes back."""
        tag = self._tag(FOLDER)
        self._folders[tag] = folder
        self._jobs.submit(tag, function, folder)

    def finished(self, now: int) -> list[Event]:
        done = self._jobs.finished()
        if self._talk is not None:
            done += self._talk.finished()
        return [event for one in done for event in self._event(now, one)]

    def close(self, patience_s: float | None = None) -> list[Path]:
        """Wait for what was handed over, as long as that at most (None: however long it takes), but
        not for the language model; gives the folders that are not finished then."""
        if self._talk is not None:
            self._talk.abandon()
        left = self._jobs.close(patience_s)
        return [self._folders[tag] for tag in left if tag in self._folders]

    def _tag(self, what: str) -> str:
        self._handed += 1
        return f"{what} {self._handed}"

    def _talkers(self) -> Jobs:
        if self._more is None:
            return self._jobs
        if self._talk is None:
            self._talk = self._more()
        return self._talk

    def _event(self, now: int, done: Done) -> list[Event]:
        what, _, number = done.tag.partition(" ")
        match what:
            case "seed":
                return [SeedCompared(now, int(number), done.result, done.fault)]
            case "player":
                return [PlayerEmbedded(now, int(number), done.result, done.fault)]
            case "talk":
                return [Conducted(now, int(number), done.result, done.fault)]
        self._folders.pop(done.tag, None)
        if done.fault:
            self._say(f"{'corpus' if what == HOLD else 'session folder'}: {done.fault}")
        return []
