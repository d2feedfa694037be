import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.music import midi_file, off, on

from corpus.building import gathering
from corpus.building.build import BuildSettings, build_bundle
from corpus.building.cache import Cache, key_of, pack
from corpus.building.embedding import Batch
from corpus.building.engine import Engine, Inline, make_engine
from corpus.building.gathering import Gathered, Run, gather
from corpus.building.importing import ImportSettings
from corpus.errors import CorpusError
from corpus.reading.sources import Source, find_sources
from models.errors import ModelError


def take(path: Path, beats: int = 32, root: int = 40) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    notes = [root + i % 5 for i in range(beats)]
    return midi_file(path, [[m for pitch in notes for m in (on(pitch), off(pitch, 480))]])


class Ahead(Inline):
    """Takes many items before it gives the first result, as a pool does."""

    ahead = 100


def gathered(
    folder: Path, engine: Engine | None = None, cache: Path = Path("/dev/null"), **settings: Any
) -> Gathered:
    run = Run(engine or Inline(), Cache(cache), lambda what, done, total: None)
    return gather(find_sources([folder]), ImportSettings(), settings.get("beats"), run)


def upload(folder: Path) -> Path:
    """Good files, between them what is damaged, skipped, too short, written wrong, or in a zip."""
    for name, root in (("c", 40), ("f", 43), ("sub/h", 45)):
        take(folder / f"{name}.mid", root=root)
    take(folder / "d.mid", root=50)
    take(folder / "g.mid", beats=3)
    for name in ("a", "e", "sub/i"):
        (folder / f"{name}.mid").write_bytes(b"MThd rubbish " + name.encode())
    with zipfile.ZipFile(folder / "z.zip", "w") as file:
        file.write(folder / "c.mid", "j.mid")
        file.writestr("../k.mid", b"MThd")
        file.writestr("l.mid", b"MThd damaged")
    (folder / "corpus.toml").write_text('[tracks.D]\nskip = true\n[tracks."No-Such Take"]\n')
    return folder


LEFT_OUT = [
    "k.mid",
    "No-Such Take",
    "a.mid",
    "d.mid",
    "e.mid",
    "g.mid",
    "sub/i.mid",
    "z.zip: l.mid",
]


@pytest.mark.parametrize("engine", [Inline, Ahead])
def test_what_is_left_out_stands_in_the_order_of_the_sources(
    tmp_path: Path, engine: Callable[[], Engine]
) -> None:
    found = gathered(upload(tmp_path), engine())
    assert [track.facts.name for track in found.tracks] == ["c", "f", "h", "j"]
    assert [out.file for out in found.left_out] == LEFT_OUT


def test_the_same_bytes_with_any_jobs_and_any_cache(tmp_path: Path) -> None:
    folder, cache = upload(tmp_path / "in"), tmp_path / "cache"
    with make_engine(2) as pool:
        runs: list[tuple[Engine, Path]] = [
            (Inline(), Path("/dev/null")),
            (pool, Path("/dev/null")),
            (pool, cache),  # cold
            (Inline(), cache),  # warm
            (Ahead(), cache),
        ]
        for number, (engine, place) in enumerate(runs):
            if number == 4:  # half of it gone
                for entry in sorted(place.glob("v*/*/*"))[::2]:
                    entry.unlink()
            settings = BuildSettings("pitch-histogram")
            build_bundle([folder], tmp_path / str(number) / "b", settings, engine, Cache(place))
    first = {file.name: file.read_bytes() for file in (tmp_path / "0" / "b").iterdir()}
    manifest = json.loads(first["manifest.json"])
    assert [out["file"] for out in manifest["left_out"]] == LEFT_OUT
    for number in range(1, len(runs)):
        other = {file.name: file.read_bytes() for file in (tmp_path / str(number) / "b").iterdir()}
        assert other == first


@pytest.mark.parametrize(
    "fault",
    [ValueError("x\ny"), ModelError("x y"), ZeroDivisionError("x y"), IndexError("x y")],
)
def test_a_fault_that_nobody_foresaw_costs_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    take(tmp_path / "a.mid")
    take(tmp_path / "b.mid", root=50)
    known = gathering.import_track

    def odd(item: Any, settings: Any) -> Any:
        if item.track == "a":
            raise fault
        return known(item, settings)

    monkeypatch.setattr(gathering, "import_track", odd)
    found = gathered(tmp_path)
    assert [track.facts.name for track in found.tracks] == ["b"]
    assert [(out.file, out.reason) for out in found.left_out] == [
        (
            "a.mid",
            f"cannot be understood ({type(fault).__name__}: x y); please report it, with the file",
        )
    ]


def test_want_of_memory_is_the_engines_business(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(tmp_path / "a.mid")

    def greedy(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(gathering, "import_track", greedy)
    assert [out.reason for out in gathered(tmp_path).left_out] == [
        "needs more memory than there is"
    ]


def test_a_fault_in_a_side_file_names_the_file_that_it_is_in(tmp_path: Path) -> None:
    take(tmp_path / "sub" / "deep" / "x.mid")
    (tmp_path / "corpus.toml").write_text("tempo = 5\n")
    with pytest.raises(CorpusError) as caught:
        gathered(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'corpus.toml'}: tempo: 5 ")
    (tmp_path / "corpus.toml").unlink()
    (tmp_path / "sub" / "labels.csv").write_text("file,bpm\nx,5\n")
    with pytest.raises(CorpusError) as caught:
        gathered(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'sub' / 'labels.csv'} line 2: bpm: ")


def test_so_does_a_fault_in_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        file.write(take(tmp_path / "out" / "x.mid"), "a/b/x.mid")
        file.writestr("a/corpus.toml", "tempo = 5\n")
    with pytest.raises(CorpusError) as caught:
        gathered(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'x.zip'}: a/corpus.toml: tempo: 5 ")


def test_a_side_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "sub/c"):
        take(tmp_path / f"{name}.mid")
    (tmp_path / "corpus.toml").write_text('labels = ["x"]\n')
    asked: list[str] = []
    beside = Source.beside

    def counted(source: Source, name: str) -> bytes | None:
        asked.append(source.shown_beside(name))
        return beside(source, name)

    monkeypatch.setattr(Source, "beside", counted)
    found = gathered(tmp_path)
    assert asked.count(str(tmp_path / "corpus.toml")) == 1
    assert [track.facts.labels for track in found.tracks] == [("x",), ("x",), ("sub", "x")]


def test_names_that_no_file_has_stand_as_they_are_written(tmp_path: Path) -> None:
    take(tmp_path / "Take One.MID")
    (tmp_path / "corpus.toml").write_text(
        '[tracks."take one"]\n[tracks."Sub/Take Two.mid"]\ntempo = 90\n'
    )
    (tmp_path / "labels.csv").write_text("file,bpm\nTAKE ONE.mid,96\nTake Three,100\n")
    assert [out.shown for out in gathered(tmp_path).left_out] == ["Sub/Take Two.mid", "Take Three"]


@pytest.mark.parametrize(("asked", "used"), [(None, (4, 8, 16)), (6, (6,))])
def test_the_beats_that_were_used_are_told(
    tmp_path: Path, asked: int | None, used: tuple[int, ...]
) -> None:
    for name, toml in (("a", "beats = 16"), ("b", "beats = 4"), ("c", ""), ("d", "beats = 5")):
        take(tmp_path / name / f"{name}.mid")
        (tmp_path / name / "corpus.toml").write_text(toml)
    (tmp_path / "d" / "d.mid").write_bytes(b"rubbish")
    assert gathered(tmp_path, beats=asked).beats == used


@pytest.mark.parametrize(("toml", "beats"), [("beats = 4", 4), ("", 8)])
def test_the_manifest_tells_what_was_used(tmp_path: Path, toml: str, beats: int) -> None:
    take(tmp_path / "in" / "a.mid")
    (tmp_path / "in" / "corpus.toml").write_text(toml)
    build_bundle([tmp_path / "in"], tmp_path / "out", BuildSettings("pitch-histogram"))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["beats"] == beats
    assert manifest["min_loopability"] == 0.5


def test_the_manifest_lists_beats_that_differ(tmp_path: Path) -> None:
    take(tmp_path / "in" / "a" / "a.mid")
    take(tmp_path / "in" / "b.mid", root=50)
    (tmp_path / "in" / "a" / "corpus.toml").write_text("beats = 16")
    build_bundle([tmp_path / "in"], tmp_path / "out", BuildSettings("pitch-histogram"))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["beats"] == [8, 16]


def test_other_code_works_it_out_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take(tmp_path / "in" / "a.mid")
    gathered(tmp_path / "in", cache=tmp_path / "cache")
    worked: list[object] = []
    work = gathering._work
    monkeypatch.setattr(gathering, "_work", lambda item: worked.append(item) or work(item))
    gathered(tmp_path / "in", cache=tmp_path / "cache")
    assert len(worked) == 0
    monkeypatch.setattr(gathering, "CODE", key_of("later"))
    gathered(tmp_path / "in", cache=tmp_path / "cache")
    assert len(worked) == 1


@pytest.mark.parametrize("shape", [(12, 1, 85), (12, 4, 85), (12, 4, 3), (11, 4, 85)])
def test_vectors_of_something_else_in_the_cache_are_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int, int]
) -> None:
    """Under the right key: no entry that a build made."""
    take(tmp_path / "in" / "a.mid")
    cache, settings = Cache(tmp_path / "cache"), BuildSettings("pitch-histogram")
    build_bundle([tmp_path / "in"], tmp_path / "one", settings, cache=cache)
    keys: list[str] = []
    key = Batch.key
    monkeypatch.setattr(Batch, "key", lambda *args: keys.append(key(*args)) or keys[-1])
    shutil.rmtree(tmp_path / "cache")
    build_bundle([tmp_path / "in"], tmp_path / "two", settings, cache=cache)
    values = np.zeros(shape, np.float16)
    cache.put(keys[0], pack({"vectors": values + np.nan if shape[1] == 4 else values}, None))
    build_bundle([tmp_path / "in"], tmp_path / "three", settings, cache=cache)
    for name in ("embeddings.npy", "neighbours.npy"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "three" / name).read_bytes()
