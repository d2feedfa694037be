"""What goes into the session (events) and what comes out of it (effects).

Every time is in nanoseconds of the monotonic clock. These are plain values: nothing here does
anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, NamedTuple

from appliance.copilot.answers import Answer
from appliance.copilot.situation import Situation
from appliance.policies.facts import Facts
from appliance.seed import Seed
from corpus.keeping.bundle import Bundle
from corpus.neighbours import Neighbours
from models.embedder import Vectors
from models.notes import Phrase

State = Literal["idle", "recording", "warmup", "groove", "ending"]

Farewell = Literal["", "stopped", "stopping", "unplug"]
"""The service has ended; the machine shuts down; it has."""

RollNote = tuple[float, float, int]
"""Onset and length in beats, and pitch."""


@dataclass(frozen=True)
class Tick:
    """Time is `at`."""

    at: int


@dataclass(frozen=True)
class Tap:
    """The footswitch went down."""

    at: int


@dataclass(frozen=True)
class Command:
    """A wish by name.

    While idle: record, recent (the last bars just played become the seed), replay (the last seed
    again), shutdown. While recording: loop, over (start over), discard, withdraw. While it plays:
    stop (at once), end (after this loop), coda (and a last downbeat), home (back to the seed, and
    end), hold, next, back, cancel (what is pending), tempo (BPM), transpose (semitones), withdraw.
    Always: mark (this moment, with `text` if any).

    `withdraw` takes back what a tap at `at` began, since it turned out to be more than a tap.
    """

    at: int
    verb: str
    value: float | None = None
    text: str = ""


@dataclass(frozen=True)
class MidiIn:
    """The pianist played; `data` is one MIDI message. What a `second` keyboard sent steers, and is
    not music."""

    at: int
    data: bytes
    second: bool = False


class Outcome(Enum):
    """What became of a message that was sent to the player."""

    SENT = "sent"
    STALE = "stale"
    YIELDED = "yielded"
    CANCELLED = "cancelled"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    RANGE = "range"
    POLYPHONY = "polyphony"
    ENDED = "ended"


@dataclass(frozen=True)
class Reported:
    """The player is done with message `seq`, which left `late` ns after its time."""

    at: int
    seq: int
    outcome: Outcome
    late: int = 0


@dataclass(frozen=True, eq=False)
class SeedFound:
    """The nearest segments to a seed, and its vectors in twelve keys (see in_twelve_keys)."""

    nearest: Neighbours
    vectors: Vectors


@dataclass(frozen=True)
class SeedCompared:
    """What is like the seed that comparison `take` asked about, or the reason why it is not
    known."""

    at: int
    take: int
    found: SeedFound | None
    fault: str = ""


@dataclass(frozen=True, eq=False)
class PlayerEmbedded:
    """The vectors in twelve keys of what EmbedPlayer `number` asked about, or why there are
    none."""

    at: int
    number: int
    vectors: Vectors | None
    fault: str = ""


@dataclass(frozen=True)
class Warned:
    """Something is wrong with the box, in words for the screen; empty when all is well again."""

    at: int
    text: str


@dataclass(frozen=True)
class PlayerRestarted:
    """The player died and another took its place: what was on its way is lost."""

    at: int


@dataclass(frozen=True, eq=False)
class CorpusOpened:
    """Another corpus, made ready by a slow job: it is played from the next take on."""

    at: int
    bundle: Bundle
    facts: Facts


@dataclass(frozen=True)
class Said:
    """Somebody spoke to the loop; Heard of that number answers."""

    at: int
    number: int
    text: str


@dataclass(frozen=True)
class Conducted:
    """What the conductor made of request `number`; None where it failed, and why."""

    at: int
    number: int
    answer: Answer | None
    fault: str = ""


Event = (
    PlayerRestarted
    | Said
    | Conducted
    | CorpusOpened
    | Tick
    | Tap
    | Command
    | MidiIn
    | Reported
    | SeedCompared
    | PlayerEmbedded
    | Warned
)


class Timed(NamedTuple):
    """One message for the player; a note's on and off share the id `note`, which is 0 otherwise."""

    due: int
    seq: int
    note: int
    data: bytes


@dataclass(frozen=True)
class Send:
    """Hand these to the player."""

    messages: tuple[Timed, ...]


@dataclass(frozen=True)
class Pulse:
    """MIDI clock for whoever follows us."""

    messages: tuple[Timed, ...]


@dataclass(frozen=True)
class Cancel:
    """Forget what is due later than `after`."""

    after: int


@dataclass(frozen=True)
class CompareSeed:
    """Find the nearest segments of `bundle` to this phrase, slowly, and come back with
    SeedCompared. `take` is a number that no other comparison has. Another bundle may be at that
    place by then: it is the one of this SHA-256 that is meant."""

    take: int
    phrase: Phrase
    bundle: Path
    sha256: str


@dataclass(frozen=True)
class EmbedPlayer:
    """Embed what the player played, slowly, and come back with PlayerEmbedded of that number; by
    the embedder that made `bundle`, which bears this SHA-256."""

    number: int
    phrase: Phrase
    bundle: Path
    sha256: str


@dataclass(frozen=True)
class BeginTake:
    """Open a session folder."""


@dataclass(frozen=True)
class KeepSeed:
    """Write the seed, whose first tap stands at beat `offset` of the session, and a summary that
    stands until the end comes, or a power cut does."""

    seed: Seed
    offset: float
    summary: dict[str, Any]


@dataclass(frozen=True)
class DropSeed:
    """The take is being recorded still: forget what was kept and written since KeepSeed, that
    included."""


@dataclass(frozen=True)
class Write:
    """Append a line to `events` or `provenance` of the session folder."""

    file: Literal["events", "provenance"]
    line: dict[str, Any]


@dataclass(frozen=True)
class EndTake:
    """Close the session folder with this summary, or drop it where nothing came of the take."""

    summary: dict[str, Any] | None


@dataclass(frozen=True)
class View:
    """What a screen can know.

    `why` is about what is queued. `pending` names the latest move that has not come about: it takes
    effect in `pending_beats`, and the way home is over after `pending_loops` more.
    """

    state: State = "idle"
    corpus: str = ""
    bpm: float | None = None
    beat: int = 0
    beats: int = 0
    loop: int = 0
    current: str = ""
    queued: str = ""
    similarity: float | None = None
    hold: bool = False
    notice: str = ""
    warning: str = ""
    why: str = ""
    pending: str = ""
    pending_beats: int = 0
    pending_loops: int = 0
    bar: int = 0  # beats in one, where they are known
    seconds: float = 0.0  # of a recording so far
    roll: tuple[RollNote, ...] = ()  # what is queued, in the order of onsets
    roll_beats: float = 0.0
    missing: tuple[str, ...] = ()  # what the box has to do without, most important first
    importing: str = ""  # the upload that is being read
    progress: float = 0.0  # of that, 0 to 1
    confirm: str = ""  # what a locked hold asks to be confirmed
    farewell: Farewell = ""
    stands: str = ""  # of what was said to the loop


@dataclass(frozen=True)
class Refused:
    """What the event asked for is not done, and why, in words for the screen."""

    why: str


@dataclass(frozen=True)
class PowerOff:
    """The machine is to be shut down."""


@dataclass(frozen=True)
class Heard:
    """The answer to Said of that number, for whoever spoke: see `copilot.rounds.Done.json`."""

    number: int
    answer: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Conduct:
    """Ask the language model what this request means, slowly, and come back with Conducted of that
    number; `table` is the attribute table as JSON has it."""

    number: int
    text: str
    situation: Situation
    table: dict[str, Any]


@dataclass(frozen=True, eq=False)
class KeepRounds:
    """Write the attribute table and all rounds of the take so far to the session folder, each
    whole or not at all, in the place of what was written before."""

    table: dict[str, Any]
    rounds: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Show:
    """Draw this."""

    view: View


Effect = (
    Send
    | Pulse
    | Cancel
    | CompareSeed
    | EmbedPlayer
    | BeginTake
    | KeepSeed
    | DropSeed
    | Write
    | EndTake
    | Refused
    | PowerOff
    | Heard
    | Conduct
    | KeepRounds
    | Show
)
