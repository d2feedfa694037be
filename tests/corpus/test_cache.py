import contextlib
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

from corpus.building import cache as cache_module
from corpus.building.cache import (
    LAYOUT,
    Cache,
    code_key,
    default_folder,
    key_of,
    key_of_code,
    pack,
    unpack,
)
from corpus.keeping import npy as npy_module
from models.notes import NOTE, note_array

KEY, OTHER = key_of("one"), key_of("other")


class Clock:
    """A wall clock that moves a second whenever it is read."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> float:
        self.seconds += 1.0
        return self.seconds


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_is_put_is_got(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "not" / "there" / "yet")
    assert cache.get(KEY) is None
    cache.put(KEY, b"body")
    cache.put(OTHER, b"")
    assert (cache.get(KEY), cache.get(OTHER)) == (b"body", b"")
    assert Cache(tmp_path / "not" / "there" / "yet").get(KEY) == b"body"
    cache.put(KEY, b"another body")
    assert cache.get(KEY) == b"another body"


def test_entries_lie_two_folders_deep_below_their_layout(tmp_path: Path) -> None:
    Cache(tmp_path).put(KEY, b"body")
    assert entries(tmp_path) == [tmp_path / LAYOUT / KEY[:2] / KEY[2:]]


@pytest.mark.parametrize("key", ["", "../../etc/passwd", KEY.upper(), KEY + "\n", KEY[:-1]])
def test_only_keys_are_keys(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="not a cache key"):
        Cache(tmp_path).put(key, b"")
    with pytest.raises(ValueError, match="not a cache key"):
        Cache(tmp_path).get(key)


@pytest.mark.parametrize("where", range(0, 60, 3))
def test_a_flipped_bit_is_a_miss_and_goes(tmp_path: Path, where: int) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, b"twenty bytes of body")
    (file,) = entries(tmp_path)
    body = bytearray(file.read_bytes())
    body[where] ^= 16
    file.write_bytes(body)
    assert cache.get(KEY) is None
    assert entries(tmp_path) == []


@pytest.mark.parametrize("length", range(0, 60, 7))
def test_a_torn_file_is_a_miss(tmp_path: Path, length: int) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, b"twenty bytes of body")
    (file,) = entries(tmp_path)
    file.write_bytes(file.read_bytes()[:length])
    assert cache.get(KEY) is None


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit_bytes=4000, now=Clock())
    keys = [key_of(number) for number in range(5)]
    for key in keys[:3]:
        cache.put(key, bytes(1000))
    assert cache.get(keys[0]) is not None  # used again: now the oldest is 1
    cache.put(keys[3], bytes(1000))
    assert [cache.get(key) is not None for key in keys[:4]] == [True, False, True, True]
    cache.put(keys[4], bytes(1000))
    assert [cache.get(key) is not None for key in keys] == [False, False, True, True, True]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 3000), max_size=20))
def test_it_never_grows_beyond_its_limit(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    cache = Cache(folder, limit_bytes=5000, now=Clock())
    for number, size in enumerate(sizes):
        cache.put(key_of(number), bytes(size))
        assert sum(file.stat().st_size for file in entries(folder)) <= 5000
        assert cache.get(key_of(number)) == bytes(size)  # what was put last is there


def test_what_is_larger_than_the_limit_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit_bytes=1000)
    cache.put(KEY, b"small")
    cache.put(OTHER, bytes(1000))
    assert cache.get(OTHER) is None
    assert cache.get(KEY) == b"small"


def test_what_a_killed_writer_left_is_cleared_away_in_time(tmp_path: Path) -> None:
    clock = Clock()
    folder = tmp_path / LAYOUT / KEY[:2]
    folder.mkdir(parents=True)
    for name, age in ((".part-old", 4000), (".part-fresh", 10)):
        (folder / name).write_bytes(bytes(100))
        os.utime(folder / name, (clock.seconds - age, clock.seconds - age))
    Cache(tmp_path, now=clock).put(OTHER, b"")
    assert [file.name for file in entries(tmp_path)] == sorted([".part-fresh", OTHER[2:]])


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    cache = Cache(tmp_path, warn=said.append)

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    cache.put(KEY, b"body")
    cache.put(OTHER, b"body")
    assert entries(tmp_path) == []
    assert said == [
        f"{tmp_path}: the cache cannot be written (No space left on device); going on without"
    ]


def test_a_folder_that_cannot_be_is_no_error(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "cache", warn=said.append)
    for key in (KEY, OTHER):
        cache.put(key, b"body")
        assert cache.get(key) is None
    assert len(said) == 1
    assert "\n" not in said[0]


def put_and_get(folder: str) -> int:
    """Sixty rounds in a small cache that others fill and empty too; counts wrong answers."""
    cache = Cache(Path(folder), limit_bytes=20_000)
    wrong = 0
    for number in range(60):
        key, body = key_of(number % 12), bytes([number % 12]) * 3000
        cache.put(key, body)
        wrong += cache.get(key) not in (None, body)
    return wrong


def test_many_processes_share_one_cache(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert sum(pool.map(put_and_get, [str(tmp_path)] * 4)) == 0
    assert not [file for file in entries(tmp_path) if file.name.startswith(".part")]
    assert sum(file.stat().st_size for file in entries(tmp_path)) < 20_000 + 2 * 3100


def test_keys_are_the_same_everywhere() -> None:
    assert key_of("read", 1, b"\x00", 0.5, None, True, ("a", 2), {"b": 1}) == (
        "01a41202c3821deb6695445e14b14315fb7150f47f17cd9cb3498e516232b167"
    )


Scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
)
Parts = st.lists(
    st.recursive(
        Scalars,
        lambda inner: (
            st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    max_size=4,
)


def typed(part: object) -> object:
    """Equal only where type and value are: 1, True and 1.0 are three things, 0.0 and -0.0 two."""
    if isinstance(part, dict):
        return ("m", sorted((name, repr(typed(one))) for name, one in part.items()))
    if isinstance(part, list | tuple):
        return ("l", [typed(one) for one in part])
    return (type(part).__name__, repr(part))


@given(Parts, Parts)
def test_different_parts_have_different_keys(one: list[object], other: list[object]) -> None:
    same = typed(one) == typed(other)
    assert (key_of(*one) == key_of(*other)) == same  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a",), (b"a",)),
        ((1,), ("1",)),
        ((1,), (True,)),
        ((1,), (1.0,)),
        ((("a", "b"),), ("a", "b")),
        (((), "a"), (("a",),)),
        (({"a": "b"},), ((("a", "b"),),)),
    ],
)
def test_parts_do_not_run_into_each_other(one: tuple[object], other: tuple[object]) -> None:
    assert key_of(*one) != key_of(*other)  # type: ignore[arg-type]


def test_keys_of_odd_names_and_things() -> None:
    assert len(key_of("caf\udce9.mid")) == 64
    with pytest.raises(TypeError, match="complex"):
        key_of(1j)  # type: ignore[arg-type]


def test_a_key_of_code_changes_with_the_code(tmp_path: Path) -> None:
    assert key_of_code(cache_module, npy_module) == key_of(
        Path(cache_module.__file__).read_bytes(),
        Path(npy_module.__file__).read_bytes(),
    )
    assert key_of_code(cache_module) != key_of_code(npy_module)


def test_a_package_counts_with_all_its_modules(tmp_path: Path) -> None:
    def package(name: str, **texts: str) -> ModuleType:
        module = ModuleType(name)
        (tmp_path / name).mkdir()
        for file, text in texts.items():
            (tmp_path / name / f"{file}.py").write_text(text)
        module.__file__ = str(tmp_path / name / "__init__.py")
        module.__path__ = [str(tmp_path / name)]
        return module

    key = key_of_code(package("one", __init__="", a="1", b="2"))
    assert key == key_of_code(package("same", __init__="", a="1", b="2"))
    assert key != key_of_code(package("other", __init__="", a="1", b="3"))
    deep = package("deep", __init__="", a="1", b="2")
    (tmp_path / "deep" / "inside").mkdir()
    (tmp_path / "deep" / "inside" / "c.py").write_text("4")
    assert key != key_of_code(deep)
    with pytest.raises(ValueError, match="bare has no file"):
        key_of_code(ModuleType("bare"))


def test_the_key_of_all_code_knows_the_rooms_and_the_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = code_key()
    assert code_key.__wrapped__() == known
    asked: list[str] = []
    monkeypatch.setattr(cache_module, "version", lambda name: asked.append(name) or "99.9")
    assert code_key.__wrapped__() != known
    assert asked == ["numpy", "symusic"]
    rooms: list[str] = []
    monkeypatch.setattr(
        cache_module,
        "key_of_code",
        lambda *modules: rooms.extend(m.__name__ for m in modules),
    )
    code_key.__wrapped__()
    assert rooms == ["corpus", "models"]


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_CACHE_HOME": "/fast/cache", "HOME": "/home/clara"}, "/fast/cache/smartlooper"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/clara"}, "/home/clara/.cache/smartlooper"),
        ({"HOME": "/home/clara"}, "/home/clara/.cache/smartlooper"),
    ],
)
def test_the_folder_by_the_rules_of_xdg(environ: dict[str, str], folder: str) -> None:
    assert default_folder(environ) == Path(folder)


@given(
    st.dictionaries(
        st.text(),
        arrays(scalar_dtypes() | st.just(NOTE), array_shapes(min_dims=0, min_side=0)),
        max_size=3,
    ),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    ),
)
def test_packed_there_and_back(given_arrays: dict[str, np.ndarray], facts: object) -> None:
    data = pack(given_arrays, facts)
    found, told = unpack(data)
    assert told == facts
    assert list(found) == list(given_arrays)
    for name, array in given_arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()
    assert pack(given_arrays, facts) == data


def test_unpacked_arrays_are_ones_own_and_in_any_layout() -> None:
    table = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    found, _ = unpack(pack({"table": table, "every other": np.arange(10)[::2]}, None))
    assert found["table"].tolist() == table.tolist()
    assert found["every other"].tolist() == [0, 2, 4, 6, 8]
    found["table"][0, 0] = 9.0
    assert found["table"].flags.aligned


def test_objects_are_not_packed() -> None:
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        pack({"x": np.array([{}])}, None)
    with pytest.raises(ValueError, match="JSON"):
        pack({}, float("nan"))


PACKED = pack({"notes": note_array([(0.0, 1.0, 60, 80)] * 9), "x": np.arange(5)}, {"a": [1]})


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_damage_is_a_value_error_or_harmless(where: int, change: int) -> None:
    body = bytearray(PACKED)
    body[where] ^= change
    with contextlib.suppress(ValueError):
        unpack(bytes(body))


def test_another_length_is_a_value_error() -> None:
    for length in (*range(len(PACKED)), len(PACKED) + 1):
        with pytest.raises(ValueError):  # noqa: PT011  (what it says depends on where)
            unpack((PACKED + b"\0")[:length])


def npy(descr: str, shape: str) -> bytes:
    """A packed result of one array whose header says whatever it likes."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text = b'{"arrays": ["x"], "facts": null}'
    start = cache_module._PACKED.pack(cache_module._PACK_MAGIC, len(text)) + text
    return start + b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(64)


@pytest.mark.parametrize(
    ("descr", "shape"),
    [
        ("'<f8'", "(9,)"),
        ("'<f8'", "(-8,)"),
        ("'<f8'", f"({10**30},)"),
        ("'<f8'", f"(0, {10**30})"),
        ("'<f8'", "(" + "1," * 99 + ")"),
        ("'|O'", "(8,)"),
        ("'<U0'", "(8,)"),
        ("[('a', '|O')]", "(8,)"),
        ("'rubbish'", "(8,)"),
        ("'<f8'", "(8.0,)"),
        ("(" * 300 + ")" * 300, "(8,)"),
        ("__import__('os').abort()", "(8,)"),
    ],
)
def test_a_hostile_array_is_a_value_error(descr: str, shape: str) -> None:
    unpack(npy("'<f8'", "(8,)"))
    with pytest.raises(ValueError):  # noqa: PT011
        unpack(npy(descr, shape))
