"""A small corpus that ships with the project; `python -m corpus.demo.generate` writes it again."""

from pathlib import Path

FOLDER = Path(__file__).parent
SOLO = FOLDER / "solo.mid"
DEFAULT_SEED = FOLDER / "seeds" / "boogie.mid"


def recordings() -> list[Path]:
    """The recordings that make up the corpus, in order."""
    return sorted(FOLDER.glob("[0-9]*.mid"))
