"""The page about bundles says what bundles hold."""

from pathlib import Path

from corpus.keeping.bundle import ARRAYS
from corpus.keeping.columns import COLUMNS

PAGE = (Path(__file__).parents[2] / "corpus" / "README.md").read_text(encoding="utf-8")


def test_every_column_is_documented_with_its_unit_and_meaning() -> None:
    for name, _, unit, meaning in COLUMNS:
        (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
        assert f"| {unit} | {meaning} |" in line


def test_every_file_is_documented() -> None:
    for name in ARRAYS:
        assert f"| `{name}.npy` |" in PAGE
