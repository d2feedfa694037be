"""What an importer is given to do."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Task:
    """What to import, where to, under which name, and with what."""

    upload: Path
    corpora: Path
    name: str
    embedder: str
    cache: Path

    def arguments(self) -> list[str]:
        """As the importer's command line takes it."""
        return [f"--{name}={value}" for name, value in vars(self).items()]
