"""Fixtures for every room."""

import os
from pathlib import Path

import pytest
from hypothesis import settings
from support.music import make_bundle

from corpus.keeping.bundle import Bundle

pytest_plugins = ["support.jack", "support.sshd"]

# Every run of the suite tries the same examples, so that a change is blamed only for what it did,
# however slow the machine; `make explore` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1000, print_blob=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

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
