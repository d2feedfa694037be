import time
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
from support.music import phrase

from appliance.bench.embed_costs import WORKERS, embed_costs
from appliance.errors import RuntimeFaultError
from models.embedder import Vectors
from models.errors import ModelError
from models.notes import Phrase

PHRASES = [phrase(root) for root in range(30, 36)]
PAUSE, BALLAST = 0.02, 64 * 1024 * 1024  # seconds a phrase, bytes


class Slow:
    """Takes at least PAUSE for each phrase, and holds `ballast` bytes."""

    name, dimension, sha256 = "slow", 1, "0"

    def __init__(self, ballast: int) -> None:
        self.ballast = np.ones(ballast, np.uint8)

    def embed(self, phrases: Sequence[Phrase]) -> Vectors:
        time.sleep(PAUSE * len(phrases))
        return np.ones((len(phrases), 1), np.float32)


def broken() -> Slow:
    raise ModelError("no such model")


def test_time_and_memory_are_those_of_the_embedder() -> None:
    cheap, dear = (embed_costs(partial(Slow, size), PHRASES) for size in (0, BALLAST))
    assert dear["slow_ms"] >= dear["one_ms"] >= 1e3 * PAUSE
    assert 0 < dear["per_second"] <= WORKERS / PAUSE
    assert dear["memory_mb"] - cheap["memory_mb"] > 0.9 * BALLAST / 1e6
    assert 0 < cheap["memory_mb"] < 500


def test_a_process_that_fails_is_said_to_have_failed(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeFaultError, match="ended early"):
        embed_costs(broken, PHRASES)
    assert "no such model" in capfd.readouterr().err
