"""The corpora of a box: what is uploaded, what is played, and the way from one to another.

Everything slow is done elsewhere: uploads by their keeper, checks in a process, opening on a thread
of low priority. What comes back is one event, when nothing plays.
"""

import select
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from appliance.box.inbox import Inbox, Made
from appliance.errors import ConfigError
from appliance.events import CorpusOpened, Event
from appliance.places import Places
from appliance.policies.facts import Facts
from appliance.uploads import checker
from appliance.uploads.background import Background
from appliance.uploads.child import Child
from corpus.errors import CorpusError
from corpus.keeping.bundle import Bundle, embedder_of, open_bundle
from corpus.keeping.library import Library

DEMO = "demo"
NOTICE_NS = 6_000_000_000
LINK_S = 0.5  # that a disk may take when the box ends

OnNew = Literal["idle", "ask", "keep"]
"""What becomes of a new corpus: played as soon as nothing plays, after a tap, or only by name."""

Say = Callable[[str], None]


class _Handle(Protocol):
    def fileno(self) -> int: ...


@dataclass(frozen=True)
class Wish:
    """A corpus to go to; one that somebody `asked` for needs no tap."""

    name: str
    asked: bool


def first_corpus(library: Library, demo: Callable[[], Bundle], say: Say) -> tuple[str, Bundle]:
    """What a box starts with, and its name: the corpus in use, or the next best one that is sound,
    or the demo corpus. `say` gets a line for each that cannot be used."""
    current = library.current()
    if current is None:
        return DEMO, demo()
    for name in (current, *(one for one in library.names() if one != current)):
        try:
            bundle = open_bundle(library.place(name), verify=True)
            embedder_of(bundle)
        except (CorpusError, OSError) as error:
            say(f"corpus {name}: {error}")
        else:
            return name, bundle
    return DEMO, demo()


def keeper(places: Places, embedder: str, quiet_s: float) -> Callable[[], Child] | None:
    """What starts the process that takes uploads; None where none are taken."""
    if places.inbox is None:
        return None
    arguments = [
        f"--inbox={places.inbox}", f"--corpora={places.corpora}", f"--known={places.uploads}",
        f"--cache={places.cache}", f"--embedder={embedder}", f"--quiet={quiet_s}",
    ]  # fmt: skip
    return lambda: Child("appliance.uploads.keeper", arguments)


class Corpora:
    """Turned by the box. `playing` names the corpus in use, `start` starts the process that takes
    uploads, `say` gets a line for the log. The demo corpus can always be gone back to.

    `notice` is for the screen. Where `asking` is not empty, it says what a tap would do while
    nothing plays: the box passes that on by `answer`.
    """

    def __init__(
        self,
        library: Library,
        playing: str,
        start: Callable[[], Child] | None,
        on_new: OnNew = "idle",
        say: Say = lambda line: None,
    ) -> None:
        self.on_new: OnNew = on_new
        self.notice = ""
        self._library = library
        self._playing = playing
        self._say = say
        self._inbox = None if start is None else Inbox(start, say)
        self._wish: Wish | None = None  # not looked at yet
        self._work: tuple[Wish, Child | Background[CorpusOpened]] | None = None
        self._ready: tuple[Wish, CorpusOpened] | None = None
        self._links: Background[None] | None = None
        self._now = 0
        self._notice_until = 0
        self._poll: select.epoll | None = select.epoll()
        self._polled: dict[int, _Handle] = {}
        self._look_for_newer()

    @property
    def importing(self) -> str:
        """The upload that is being read; empty when none is."""
        return "" if self._inbox is None else self._inbox.importing

    @property
    def progress(self) -> float:
        """Of that, 0 to 1."""
        return 0.0 if self._inbox is None else self._inbox.progress

    @property
    def asking(self) -> str:
        """What waits for a tap, in words for the screen; empty when nothing does."""
        if self._ready is None or self._ready[0].asked:
            return ""
        return f"play {self._ready[0].name}"

    def answer(self, yes: bool) -> None:
        """A tap (True) or another gesture came while `asking`. A corpus that is not wanted now can
        be had by its name."""
        if self._ready is None:
            return
        wish, opened = self._ready
        self._ready = (replace(wish, asked=True), opened) if yes else None

    def turn(self, now: int, idle: bool) -> list[Event]:
        """What happened by `now` (ns); another corpus only while the instrument is `idle`."""
        self._now = now
        if now >= self._notice_until:
            self.notice = ""
        for made in self._inbox.turn(now) if self._inbox is not None else ():
            self._take(made)
        self._go_on()
        events = self._hand_over(now) if idle else []
        self._watch()
        return events

    def use(self, name: str) -> str:
        """Go to another corpus: says what will happen. ConfigError lists those that there are."""
        there = [one["name"] for one in self.names()]
        if name not in there:
            raise ConfigError(f"no corpus {name!r} on this box; there is {', '.join(there)}")
        self._want(Wish(name, asked=True))
        return f"{name} is checked, and played from the next take on"

    def names(self) -> list[dict[str, Any]]:
        """The corpora on the box, the one last used or made first: `name`, whether it is the one in
        use (`current`), and whether it waits to be (`waiting`)."""
        found = self._library.names()
        found += [DEMO] if DEMO not in found else []
        return [
            {"name": name, "current": name == self._playing, "waiting": name == self._waiting}
            for name in found
        ]

    def fileno(self) -> int | None:
        """Readable when there is something to be turned for."""
        return None if self._poll is None else self._poll.fileno()

    def close(self) -> None:
        """Two seconds at most, whatever a child does; an import that is cut off begins again."""
        if self._poll is None:
            return
        if self._inbox is not None:
            self._inbox.close()
        self._drop_work()
        if self._links is not None:
            self._links.close(LINK_S)
        self._poll.close()
        self._poll = None

    # -- from a wish to an event ------------------------------------------------------------------

    @property
    def _waiting(self) -> str:
        for stage in (self._wish, self._work and self._work[0], self._ready and self._ready[0]):
            if stage:
                return stage.name
        return ""

    def _look_for_newer(self) -> None:
        """What was made while something else played, or just before the power went."""
        newer = self._library.newer() if self.on_new != "keep" else None
        if newer is not None and newer != self._playing:
            self._want(Wish(newer, asked=self.on_new == "idle"))

    def _take(self, made: Made) -> None:
        if made.fault:
            self._tell(f"UPLOAD FAILED: {made.upload}")
            self._say(f"upload {made.upload}: {made.fault}")
            return
        self._tell(f"NEW: {made.name}")
        self._say(f"upload {made.upload}: is the corpus {made.name} now")
        if self.on_new != "keep":
            self._want(Wish(made.name, asked=self.on_new == "idle"))

    def _want(self, wish: Wish) -> None:
        """The latest wish counts."""
        self._drop_work()
        self._wish, self._ready = wish, None

    def _go_on(self) -> None:
        """From the wish to the check, from the check to the opening, and from that to the event."""
        if self._wish is not None:
            self._start_check(self._wish)
        elif self._work is not None:
            wish, work = self._work
            if isinstance(work, Child):
                self._heed_check(wish, work)
            elif work.done:
                self._finish(wish, work)

    def _start_check(self, wish: Wish) -> None:
        self._wish = None
        try:
            self._work = wish, Child("appliance.uploads.checker", [self._place(wish.name)])
        except OSError as error:
            self._refuse(wish, str(error))

    def _heed_check(self, wish: Wish, child: Child) -> None:
        told = child.told()
        if not told and not child.ended:
            return
        self._drop_work()
        said = told[0] if told else {"fault": "it could not be checked to the end"}
        if "sound" not in said:
            self._refuse(wish, str(said.get("fault")))
            return
        place, sound = Path(said["path"]), str(said["sound"])
        self._work = wish, Background(lambda: _opened(place, sound))

    def _finish(self, wish: Wish, work: Background[CorpusOpened]) -> None:
        try:
            self._ready = wish, work.result()
        except (CorpusError, OSError) as error:
            self._refuse(wish, str(error))
        finally:
            self._drop_work()

    def _refuse(self, wish: Wish, fault: str) -> None:
        self._tell(f"NOT PLAYED: {wish.name}")
        self._say(f"corpus {wish.name}: {fault}; {self._playing} stays")

    def _hand_over(self, now: int) -> list[Event]:
        if self._ready is None or not self._ready[0].asked:
            return []
        if self._links is not None and not self._links.done:
            return []  # of the corpus before; a moment only
        (wish, opened), self._ready = self._ready, None
        self._playing = wish.name
        self._link(wish.name)
        self._say(
            f"corpus {wish.name}: {len(opened.bundle)} segments, played from the next take on"
        )
        return [replace(opened, at=now)]

    def _link(self, name: str) -> None:
        """A box that starts anew starts with it. Away from here, since a disk may take its time."""
        if self._links is not None:
            self._links.close()

        def link() -> None:
            try:
                self._library.point(name)
            except (CorpusError, OSError) as error:
                self._say(f"corpus {name}: not kept as the current one ({error})")

        self._links = Background(link)

    def _place(self, name: str) -> str:
        """As the checker takes it."""
        is_own = name == DEMO and DEMO not in self._library.names()
        return checker.DEMO if is_own else str(self._library.place(name))

    def _drop_work(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            work[1].close()

    def _tell(self, notice: str) -> None:
        self.notice, self._notice_until = notice, self._now + NOTICE_NS

    # -- waiting ----------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Wait for whoever works now."""
        if self._poll is None:
            return
        handles = {handle.fileno(): handle for handle in self._handles()}
        for number, handle in list(self._polled.items()):
            if handles.get(number) is not handle:
                del self._polled[number]
                with suppress(OSError):  # closed already, and so forgotten
                    self._poll.unregister(number)
        for number, handle in handles.items():
            if number not in self._polled:
                self._poll.register(number, select.EPOLLIN)
                self._polled[number] = handle

    def _handles(self) -> Sequence[_Handle]:
        child = None if self._inbox is None else self._inbox.child
        work = None if self._work is None else self._work[1]
        return [handle for handle in (child, work) if handle is not None]


def _opened(place: Path, sound: str) -> CorpusOpened:
    """The bundle that was checked, with its facts; BundleError where it is another one by now."""
    bundle = open_bundle(place)
    if bundle.sha256 != sound:
        raise CorpusError(f"{place}: changed while it was checked; use it again")
    return CorpusOpened(0, replace(bundle, verified=True), Facts(bundle).ready())
