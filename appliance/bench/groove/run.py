"""How good the groove is: every policy over three corpora, twenty seeds each, two hundred loops.

What a policy chooses is asked of the policy alone, which gives what whole sessions give (that is
checked here); how long beforehand a loop is decided is taken from whole sessions.
"""

import json
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.bench.groove.corpora import Material, materials
from appliance.bench.groove.figures import (
    Measured,
    Plan,
    ground_figures,
    knob_figures,
    policy_figures,
    reach_figures,
)
from appliance.bench.groove.hall import Hall, claim_figures, together
from appliance.bench.groove.measures import effect_size, rank_correlation
from appliance.bench.groove.plot import draw_pictures
from appliance.bench.groove.table import table
from appliance.bench.groove.targets import targets
from appliance.policies import POLICIES
from corpus.demo import DEFAULT_SEED
from corpus.reading.midifile import read_phrase

__all__ = ["Asked", "groove_figures", "settings", "table", "write_figures"]

SEEDS = 20
KNOBS = {"adventure": (0.0, 1.0), "leash": (0.0, 1.0)}

Figures = dict[str, Any]
Floats = NDArray[np.float64]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What to measure: the folder of POP909, the embedder, how many seeds, and with how many
    processes."""

    songs: Path
    embedder: str
    seeds: int = SEEDS
    jobs: int = 1
    plan: Plan = field(default_factory=Plan)


@dataclass(frozen=True, eq=False)
class _Work:
    """What was asked of the processes about one corpus."""

    material: Material
    ground: "Future[Figures]"
    reach: "Future[Figures]"
    policies: "dict[str, Future[Measured]]"
    knobs: "dict[str, list[Future[Figures]]]"


def groove_figures(asked: Asked, say: Say = lambda line: None) -> Figures:
    """A dictionary of plain numbers: for each corpus each policy's figures, what its knobs do, and
    under `targets` what the groove is to keep to and whether it does.

    A line to `say` after each part. The same arguments give the same figures.
    """
    found = materials(asked.songs, asked.embedder, asked.seeds, asked.jobs, say)
    figures: Figures = {
        "embedder": asked.embedder,
        "seeds": asked.seeds,
        **asdict(asked.plan),
        "corpora": {},
    }
    plan = asked.plan
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        listening = _listening(pool, found[0], asked)  # first, since it takes longest
        works = [_begin(pool, material, plan) for material in found]
        for work in works:
            say(f"{work.material.name} ...")
            figures["corpora"][work.material.name] = _corpus(work, plan, say)
        figures["listening"] = listening()
    figures["targets"] = targets(figures["corpora"])
    rounded: Figures = _rounded(figures)
    return rounded


def _listening(
    pool: ProcessPoolExecutor, material: Material, asked: Asked
) -> Callable[[], Figures | None]:
    """Begin to measure what each habit of a listening groove does over one corpus; what to call for
    the figures."""
    plan = asked.plan
    if plan.listening_loops == 0:
        return lambda: None
    seed = read_phrase(DEFAULT_SEED)
    hall = Hall(material.bundle, seed, plan.listening_pairs, plan.listening_loops)
    shares = [pool.submit(claim_figures, hall, first, asked.jobs) for first in range(asked.jobs)]
    return lambda: together(hall, [one.result() for one in shares])


def settings(knob: str, count: int) -> list[float]:
    low, high = KNOBS[knob]
    return [round(float(one), 3) for one in np.linspace(low, high, count)]


def _begin(pool: ProcessPoolExecutor, material: Material, plan: Plan) -> _Work:
    return _Work(
        material,
        pool.submit(ground_figures, material, plan),
        pool.submit(reach_figures, material, plan),
        {name: pool.submit(policy_figures, material, name, plan) for name in POLICIES},
        {
            knob: [
                pool.submit(knob_figures, material, f"groove:{knob}={value}", plan)
                for value in settings(knob, plan.settings)
            ]
            for knob in KNOBS
        },
    )


def _corpus(work: _Work, plan: Plan, say: Say) -> Figures:
    chance = work.policies["random"].result()
    figures = {**work.ground.result(), **work.reach.result(), "policies": {}}
    figures["random_mean"] = float(chance.steps.mean())
    figures["random_median"] = float(np.median(chance.steps))
    for name, future in work.policies.items():
        figures["policies"][name] = _against(future.result(), chance)
        say(f"{work.material.name}, {name}: done")
    for knob, futures in work.knobs.items():
        figures[knob] = _knob(settings(knob, plan.settings), [one.result() for one in futures])
    return figures


def _against(found: Measured, chance: Measured) -> Figures:
    """Steps in parts of one at random: the mean of its mean, the largest of its median."""
    figures = {**found.figures, "distance": found.away.tolist()}
    if len(found.steps) < 2:
        return figures
    return figures | {
        "effect_size": effect_size(-found.steps, -chance.steps),
        "step": float(found.steps.mean() / chance.steps.mean()),
        "largest_step": float(found.steps.max() / np.median(chance.steps)),
    }


def _knob(values: list[float], found: list[Figures]) -> Figures:
    columns = {name: [one[name] for one in found] for name in found[0]}
    ranks = {f"{name}_rank_correlation": rank_correlation(columns[name]) for name in columns}
    return {"settings": values, **columns, **ranks}


def _rounded(figures: Any) -> Any:
    """Four digits after the point: what is beyond them is nobody's business."""
    if isinstance(figures, dict):
        return {key: _rounded(value) for key, value in figures.items()}
    if isinstance(figures, list):
        return [_rounded(value) for value in figures]
    return round(figures, 4) if isinstance(figures, float) else figures


def write_figures(figures: Figures, folder: Path) -> list[Path]:
    """The table, all numbers and the pictures, into a folder that is made where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "groove.txt").write_text(table(figures), encoding="utf-8")
    (folder / "groove.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return [folder / "groove.txt", folder / "groove.json", *draw_pictures(figures, folder)]
