from pathlib import Path

import numpy as np
import pytest

from models.curve import WIDTH, draw, main, read_losses
from models.errors import ModelError

LINES = [
    "stage,step,loss,part_1,part_2,validation,rate,minutes",
    "diffusion,50,0.5,0.5,0,,1e-3,0.1",
    "diffusion,100,0.4,0.4,0,0.45,1e-3,0.2",
    "contrast,50,2,1,1,,1e-3,0.3",
    "contrast,100,9,1,1,,1e-3,0.3",
    "contrast,100,1.5,1,1,1.75,1e-3,0.4",
]


@pytest.fixture
def losses(tmp_path: Path) -> Path:
    path = tmp_path / "loss.csv"
    path.write_text("\n".join(LINES))
    return path


def test_losses_are_read_by_stage_and_the_last_word_counts(losses: Path) -> None:
    assert read_losses(losses) == {
        "diffusion": {"loss": [(50, 0.5), (100, 0.4)], "validation": [(100, 0.45)]},
        "contrast": {"loss": [(50, 2), (100, 1.5)], "validation": [(100, 1.75)]},
    }


def test_each_stage_has_a_panel_with_both_curves(losses: Path) -> None:
    pixels = np.asarray(draw(read_losses(losses)))
    assert pixels.shape[1] == 2 * WIDTH
    for panel in (pixels[:, :WIDTH], pixels[:, WIDTH:]):
        assert (panel == [255, 0, 0]).all(axis=-1).sum() > 10
        assert (panel == [0, 0, 0]).all(axis=-1).sum() > 50


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", LINES[0], LINES[0] + "\ndiffusion,x,1\n"])
def test_another_file_is_one_clear_line(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.csv"
    path.write_text(content)
    with pytest.raises(ModelError, match=r"other\.csv: no "):
        read_losses(path)
    assert main([str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
