"""The figures of a fuzz, of a few mutants."""

from appliance.bench.fuzz.figures import Amount, fuzz_figures

NO_WAY = {"mutants", "crashes", "hangs", "slowest_s", "peak_mb", "faults"}


def test_every_mutant_is_accounted_for() -> None:
    figures = fuzz_figures(Amount(files=20, imports=4, bundles=4))
    assert [part["mutants"] for part in figures.values()] == [20, 4, 4]
    for part in figures.values():
        assert sum(part[way] for way in set(part) - NO_WAY) == part["mutants"]
        assert (part["crashes"], part["hangs"], part["faults"]) == (0, 0, [])
        assert part["peak_mb"] > 20
