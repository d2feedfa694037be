"""How much of somebody's upload is looked at: settings, with defaults that no recording meets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The most that is read; what is beyond is left out and reported, never half imported.

    The defaults hold hours of playing in one file and a life's work in one upload, and keep what a
    stranger's file can take to 300 MB of memory and three seconds.
    """

    midi_bytes: int = 8_000_000
    """Bytes of one MIDI file: ten hours of dense playing, five with a pedal on the move."""
    midi_tracks: int = 1_000
    """Track chunks of one MIDI file."""
    notes: int = 1_000_000
    """Notes of one recording."""
    beats: float = 200_000.0
    """Beats of one recording; ten hours at 333 BPM."""
    zip_bytes: int = 2_000_000_000
    """Bytes of one zip as it lies on the disk."""
    zip_files: int = 20_000
    """Entries of one zip, of whatever kind."""
    zip_unpacked: int = 4_000_000_000
    """Bytes in all that the MIDI files of one zip unpack to."""
    zip_ratio: float = 200.0
    """Unpacked to packed bytes of one entry of a zip; MIDI files reach about 20."""
    folder_depth: int = 16
    """Folders inside each other, below the one that is named and inside a zip."""
    folder_files: int = 100_000
    """Files of any kind looked at below one folder."""
    sidecar_bytes: int = 5_000_000
    """Bytes of one corpus.toml or labels.csv."""


DEFAULT = Limits()
