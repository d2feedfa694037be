"""How import and bundles stand damage: each mutant gives a result or one clear line."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.bench.fuzz.bundles import DamagedBundles
from appliance.bench.fuzz.midi import Mutants
from appliance.bench.fuzz.trials import Trial, run_trials
from corpus import demo
from corpus.building.build import BuildSettings, build_bundle

SEED = 2


@dataclass(frozen=True)
class Amount:
    """How many mutants: files that are read, files that go all the way in, and bundles."""

    files: int = 10_000
    imports: int = 1_000
    bundles: int = 1_000


def fuzz_figures(amount: Amount = Amount()) -> dict[str, Any]:
    """What became of them: ways to end, crashes, hangs, the slowest (s), peak memory (MB)."""
    return {
        "midi_files": _of(Mutants(SEED), amount.files),
        "midi_imports": _of(Mutants(SEED, whole=True), amount.imports),
        "bundles": _bundles(amount.bundles),
    }


def _bundles(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="smartlooper-fuzz-") as folder:
        whole, scratch = Path(folder, "whole"), Path(folder, "b")
        build_bundle(demo.recordings()[:2], whole, BuildSettings("pitch-histogram"))
        return _of(DamagedBundles(whole, scratch, SEED), count)


def _of(trial: Trial, count: int) -> dict[str, Any]:
    return {"mutants": count} | run_trials(trial, count).figures()
