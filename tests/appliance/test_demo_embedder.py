import pytest

from appliance import demo
from models import tflite
from models.pitch_histogram import PitchHistogram


def test_without_a_runtime_the_demo_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflite, "RUNTIMES", ("no_such_runtime_anywhere",))
    lines: list[str] = []
    assert isinstance(demo._demo_embedder(lines.append), PitchHistogram)
    (line,) = lines
    assert "no runtime for TFLite models" in line
    assert "the demo corpus uses pitch-histogram" in line
    assert "\n" not in line


def test_with_a_runtime_the_demo_uses_the_shipped_encoder() -> None:
    lines: list[str] = []
    assert demo._demo_embedder(lines.append).name == demo.EMBEDDER == "notes-encoder"
    assert lines == []
