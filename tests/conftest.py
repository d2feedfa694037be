"""Fixtures for every room."""

from pathlib import Path

import pytest
from support.music import make_bundle

from corpus.keeping.bundle import Bundle

pytest_plugins = ["support.jack"]

POP909 = Path(__file__).parents[2] / "shared" / "data" / "pop909"


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A small corpus; tests must not write to it."""
    return make_bundle(tmp_path_factory.mktemp("corpus") / "small")


@pytest.fixture(scope="session")
def pop909() -> Path:
    """Real performances; not part of the project."""
    if not POP909.is_dir():
        pytest.skip(f"no POP909 data beside the project ({POP909})")
    return POP909
