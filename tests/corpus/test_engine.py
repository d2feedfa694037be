import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.dask_cluster import (
    DaskCluster,
    Piece,
    dask_cluster,
    killer,
    measure,
    pieces,
    set_trap,
    worker_of,
)

from corpus.building.cache import Cache, key_of, unpack
from corpus.building.engine import (
    NICENESS,
    RETRIES,
    Cluster,
    Engine,
    Inline,
    Lost,
    Pool,
    make_engine,
)
from corpus.errors import CorpusError


@pytest.fixture(scope="module")
def pool() -> Iterator[Engine]:
    with make_engine(2) as engine:
        yield engine


def results(engine: Engine, items: list[Piece]) -> list[bytes]:
    return [found for found in engine.map(measure, items) if isinstance(found, bytes)]


def niceness_of(number: int) -> int:
    return os.nice(0)


def die_on_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * 10


def too_large(number: int) -> int:
    if number == 3:
        raise MemoryError
    return number * 10


def fail_on_three(number: int) -> int:
    if number == 3:
        raise CorpusError("three is not welcome")
    return number


class _UnpicklableError(Exception):
    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} and {other}")


def fail_oddly(number: int) -> int:
    raise _UnpicklableError("this", "that")


def test_a_pool_gives_what_one_process_gives_in_order(pool: Engine) -> None:
    items = pieces(60)
    with make_engine(1) as inline:
        assert results(pool, items) == results(inline, items) == [measure(p) for p in items]


def test_the_pool_works_beside_this_process_and_gives_way_to_it(pool: Engine) -> None:
    workers = set(pool.map(worker_of, range(50)))
    assert os.getpid() not in workers
    assert 1 <= len(workers) <= 2
    assert set(pool.map(niceness_of, range(4))) == {min(19, os.nice(0) + NICENESS)}


def test_inline_works_one_item_at_a_time() -> None:
    taken: list[int] = []

    def source() -> Iterator[int]:
        for number in range(5):
            taken.append(number)
            yield number

    for number, result in enumerate(Inline().map(abs, source())):
        assert taken == list(range(number + 1))
        assert result == number


def test_only_so_many_items_wait(pool: Engine) -> None:
    taken: list[int] = []
    found = pool.map(abs, (taken.append(n) or n for n in range(1000)))  # type: ignore[func-returns-value]
    assert next(found) == 0
    assert len(taken) == pool.ahead + 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_the_work_is_raised_in_its_turn(jobs: int) -> None:
    with make_engine(jobs) as engine:
        found = engine.map(fail_on_three, range(6))
        assert [next(found) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(CorpusError, match="three is not") as caught:
            next(found)
    assert jobs == 1 or "fail_on_three" in caught.value.__notes__[0]  # where it happened


def test_an_error_that_cannot_travel_is_told_in_words(pool: Engine) -> None:
    with pytest.raises(RuntimeError, match="_UnpicklableError: this and that"):
        list(pool.map(fail_oddly, [1]))


def test_work_that_cannot_travel_is_an_error_and_the_pool_goes_on(pool: Engine) -> None:
    with pytest.raises((AttributeError, TypeError, ValueError)):
        list(pool.map(threading.Lock(), [1]))  # type: ignore[arg-type]
    assert list(pool.map(abs, [-1])) == [1]


def test_a_killed_worker_costs_nothing(tmp_path: Path) -> None:
    items = pieces(60, held=20, trap=set_trap(tmp_path / "trap"))
    with make_engine(2) as engine, killer(tmp_path / "trap") as killed:
        found = results(engine, items)
    assert len(killed) == 1
    assert found == [measure(piece) for piece in pieces(60)]


def test_only_the_item_that_kills_its_workers_is_lost(pool: Engine) -> None:
    found = list(pool.map(die_on_three, range(40), name="number {}".format))
    lost = found.pop(3)
    assert isinstance(lost, Lost)
    assert str(lost).startswith("number 3: every process")
    assert found == [number * 10 for number in range(40) if number != 3]
    assert RETRIES == 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_item_that_needs_too_much_memory_is_lost_alone(jobs: int) -> None:
    with make_engine(jobs) as engine:
        found = list(engine.map(too_large, range(5), name="number {}".format))
    assert found[3] == Lost("number 3", "needs more memory than there is")
    assert found[4] == 40


INTERRUPTED = """
import sys
from pathlib import Path
from support.dask_cluster import measure, pieces, worker_of
from corpus.building.engine import Pool
if __name__ == "__main__":
    with Pool(2) as engine:
        print(*set(engine.map(worker_of, range(40))), flush=True)
        list(engine.map(measure, pieces(9, held=4, trap=Path(sys.argv[1]))))
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_build(tmp_path: Path, sign: signal.Signals) -> None:
    """Ctrl-C goes to the group; the others to the build alone."""
    trap = set_trap(tmp_path / "trap")
    script = tmp_path / "build.py"
    script.write_text(INTERRUPTED)
    process = subprocess.Popen(
        [sys.executable, str(script), str(trap)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    held = int((trap / "begun").read_text())  # from here on a worker hangs in its work
    try:
        assert process.stdout is not None
        workers = {int(word) for word in process.stdout.readline().split()} | {held}
        if sign == signal.SIGINT:
            os.killpg(process.pid, sign)
        else:
            process.send_signal(sign)
        if sign != signal.SIGINT:  # the one in the middle of its work ends when that does
            process.wait(10)
            os.close(os.open(trap / "never", os.O_WRONLY))
        _, noise = process.communicate(timeout=10)
        assert noise.count("Traceback") <= (sign == signal.SIGINT)  # none by a worker
        deadline = time.monotonic() + 10
        while any(alive(worker) for worker in workers) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not any(alive(worker) for worker in workers)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def key(piece: Piece) -> str:
    return key_of("measure", piece.number, piece.body)


def number_in(data: bytes) -> int:
    return int(unpack(data)[1]["number"])


class Counting(Inline):
    """Counts what it is given."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def submit(self, work, item, name):  # type: ignore[no-untyped-def]
        self.names.append(name)
        return super().submit(work, item, name)


def test_what_is_in_the_cache_is_not_done_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for items, done in (
        (pieces(5), 5),
        (pieces(5), 0),
        ([*pieces(5)[:2], Piece(9, b"new"), *pieces(5)[2:]], 1),
        ([pieces(5)[4]._replace(body=b"changed")], 1),
    ):
        engine = Counting()
        found = list(engine.map_cached(cache, key, measure, items, number_in))
        assert found == [piece.number for piece in items]
        assert len(engine.names) == done


def test_an_interrupted_build_goes_on_where_it_stopped(tmp_path: Path) -> None:
    found = Counting().map_cached(Cache(tmp_path), key, measure, pieces(9), number_in)
    assert [next(found) for _ in range(4)] == [0, 1, 2, 3]
    found.close()  # type: ignore[attr-defined]
    engine = Counting()
    again = engine.map_cached(Cache(tmp_path), key, measure, pieces(9), number_in)
    assert list(again) == list(range(9))
    assert engine.names == [f"piece {number}" for number in (4, 5, 6, 7, 8)]


def test_a_cached_result_of_another_kind_is_worked_out_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(key(pieces(1)[0]), b"of another kind")
    assert list(Inline().map_cached(cache, key, measure, pieces(1), number_in)) == [0]
    assert cache.get(key(pieces(1)[0])) == measure(pieces(1)[0])


def test_a_lost_item_is_not_cached(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def no_memory(piece: Piece) -> bytes:
        raise MemoryError

    found = list(Inline().map_cached(cache, key, no_memory, pieces(1), number_in))
    assert found == [Lost("piece 0", "needs more memory than there is")]
    assert cache.get(key(pieces(1)[0])) is None


@pytest.mark.parametrize(("jobs", "kind"), [(1, Inline), (2, Pool)])
def test_engines_by_their_jobs(jobs: int, kind: type) -> None:
    with make_engine(jobs) as engine:
        assert type(engine) is kind


def test_no_jobs_is_one_line() -> None:
    with pytest.raises(CorpusError, match="--jobs 0: at least 1"):
        make_engine(0)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    pytest.importorskip("distributed")
    with dask_cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


def test_a_worker_killed_half_way_changes_nothing(cluster: DaskCluster, tmp_path: Path) -> None:
    items = pieces(60, held=20, trap=set_trap(tmp_path / "trap"))
    with make_engine(1, cluster.address) as engine, killer(tmp_path / "trap") as killed:
        found = results(engine, items)
    assert found == [measure(piece) for piece in pieces(60)]
    assert killed
    dead = [worker for worker in cluster.workers if worker.pid == killed[0]]
    assert [worker.wait(5) for worker in dead] == [-signal.SIGKILL]


def test_an_error_on_the_cluster_is_raised_in_its_turn(cluster: DaskCluster) -> None:
    with make_engine(1, cluster.address) as engine:
        found = engine.map(int, ["0", "1", "2", "three", "4"])
        assert [next(found) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="invalid literal"):
            next(found)


def test_a_worker_is_not_a_scheduler(cluster: DaskCluster) -> None:
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        worker = next(iter(client.nthreads()))
    with pytest.raises(CorpusError, match="a Dask Worker; give the scheduler's address"):
        make_engine(1, worker)


def test_a_scheduler_that_goes_away_is_one_line(cluster: DaskCluster) -> None:
    """The last of the cluster's tests: it is gone after it."""
    with Cluster(cluster.address, patience=1.0) as engine:
        found = engine.map(int, map(str, range(1000)))
        assert next(found) == 0
        cluster.scheduler.kill()
        cluster.scheduler.wait()
        with pytest.raises(CorpusError, match="lost it; start it") as caught:
            list(found)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "", "nowhere", "foo://x:1"])
def test_an_address_without_a_scheduler_is_one_line(address: str) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(CorpusError, match="no Dask scheduler answers") as caught:
        Cluster(address, patience=0.3)
    assert address in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_dask_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CorpusError, match=r"pip install 'smartlooper\[cluster\]'"):
        make_engine(1, "tcp://127.0.0.1:8786")
