"""The columns of a bundle's segments: the one table that writing, checking and the pages read."""

from corpus.describe import DESCRIPTORS

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
