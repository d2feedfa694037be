"""The measures of round trips find what differs."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.music import phrase

from appliance.bench.round_trips import Compared, bundle_there_and_back, notes_there_and_back
from corpus import demo
from corpus.midiwrite import TICKS_PER_BEAT
from models.notes import Phrase


def changed(field: str, by: float) -> Phrase:
    one = phrase(pedal=64)
    rows = (one.notes if field in one.notes.dtype.names else one.pedals).copy()
    rows[field][0] += by
    return replace(one, notes=rows) if field in one.notes.dtype.names else replace(one, pedals=rows)


@pytest.mark.parametrize("field", ["onset", "duration", "beat"])
def test_a_difference_in_time_is_measured_in_ticks(field: str) -> None:
    compared = Compared()
    compared.add(phrase(pedal=64), changed(field, 0.75 / TICKS_PER_BEAT))
    figures = compared.figures()
    assert figures["largest_difference_ticks"] == pytest.approx(0.75)
    assert (figures["different"], figures["within_a_tick"]) == (0, True)
    compared.add(phrase(pedal=64), changed(field, 1.5 / TICKS_PER_BEAT))
    assert compared.figures()["within_a_tick"] is False


@pytest.mark.parametrize(
    "other",
    [
        changed("pitch", 1),
        changed("velocity", 1),
        changed("control", 2),
        changed("value", 1),
        replace(phrase(pedal=64), bar=3.0),
        replace(phrase(pedal=64), bpm=120.1),
        replace(phrase(pedal=64), notes=phrase().notes[1:]),
    ],
)
def test_other_music_is_different(other: Phrase) -> None:
    compared = Compared()
    compared.add(phrase(pedal=64), other)
    figures = compared.figures()
    assert (figures["pieces"], figures["different"]) == (1, 1)
    assert figures["within_a_tick"] is False


def test_takes_of_the_demo_corpus_come_back(tmp_path: Path) -> None:
    takes = demo.recordings()[:2]
    notes = notes_there_and_back(takes, tmp_path)
    assert (notes["pieces"], notes["within_a_tick"]) == (2, True)
    assert 0.5 < notes["largest_difference_ticks"] <= 1  # off the ticks, or nothing was tried
    segments = bundle_there_and_back(takes, tmp_path)
    assert segments["pieces"] > 4
    assert segments["within_a_tick"] is True


def test_a_segment_that_is_lost_on_the_way_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from appliance.bench import round_trips as module

    plain = module.export_bundle

    def lossy(*arguments: object) -> None:
        plain(*arguments)[0].unlink()  # type: ignore[arg-type]

    monkeypatch.setattr(module, "export_bundle", lossy)
    figures = bundle_there_and_back(demo.recordings()[:1], tmp_path)
    assert figures["different"] >= 1
    assert figures["within_a_tick"] is False
