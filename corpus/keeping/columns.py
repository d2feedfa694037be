"""The columns of a bundle's segments: the tables that writing, checking and the pages read."""

from math import inf

from corpus.cutting.segment import MAX_BEATS
from corpus.hearing.describe import DESCRIPTORS, MOST_LEGATO
from corpus.hearing.swing import MOST_SWING

PLACE: tuple[tuple[str, str, str, str], ...] = (
    ("id", "<U1", "", "TRACK@BEAT, unique in the bundle"),
    ("track", "<U1", "", "the recording it was cut from"),
    ("labels", "<U1", "", "what somebody wrote about it, and its folders; separated by |"),
    ("start_beat", "<f8", "beats", "where it begins in the recording"),
    ("beats", "<f8", "beats", "length"),
    ("bar", "<f8", "beats", "bar length"),
    ("bpm", "<f8", "BPM", "mean tempo it was played at"),
    ("first_note", "<i8", "row", "its first row in notes and layers"),
    ("notes", "<i4", "notes", "how many notes"),
    ("first_pedal", "<i8", "row", "its first row in pedals"),
    ("pedals", "<i4", "events", "how many pedal events"),
    ("first_chord", "<i8", "row", "its first row in chords"),
    ("chords", "<i4", "beats", "how many chords: one a beat"),
    ("loopability", "<f4", "0..1", "how well it can be repeated; see below"),
    ("transposed", "i1", "semitones", "how far material that came pre-cut was transposed"),
    ("rotated", "<f4", "beats", "how far material that came pre-cut was rotated"),
)
"""Where a segment comes from and where its rows are."""

COLUMNS = (*PLACE, *DESCRIPTORS)
"""Name, type (texts are as long as they need to be), unit and meaning."""

TEXTS = tuple(name for name, kind, _, _ in COLUMNS if kind == "<U1")

RANGES: dict[str, tuple[float, float]] = {
    "start_beat": (-MAX_BEATS, 1e15),  # pre-cut material may count from anywhere
    "beats": (1, MAX_BEATS),
    "bar": (0.25, MAX_BEATS),
    "bpm": (1, 2000),
    "notes": (1, inf),
    "pedals": (0, inf),
    "chords": (1, MAX_BEATS),
    "loopability": (0, 1),
    "transposed": (-99, 99),
    "rotated": (-100, 100),
    "key_tonic": (0, 11),
    "key_minor": (0, 1),
    "key_confidence": (0, 1),
    "triple": (0, 1),
    "density": (0, inf),
    "onset_density": (0, inf),
    "polyphony": (0, inf),
    "low": (0, 127),
    "high": (0, 127),
    "mean_pitch": (0, 127),
    "span": (0, 127),
    "mean_velocity": (1, 127),
    "velocity_range": (0, 126),
    "articulation": (0, MOST_LEGATO),
    "pedal_share": (0, 1),
    "swing_ratio": (1 / MOST_SWING, MOST_SWING),
    "swing_confidence": (0, 1),
    "feel": (0, 2),
    "off_beat": (0, 1),
    "syncopation": (0, 1),
    "timing_spread": (0, inf),
    "harmonic_rhythm": (0, inf),
    "chord_confidence": (0, 1),
    "chromaticism": (0, 1),
}
"""The least and the most that each number can be; every float is finite besides. What points to
rows is checked against the rows, and the notes of the layers are any number that fits."""
