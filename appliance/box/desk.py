"""Answers programs that talk to the box, without ever keeping the music waiting."""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from appliance.box.methods import Method, UnknownMethodError, check, described
from appliance.box.status import in_short
from appliance.box.stock import Stock
from appliance.control import rpc
from appliance.control.server import ControlServer, Request
from appliance.errors import ApplianceError, ConfigError
from appliance.events import Effect, Refused, View

MOST_A_TURN = 16
"""Requests that are answered in one turn of the box; the others wait for the next, which comes at
once. Of those that set the loop thinking, a turn takes one."""

TELL_NS = 50_000_000  # between two messages to whoever watches
MOST_CHATS = 32  # that wait for their answer


class Served(Protocol):
    """The box, as far as the desk needs it."""

    def obey(self, verb: str, value: float | None, text: str) -> list[Effect]:
        """Let the session take a command at once; what came of it has been carried out."""
        ...

    @property
    def notices(self) -> int:
        """How many there were so far; `look` has the latest."""
        ...

    def say(self, number: int, text: str) -> object:
        """Say something to the loop; `Desk.heard` of that number answers, now or later."""
        ...

    def look(self) -> View:
        """What the screen would show now."""
        ...

    def status(self) -> dict[str, Any]:
        """How things are, for a program."""
        ...

    def picture(self) -> dict[str, Any]:
        """All that a watcher sees."""
        ...

    def table(self) -> dict[str, Any]:
        """The attribute table."""
        ...


class Desk:
    """Takes requests from a server at the turns of its box. Without a server it does nothing."""

    def __init__(
        self,
        server: ControlServer | None,
        box: Served,
        stock: Stock,
        say: Callable[[str], None],
    ) -> None:
        self._server = server
        self._box = box
        self._stock = stock
        self._say = say
        self._waiting: deque[Request] = deque()
        self._chats: dict[int, Request] = {}
        self._last_chat = 0
        self._told: dict[str, Any] = {}
        self._next_telling = 0
        self._questions: dict[str, Callable[[], Any]] = {
            "status": box.status,
            "corpora": stock.names,
            "table": box.table,
            "methods": described,
        }

    @property
    def is_busy(self) -> bool:
        """Requests wait that were left for the next turn."""
        return bool(self._waiting)

    def handles(self) -> list[int]:
        return [] if self._server is None else [self._server.fileno()]

    def turn(self) -> None:
        """Answer what was asked."""
        if self._server is None:
            return
        self._waiting.extend(self._server.requests())
        for _ in range(min(MOST_A_TURN, len(self._waiting))):
            request = self._waiting.popleft()
            self._serve(self._server, request)
            if request.call.method == "chat":
                break

    def tell(self, now: int) -> None:
        """Tell whoever watches of a change."""
        if self._server is None or now < self._next_telling or not self._server.watched:
            return
        self._next_telling = now + TELL_NS
        picture = self._box.picture()
        if picture != self._told:
            self._told = picture
            self._server.publish("view", picture)

    def heard(self, number: int, answer: dict[str, Any]) -> None:
        """The answer to what somebody said."""
        request = self._chats.pop(number, None)
        if request is not None and self._server is not None:
            self._server.answer(request, answer)

    def close(self) -> None:
        """Nobody is left without an answer."""
        if self._server is None:
            return
        left = [*self._chats.values(), *self._waiting, *self._server.requests()]
        for request in left:
            self._server.refuse(request, rpc.REFUSED, "the box is stopping")
        self._chats.clear()
        self._waiting.clear()
        self._server.close()
        self._server = None

    # -- one request ------------------------------------------------------------------------------

    def _serve(self, server: ControlServer, request: Request) -> None:
        try:
            method = check(request.call.method, request.call.params)
        except UnknownMethodError as error:
            return server.refuse(request, rpc.NO_METHOD, str(error))
        except ConfigError as error:
            return server.refuse(request, rpc.BAD_PARAMS, str(error))
        try:
            return self._do(server, request, method)
        except ApplianceError as error:
            return server.refuse(request, rpc.REFUSED, str(error))
        except Exception as error:  # a fault in an answer must not end the music
            self._say(f"control: {request.call.method}: {type(error).__name__}: {error}")
            return server.refuse(request, rpc.INTERNAL, "the box could not answer; see its journal")

    def _do(self, server: ControlServer, request: Request, method: Method) -> None:
        name, params = request.call.method, request.call.params
        if name in self._questions:
            server.answer(request, self._questions[name]())
        elif name == "watch":
            server.watch(request)
            server.answer(request, self._box.picture())
        elif name == "use":
            server.answer(request, {"says": self._stock.use(params["name"])})
        elif name == "chat":
            self._chat(server, request)
        else:
            self._obey(server, request, method)

    def _obey(self, server: ControlServer, request: Request, method: Method) -> None:
        params, before = request.call.params, self._box.notices
        effects = self._box.obey(
            request.call.method, params.get(method.value), params.get(method.text, "")
        )
        refused = [effect.why for effect in effects if isinstance(effect, Refused)]
        if refused:
            return server.refuse(request, rpc.REFUSED, refused[0])
        old = {"notice": ""} if self._box.notices == before else {}  # about something else
        return server.answer(request, in_short(self._box.look()) | old)

    def _chat(self, server: ControlServer, request: Request) -> None:
        if len(self._chats) >= MOST_CHATS:
            server.refuse(request, rpc.REFUSED, "too much was said at once; ask again later")
            return
        self._last_chat += 1
        self._chats[self._last_chat] = request
        self._box.say(self._last_chat, request.call.params["text"])
