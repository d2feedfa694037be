"""Bundles damaged in every way give an open bundle or one clear line, whatever they are made of."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.music import make_bundle, seal, segments

from appliance.bench.fuzz.bundle_damage import hide
from appliance.bench.fuzz.bundles import (
    REFUSED,
    REFUSED_IN_USE,
    REFUSED_VERIFIED,
    WHOLE,
    DamagedBundles,
    try_bundle,
)
from appliance.bench.fuzz.trials import MEMORY, UnclearError, limited_memory
from corpus.errors import BundleError
from corpus.keeping.bundle import open_bundle
from corpus.keeping.manifest import MANIFEST


@pytest.mark.timeout(60)
@pytest.mark.filterwarnings("error")  # they would be a second line
@pytest.mark.parametrize(
    ("seed", "count"), [(1, 100), pytest.param(2, 1000, marks=pytest.mark.slow)]
)
def test_a_mutated_bundle_opens_or_says_why_not(tmp_path: Path, seed: int, count: int) -> None:
    whole = make_bundle(tmp_path / "whole", segments(6)).path
    trial = DamagedBundles(whole, tmp_path / "b", seed)
    with limited_memory(MEMORY):
        ways = Counter(trial(number) for number in range(count))
    assert set(ways) == {WHOLE, REFUSED, REFUSED_IN_USE, REFUSED_VERIFIED}  # every way was taken


def test_an_undamaged_bundle_is_whole(tmp_path: Path) -> None:
    assert try_bundle(make_bundle(tmp_path / "b", segments(2)).path) == WHOLE


def test_what_verifies_and_cannot_be_played_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_bundle(tmp_path / "b", segments(2)).path
    monkeypatch.setattr("corpus.keeping.bundle.Bundle.phrase_of", lambda self, segment: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        try_bundle(path)
    monkeypatch.setattr("appliance.bench.fuzz.bundles._look", lambda path, *options: False)
    monkeypatch.setattr("appliance.bench.fuzz.bundles._use", lambda bundle: [])
    with pytest.raises(UnclearError, match="info cannot tell"):
        try_bundle(path)


def test_a_bundle_whose_texts_are_none(tmp_path: Path) -> None:
    """Code points that Unicode does not have: numpy raises when it meets one."""
    path = make_bundle(tmp_path / "b").path
    table = np.load(path / "segments.npy")
    for bad in (0x110000, 0xD800):
        changed = table.copy()
        changed.view(np.uint8).reshape(len(table), -1)[3, :4] = np.frombuffer(
            np.uint32(bad).tobytes(), np.uint8
        )
        np.save(path / "segments.npy", changed)
        with pytest.raises(BundleError, match="id holds no text"):
            open_bundle(path)


@pytest.mark.parametrize(
    ("array", "field", "value", "fault"),
    [
        ("segments", "first_note", np.iinfo(np.int64).max, "outside"),
        ("segments", "notes", -1, "outside"),
        ("segments", "first_pedal", -1, "outside"),
        ("segments", "density", np.nan, "density"),
        ("segments", "start_beat", np.inf, "start_beat"),
        ("pedals", "beat", np.nan, "pedals"),
        ("pedals", "control", 65, "pedals"),
        ("pedals", "value", 128, "pedals"),
        ("notes", "onset", 7.0, "time order"),
    ],
)
def test_what_cannot_be_is_found_by_verify_and_by_use(
    tmp_path: Path, array: str, field: str, value: Any, fault: str
) -> None:
    path = make_bundle(tmp_path / "b").path
    values = np.load(path / f"{array}.npy")
    values[field][0] = value
    np.save(path / f"{array}.npy", values)
    hide(path)
    with pytest.raises(BundleError, match=fault):
        open_bundle(path, verify=True)
    with pytest.raises(BundleError, match=fault):
        open_bundle(path).phrase(0)
    assert open_bundle(path).phrase(1).beats == 8.0  # the rest plays


def test_counts_that_do_not_fit_are_found(tmp_path: Path) -> None:
    path = make_bundle(tmp_path / "b").path
    manifest = json.loads((path / MANIFEST).read_text())
    manifest["counts"]["notes"] += 1
    seal(path, manifest)
    with pytest.raises(BundleError, match="counts other rows"):
        open_bundle(path, verify=True)


def test_an_endless_manifest_is_one_line(tmp_path: Path) -> None:
    path = make_bundle(tmp_path / "b").path
    os.truncate(path / MANIFEST, 1 << 40)  # a file of holes
    with pytest.raises(BundleError, match="larger than 64 MiB"):
        open_bundle(path)


@pytest.mark.parametrize("name", ["a\nb", "caf\udce9", "\x1b[31m"])
def test_a_name_that_could_not_be_opened_is_not_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleError, match="choose another --out") as caught:
        make_bundle(tmp_path / name)
    str(caught.value).encode()
    assert "\n" not in str(caught.value)
