"""A whole build on a real Dask cluster, one of its workers killed half-way."""

from pathlib import Path

import pytest
from support.dask_cluster import dask_cluster

from corpus import demo
from corpus.building.build import BuildSettings, build_bundle
from corpus.building.engine import make_engine


def test_a_worker_killed_half_way_costs_no_byte(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    files = demo.recordings()[:12]
    settings = BuildSettings("pitch-histogram")
    build_bundle(files, tmp_path / "here" / "b", settings)
    (tmp_path / "dask").mkdir()
    with dask_cluster(tmp_path / "dask") as cluster:
        first, _ = cluster.workers

        def kill_one(what: str, done: int, total: int) -> None:
            if (what, done) == ("reading", 3):
                first.kill()

        with make_engine(1, cluster.address) as engine:
            build_bundle(files, tmp_path / "there" / "b", settings, engine, progress=kill_one)
        assert first.wait(5) != 0
    for file in sorted((tmp_path / "here" / "b").iterdir()):
        assert file.read_bytes() == (tmp_path / "there" / "b" / file.name).read_bytes(), file.name
