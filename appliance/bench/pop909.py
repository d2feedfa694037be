"""Where the songs are that much is measured with."""

from pathlib import Path

SONGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "pop909"
"""POP909 (Wang et al., ISMIR 2020), beside the checkout where nothing else is said."""
