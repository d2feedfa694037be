"""The last lines of what happened, for whoever watches from afar."""

from collections import deque

from appliance.events import View

LINES = 12


class Log:
    """Lines with minutes and seconds since `began` (ns); only the last ones are kept."""

    def __init__(self, began: int) -> None:
        self._began = began
        self._lines: deque[str] = deque(maxlen=LINES)
        self._before = View()

    @property
    def lines(self) -> list[str]:
        """Latest last."""
        return list(self._lines)

    def add(self, now: int, text: str) -> None:
        seconds = max(0, now - self._began) // 1_000_000_000
        self._lines.append(f"{seconds // 60}:{seconds % 60:02d} {text}")

    def look(self, now: int, view: View) -> None:
        """Write down what is new in a view."""
        before, self._before = self._before, view
        for text in news(before, view):
            self.add(now, text)


def news(before: View, after: View) -> list[str]:
    """What a person would want to read of the change from one view to the next."""
    said: list[str] = []
    if after.state != before.state:
        said.append(after.state)
    if after.corpus != before.corpus:
        said.append(f"corpus {after.corpus}")
    if after.current and (after.loop, after.current) != (before.loop, before.current):
        said.append(f"loop {after.loop + 1}: {after.current}")
    for name in ("warning", "notice"):
        text, was = getattr(after, name), getattr(before, name)
        if text != was and (text or name == "warning"):
            said.append(text or f"{was}: over")
    return said
