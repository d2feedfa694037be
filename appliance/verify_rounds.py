"""What was said to the loop, proved from a session folder: edits made again, rounds held again."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from appliance.copilot.loop import Base, derive
from appliance.copilot.rounds import Copilot, replayed
from appliance.copilot.shelf import Shelf
from appliance.errors import ApplianceError, SessionFolderError, VerificationError
from appliance.folder import ROUNDS, TABLE, read_lines
from corpus.errors import CorpusError
from models.errors import ModelError
from models.notes import Phrase

Edits = Sequence[Mapping[str, Any]]


def parted(edits: Edits) -> tuple[Edits, Edits]:
    """What was said, which comes first, and what the course did after it."""
    said = [edit for edit in edits if isinstance(edit, Mapping) and "op" in edit]
    return said, edits[len(said) :]


def as_said(folder: Path, line: Mapping[str, Any], row: int, shelf: Shelf) -> Phrase:
    """The notes of a line of provenance after what was said, transposition included; made again,
    none of it is believed."""
    said, _ = parted(line["edits"])
    base = Base(row, line["transpose"], int(line["rotate_beats"]))
    try:
        material = derive(base, said, shelf)
    except (ApplianceError, CorpusError, ModelError) as error:
        raise VerificationError(f"{folder}: loop {line['loop']}: {error}") from error
    if len(material.notes) == 0:
        raise VerificationError(f"{folder}: loop {line['loop']}: its edits leave nothing")
    return material.phrase(shelf.bpm_of(row))


def check_rounds(folder: Path, shelf: Shelf, ended: bool) -> int:
    """How many rounds were held again, to the same state by its hash; 0 where nobody spoke.

    Where the journal did not come to its `end`, a power cut may have come between both files.
    """
    if not (folder / ROUNDS).exists() and not (folder / TABLE).exists():
        return 0
    table, (start, *log) = _table(folder), list(read_lines(folder, ROUNDS)) or [{}]
    if not ended and table["entries"] > len(log):
        return 0
    try:
        first = Copilot.start(shelf, Base(*start["start"]), float(start["bpm"]), start["seed"])
        last = replayed(first, log[: table["entries"]])
    except (ApplianceError, CorpusError, ModelError, ValueError, KeyError, TypeError) as error:
        raise VerificationError(f"{folder}: {ROUNDS} cannot be held again: {error}") from error
    if last.state.hash != table["hash"] and ended:
        raise VerificationError(f"{folder}: {ROUNDS} leads to another state than {TABLE} says")
    return sum("plan" in entry for entry in log)


def _table(folder: Path) -> dict[str, Any]:
    try:
        said = json.loads((folder / TABLE).read_text(encoding="utf-8"))
        return {"entries": int(said["entries"]), "hash": str(said["hash"])}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SessionFolderError(f"{folder}: {TABLE} is not what was written there") from error
