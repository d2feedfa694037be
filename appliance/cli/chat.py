"""smartlooper chat: talk to the loop of a running box."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance.cli.places import add_state, places_of
from appliance.control.client import ControlClient

PATIENCE_S = 30.0  # a language model may be asked twice
STATUS = "status"
PROMPT = "> "
HISTORY = 1000  # lines
GREEN, YELLOW, RED, DIM, PLAIN = "\033[32m", "\033[33m", "\033[31m", "\033[2m", "\033[0m"

Answer = dict[str, Any]


def add(commands: Any) -> None:
    parser = commands.add_parser("chat", help="talk to the loop: 'a bit calmer, drop the bass'")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="one round; none: a conversation")
    parser.add_argument("--json", action="store_true", help="one JSON object a round")
    add_state(parser)
    parser.set_defaults(run=_chat)


def _chat(arguments: argparse.Namespace) -> int:
    """0 where all was done or answered, 1 where the last round was not."""
    with ControlClient(places_of(arguments).control, PATIENCE_S) as client:
        texts: Iterable[str] = [" ".join(arguments.text)]
        if not arguments.text:
            texts = _conversation() if sys.stdin.isatty() else sys.stdin
        is_done = True
        for text in texts:
            if text.strip():
                is_done = _round(client, text.strip(), arguments.json)
    return 0 if is_done else 1


def _round(client: ControlClient, text: str, as_json: bool) -> bool:
    if text == STATUS:
        table = client.ask("table")
        lines = [json.dumps(table, ensure_ascii=False)] if as_json else table_lines(table)
        print(*lines, sep="\n", flush=True)
        return True
    answer = client.ask("chat", text=text)
    if as_json:
        print(json.dumps(answer, ensure_ascii=False), flush=True)
    else:
        print(*answer_lines(answer, sys.stdout.isatty()), sep="\n", flush=True)
    return not (answer["refuse"] or answer["ask"])


def answer_lines(answer: Answer, coloured: bool) -> list[str]:
    """What is answered to a person: green for what is done, yellow for a question, red for what is
    not done."""
    beats = answer.get("in_beats")
    later = f" (in {beats} beat{'' if beats == 1 else 's'})" if beats else ""
    parts = [
        (RED, answer["refuse"]),
        (YELLOW, answer["ask"]),
        (GREEN, (answer["say"] or "done") + later if answer["committed"] else answer["say"]),
    ]
    lines = [(colour, line) for colour, said in parts if said for line in said.splitlines()]
    return [f"{colour}{plain(line)}{PLAIN}" if coloured else plain(line) for colour, line in lines]


def table_lines(table: Answer) -> Iterator[str]:
    """The attribute table: what is measured, what is asked for, and what is locked."""
    if table["loop"] is None:
        yield "nothing plays"
        return
    yield f"loop {table['loop'] + 1}, {plain(str(table.get('source', '')))}"
    for name, row in table["attributes"].items():
        if row["measured"] is None and row["target"] is None and not row["locked"]:
            continue
        asked = f"  asked for: {_value(row['target'])}" if row["target"] is not None else ""
        stands = " (stands)" if asked and row["scope"] == "standing" else ""
        locked = "  locked" if row["locked"] else ""
        yield plain(f"{name:16}{_value(row['measured']):28}{asked}{stands}{locked}".rstrip())
    yield f"{table.get('undo', 0)} to undo, {table.get('redo', 0)} to redo"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def plain(line: str) -> str:
    """On one line, and without what would command the terminal."""
    return "".join(one if one.isprintable() else " " for one in line)


# -- at a terminal ---------------------------------------------------------------------------------


def _conversation() -> Iterator[str]:
    """Lines of a person, who has history and completion, until Ctrl-D or `quit`."""
    print(f"{DIM}say what you want, or help, status, quit{PLAIN}", flush=True)
    history = _history()
    _edit_lines(history)
    try:
        while (line := _line()) not in (None, "quit", "exit"):
            yield str(line)
    finally:
        _keep(history)


def _line() -> str | None:
    try:
        return input(PROMPT).strip()
    except EOFError:
        print()
        return None


def _history() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "smartlooper" / "chat-history"


def _edit_lines(history: Path) -> None:
    """Arrow keys, history and completion, where Python was built with them."""
    with suppress(ImportError):
        import readline

        words = known_words()

        def complete(text: str, number: int) -> str | None:
            fits = [word for word in words if word.startswith(text.lower())]
            return fits[number] + " " if number < len(fits) else None

        readline.set_completer(complete)
        readline.parse_and_bind("tab: complete")
        readline.set_history_length(HISTORY)
        with suppress(OSError):
            readline.read_history_file(history)


def _keep(history: Path) -> None:
    with suppress(ImportError, OSError):
        import readline

        history.parent.mkdir(parents=True, exist_ok=True)
        readline.write_history_file(history)


def known_words() -> list[str]:
    """What can be said, a word each, for completion."""
    from appliance.copilot.lexicon import entries  # here, since a single round does without
    from appliance.copilot.material import LAYERS
    from appliance.copilot.registry import tasks
    from appliance.copilot.table import NAMES

    said = [word for task in tasks().values() for text, _ in task.says for word in text.split()]
    words = {word.lower().strip("?.,") for word in (*said, *LAYERS, *NAMES, *entries(), "help")}
    return sorted(word for word in words if word and " " not in word)
