"""The attribute table: what the music should be, what it is, and what may not change.

One row an attribute. A target is a wish; only the analyser writes `measured`; only the user sets
a lock. A row of scope "standing" binds the groove as it goes on by itself; one of scope "loop"
belongs to the loop it was set on.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType

STANDING, LOOP = "standing", "loop"
USER = "user"

Value = float | str | tuple[str, ...] | None


@dataclass(frozen=True)
class Attribute:
    """What is known of one kind of attribute.

    `tolerance` is in the attribute's unit, or a share of the target where `relative`; attributes
    without one are compared for equality. `standing` ones bind the groove once they are set.
    """

    name: str
    unit: str
    meaning: str
    tolerance: float = 0.0
    relative: bool = False
    standing: bool = False


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("bpm", "BPM", "tempo of the transport", 0.01, relative=True, standing=True),
    Attribute("key", "", "tonic and mode", standing=True),
    Attribute("mode", "", "major or minor", standing=True),
    Attribute("time_signature", "beats a bar", "length of the bar", standing=True),
    Attribute("length", "beats", "length of the loop"),
    Attribute("density", "strokes a beat", "distinct onsets a beat", 0.25, relative=True),
    Attribute("register", "MIDI number", "mean pitch", 4.0),
    Attribute("dynamics", "1..127", "mean velocity", 3.0, standing=True),
    Attribute("articulation", "ratio", "sounding time to the next onset", 0.3, relative=True),
    Attribute("swing", "ratio", "long to short of eighth pairs", 0.2),
    Attribute("feel", "", "straight, ternary or swung"),
    Attribute("style", "", "style words asked for"),
    Attribute("mood", "", "mood words asked for"),
    Attribute("layers", "", "voices that sound"),
    Attribute("sources", "", "segments that the notes come from"),
    Attribute("effects", "", "effects that are on", standing=True),
)
NAMES = tuple(attribute.name for attribute in ATTRIBUTES)
_KNOWN = {attribute.name: attribute for attribute in ATTRIBUTES}


def attribute_of(name: str) -> Attribute:
    """What is known of a row; "dynamics.bass" is a row of the attribute dynamics."""
    known = _KNOWN.get(name.partition(".")[0])
    return known or Attribute(name, "", "the notes of a layer")


@dataclass(frozen=True)
class Row:
    """One attribute now; `numbers` is what a word was translated into."""

    target: Value = None
    measured: Value = None
    tolerance: float = 0.0
    scope: str = LOOP
    locked: bool = False
    set_by: str = ""
    round: int = 0
    numbers: tuple[tuple[str, float], ...] = ()

    def holds(self, relative: bool) -> bool:
        """Whether what is measured is the target, as nearly as the tolerance asks."""
        if self.target is None or self.measured is None:
            return True  # a layer that does not sound is not too loud
        if isinstance(self.target, float | int) and isinstance(self.measured, float | int):
            room = self.tolerance * (abs(self.target) if relative else 1.0)
            return abs(self.measured - self.target) <= room + 1e-9
        return self.target == self.measured


@dataclass(frozen=True)
class Table:
    """All rows by name; a value, never changed in place."""

    rows: Mapping[str, Row]

    @classmethod
    def empty(cls) -> "Table":
        return cls(MappingProxyType({a.name: Row(tolerance=a.tolerance) for a in ATTRIBUTES}))

    def __getitem__(self, name: str) -> Row:
        return self.rows.get(name) or Row(tolerance=attribute_of(name).tolerance)

    def with_row(self, name: str, **changes: object) -> "Table":
        row = replace(self[name], **changes)  # type: ignore[arg-type]
        return Table(MappingProxyType({**self.rows, name: row}))

    def wished(
        self, name: str, target: Value, number: int, numbers: Mapping[str, float] | None = None
    ) -> "Table":
        """The user wants this; standing where the attribute is of that kind."""
        scope = STANDING if attribute_of(name).standing else LOOP
        given = tuple(sorted((numbers or {}).items()))
        return self.with_row(
            name, target=target, scope=scope, set_by=USER, round=number, numbers=given
        )

    def measured(self, values: Mapping[str, Value]) -> "Table":
        """The analyser's word; rows of layers that are gone have no measurement."""
        rows = {name: replace(row, measured=values.get(name)) for name, row in self.rows.items()}
        return Table(MappingProxyType(rows))

    def locked(self, name: str, locked: bool, number: int) -> "Table":
        """A lock makes what is measured the target; opening it leaves a wish as it was."""
        row = self[name]
        target = row.measured if locked and row.target is None else row.target
        scope = STANDING if locked or attribute_of(name).standing else LOOP
        if not locked and row.set_by == "lock":
            target = None
        set_by = row.set_by or "lock" if locked else ("" if row.set_by == "lock" else row.set_by)
        return self.with_row(
            name, locked=locked, target=target, scope=scope, set_by=set_by, round=number
        )

    def faded(self) -> "Table":
        """As the groove moves on: what belonged to the loop is no longer asked for."""
        rows = {
            name: row if row.scope == STANDING else replace(row, target=None, set_by="", numbers=())
            for name, row in self.rows.items()
        }
        return Table(MappingProxyType(rows))

    @property
    def is_free(self) -> bool:
        """Nothing is asked for, and nothing locked; a tempo binds no choice of notes."""
        return not any(
            row.locked or (row.target is not None and name != "bpm")
            for name, row in self.rows.items()
        )

    @property
    def locks(self) -> frozenset[str]:
        return frozenset(name for name, row in self.rows.items() if row.locked)

    def drifted(self, standing_only: bool = False) -> tuple[str, ...]:
        """The attributes whose measurement is out of tolerance."""
        return tuple(
            name
            for name, row in self.rows.items()
            if not (standing_only and row.scope != STANDING)
            and not row.holds(attribute_of(name).relative)
        )

    def to_json(self) -> str:
        return json.dumps({name: asdict(row) for name, row in sorted(self.rows.items())})

    @classmethod
    def from_json(cls, text: str) -> "Table":
        """What `to_json` wrote; ValueError or KeyError for anything else."""
        rows = {}
        for name, said in json.loads(text).items():
            said["numbers"] = tuple((key, value) for key, value in said["numbers"])
            for field in ("target", "measured"):
                if isinstance(said[field], list):
                    said[field] = tuple(said[field])
            rows[name] = Row(**said)
        return cls(MappingProxyType(rows))
