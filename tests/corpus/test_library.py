"""Corpora on a box: one is current, the last few are kept, a bad one changes nothing."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.music import make_bundle

from corpus.errors import BundleError
from corpus.keeping.library import Library
from corpus.keeping.naming import CURRENT, LONGEST_NAME, name_for


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "corpora")


def add(library: Library, name: str, at: int) -> None:
    make_bundle(library.place(name))
    os.utime(library.place(name), ns=(at, at))


def test_before_the_first_there_is_none(library: Library) -> None:
    assert library.names() == []
    assert library.current() is None
    assert library.prune() == []
    with pytest.raises(BundleError, match="no corpus 'funk' on this box; there is none yet"):
        library.use("funk")


def test_the_one_in_use_is_a_link_that_is_replaced(library: Library) -> None:
    add(library, "funk", 1)
    add(library, "waltz", 2)
    assert library.names() == ["waltz", "funk"]
    for name in ("funk", "waltz", "funk"):
        assert library.use(name) == library.folder / name
        assert library.current() == name
        assert (library.folder / CURRENT / "manifest.json").is_file()
        assert os.readlink(library.folder / CURRENT) == name
    assert library.names() == ["funk", "waltz"], "the one last used comes first"
    assert sorted(path.name for path in library.folder.iterdir()) == [CURRENT, "funk", "waltz"]


def test_a_damaged_one_is_refused_and_the_old_one_stays(library: Library) -> None:
    add(library, "funk", 1)
    add(library, "waltz", 2)
    library.use("funk")
    damaged = bytearray((library.place("waltz") / "notes.npy").read_bytes())
    damaged[-1] ^= 1
    (library.place("waltz") / "notes.npy").write_bytes(damaged)
    with pytest.raises(BundleError, match=r"notes\.npy"):
        library.use("waltz")
    assert library.current() == "funk"


def test_the_last_three_and_the_current_one_are_kept(library: Library) -> None:
    for number in range(6):
        add(library, f"take{number}", number)
    library.use("take0")
    os.utime(library.folder / "take0", ns=(0, 0))
    assert library.prune() == ["take2", "take1"]
    assert library.names() == ["take5", "take4", "take3", "take0"]
    assert library.prune() == []


def test_a_link_that_a_power_cut_left_is_no_harm(library: Library) -> None:
    add(library, "funk", 1)
    (library.folder / f".{CURRENT}.new").symlink_to("nowhere")
    assert library.use("funk")
    assert library.current() == "funk"


def test_a_link_to_nothing_is_no_corpus(library: Library) -> None:
    add(library, "funk", 1)
    (library.folder / CURRENT).symlink_to("gone")
    assert library.current() is None


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../x", ".hidden", "current", "x" * 65, "a\n"]
)
def test_what_is_no_name_is_refused(library: Library, name: str) -> None:
    with pytest.raises(BundleError, match="no name for a corpus"):
        library.place(name)


@given(st.text(max_size=100), st.sets(st.integers(0, 9)))
def test_a_name_is_found_for_anything(wanted: str, numbers: set[int]) -> None:
    library = Library(Path("corpora"))
    base = name_for(wanted)
    taken = {base, *(f"{base}-{number}" for number in numbers)}
    name = name_for(wanted, taken.__contains__)
    assert name not in taken
    assert name.startswith(base)
    assert len(name) <= LONGEST_NAME
    assert library.place(name).parent == library.folder


def test_a_good_name_stays() -> None:
    assert name_for("Trio_2024.take-3") == "Trio_2024.take-3"
    assert name_for("my recordings (live)!") == "my-recordings-live"
    assert name_for("día") == "d-a"


def test_what_an_interrupted_replacement_left_whole_counts(library: Library) -> None:
    add(library, "funk", 1)
    library.place("funk").rename(library.folder / ".funk.old")
    (library.folder / ".waltz.new").mkdir()
    assert library.names() == ["funk"]
    assert library.use("funk")
    assert library.current() == "funk"
    assert library.prune(0) == []
    add(library, "waltz", 2)
    library.use("waltz")
    assert library.prune(0) == ["funk"]
    assert library.names() == ["waltz"]
    assert not (library.folder / ".funk.old").exists()
