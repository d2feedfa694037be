"""Takes the bounces out of a switch: contacts that meet close and open several times first."""

from collections.abc import Callable, Iterable

from firmware.switch import Edge, Switch

SETTLE_NS = 20_000_000


class Debouncer:
    """The first edge counts, at once and at its own time; then the contact may settle.

    What it does in the `settle` nanoseconds after an edge that counted is not told, but if it comes
    to rest where it was before, that is told as an edge at their end. So edges that are told
    alternate, lie `settle` apart, and end where the contact did. Nothing here has a clock.
    """

    def __init__(self, settle: int = SETTLE_NS, pressed: bool = False) -> None:
        self._settle = settle
        self._told = self._is = pressed
        self._quiet_from: int | None = None  # None: long ago

    @property
    def next_time(self) -> int | None:
        """When `settled` will have an edge to tell, if none comes in before."""
        return None if self._told == self._is else self._quiet_from

    def edge(self, ns: int, pressed: bool) -> list[Edge]:
        """The contact closed or opened at `ns`; the edges to be told by then."""
        found = self.settled(ns)
        self._is = pressed
        if self._quiet_from is None or ns >= self._quiet_from:
            found += self._tell(ns)
        return found

    def settled(self, now: int) -> list[Edge]:
        """It is `now`, and no edge came since the last."""
        if self._quiet_from is None or now < self._quiet_from:
            return []
        return self._tell(self._quiet_from)

    def _tell(self, ns: int) -> list[Edge]:
        if self._told == self._is:
            return []
        self._told, self._quiet_from = self._is, ns + self._settle
        return [Edge(ns, self._told)]


class Debounced:
    """A switch without its bounces; itself one."""

    def __init__(self, switch: Switch, now: Callable[[], int], settle: int = SETTLE_NS) -> None:
        self._switch = switch
        self._now = now
        self._debouncer = Debouncer(settle)

    @property
    def fault(self) -> str:
        return self._switch.fault

    def edges(self) -> list[Edge]:
        """To be asked again soon: a contact that has settled rings no bell."""
        found = _all(self._debouncer.edge(*edge) for edge in self._switch.edges())
        return found + self._debouncer.settled(self._now())

    def fileno(self) -> int | None:
        return self._switch.fileno()

    def close(self) -> None:
        self._switch.close()


def _all(lists: Iterable[list[Edge]]) -> list[Edge]:
    return [edge for found in lists for edge in found]
