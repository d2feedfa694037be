"""Damaged bundles: each is opened, or refused in one clear line, and does no harm in use."""

import os
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np

from appliance.bench.fuzz.bundle_damage import mutate
from appliance.bench.fuzz.trials import clear_line, expect
from appliance.cli import main
from corpus.errors import BundleError
from corpus.keeping.bundle import Bundle, open_bundle
from models.notes import check_notes

WHOLE = "whole"
REFUSED, REFUSED_VERIFIED, REFUSED_IN_USE = "refused", "refused when verified", "refused in use"


@dataclass(frozen=True)
class DamagedBundles:
    """Copies of the bundle `whole`, damaged, by number; each is made in `scratch`."""

    whole: Path
    scratch: Path
    seed: int

    def __call__(self, number: int) -> str:
        mutate(np.random.default_rng([self.seed, number]), self.whole, self.scratch)
        return try_bundle(self.scratch)


def try_bundle(path: Path) -> str:
    """How far one gets with it; UnclearError where it neither works nor says why not."""
    verified, bundle = _open(path, verify=True), _open(path, verify=False)
    told = _look(path)
    expect(_look(path, "--json") == told, "info and info --json do not agree")
    if bundle is None:
        expect(verified is None and not told, "refused, but only sometimes")
        return REFUSED
    faults = list(_use(bundle))
    if verified is None:
        return REFUSED_IN_USE if faults else REFUSED_VERIFIED
    expect(told, "verified, but info cannot tell what is in it")
    expect(not list(_use(verified)), "verified, but it cannot be played")
    return WHOLE


def _open(path: Path, verify: bool) -> Bundle | None:
    try:
        return open_bundle(path, verify=verify)
    except BundleError as error:
        clear_line(str(error))
        return None


def _use(bundle: Bundle) -> Iterator[str]:
    """What the instrument does with it; yields the faults that it is told of."""
    expect(bool(bundle.name.encode() and bundle.embedder.encode()), "it has no name")
    for row in range(len(bundle)):
        try:
            _play(bundle, row)
        except BundleError as error:
            yield clear_line(str(error))
    for row in (-1, len(bundle)):
        expect(_is_refused(bundle, row), "a row that there is not was played")


def _play(bundle: Bundle, row: int) -> None:
    phrase = bundle.phrase(row)
    check_notes(phrase.notes, "a note")
    expect(1 <= phrase.beats <= 16, f"{phrase.beats} beats long")
    expect(bundle.row(str(bundle.segments["id"][row])) <= row, "another one has its id")


def _is_refused(bundle: Bundle, row: int) -> bool:
    try:
        bundle.phrase(row)
    except BundleError as error:
        return bool(clear_line(str(error)))
    return False


def _look(path: Path, *options: str) -> bool:
    """Whether `info` can tell what is in it; if it cannot, that is one line."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["corpus", "info", os.fspath(path), *options])
    expect((code, err.getvalue().count("\n")) in ((0, 0), (2, 1)), f"info ended with {code}")
    expect(len(err.getvalue()) < 1000, "info complains at length")
    expect(bool(out.getvalue()) == (code == 0), "info told something and failed")
    expect("\x1b" not in out.getvalue(), "info commands the terminal")
    return code == 0
