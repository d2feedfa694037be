"""The figures of an import, on a handful of songs."""

import json
import shutil
from pathlib import Path

import pytest

from appliance.bench.importing import PARTS, import_figures
from appliance.cli import main
from appliance.errors import ConfigError


@pytest.fixture
def few(pop909: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "songs"
    folder.mkdir()
    for number in (1, 2, 10):
        for kind in ("mid", "beats.txt", "key.txt"):
            shutil.copy(pop909 / f"{number:03d}.{kind}", folder)
    return folder


def test_every_part_that_is_asked_for_is_measured(few: Path) -> None:
    said: list[str] = []
    figures = import_figures(few, ("beats", "keys", "build"), said.append)
    assert list(figures) == ["beats", "keys", "build"]
    assert figures["beats"]["piano"]["songs"] == 3
    assert 0 <= figures["keys"]["all"]["mirex"] <= 1
    built = figures["build"]
    assert built["tracks"] + built["left_out_files"] == 3
    assert 0 < built["import_s"] <= built["build_s"]
    assert built["peak_mb"] > 50
    assert len(said) == 6


def test_the_command_prints_one_line_of_json(few: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "import", "--data", str(few), "--only", "keys", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["keys"]["piano"]["songs"] == 3
    assert captured.out.count("\n") == 1


def test_a_part_or_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=", ".join(PARTS)):
        import_figures(tmp_path, ("beat",), print)
    with pytest.raises(ConfigError, match="no POP909 songs"):
        import_figures(tmp_path, (), print)
