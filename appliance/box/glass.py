"""The screen: at most ten pictures a second, and none that matters to the music."""

from collections.abc import Callable

from appliance.events import View
from appliance.screen import draw
from firmware.display import Display
from firmware.errors import FirmwareError

FRAME_NS = 100_000_000


class Glass:
    """Shows views on a display; `say` gets a line when it begins to fail."""

    def __init__(self, display: Display, say: Callable[[str], None]) -> None:
        self._display = display
        self._say = say
        self._drawn: View | None = None
        self._next_frame = 0
        self._fault = ""

    def show(self, view: View, now: int) -> None:
        """Unless it is there already, or it is too soon: then it is to be shown again later."""
        if view != self._drawn and now >= self._next_frame:
            self._draw(view, now)
        elif self._display.fault != self._fault:
            self._tell(self._display.fault)

    def close(self, last: View, now: int) -> None:
        """With a last picture, which may stay."""
        if last != self._drawn:
            self._draw(last, now)
        try:
            self._display.close()
        except Exception as error:  # it has been the end of the music already
            self._say(_words(error))

    def _draw(self, view: View, now: int) -> None:
        self._drawn, self._next_frame = view, now + FRAME_NS
        try:
            self._display.show(draw(view), now)
        except Exception as error:  # whatever a picture does, the music goes on
            self._tell(_words(error))
        else:
            self._tell(self._display.fault)

    def _tell(self, fault: str) -> None:
        if fault and fault != self._fault:
            self._say(f"screen: {fault}")
        self._fault = fault


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, FirmwareError) else f"{type(error).__name__}: {error}"
