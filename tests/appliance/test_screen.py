import numpy as np
import pytest
from PIL import Image

from appliance.events import View
from appliance.screen import SIZE, draw

VIEWS = [
    View(corpus="demo"),
    View("recording", "demo", beat=4),
    View("warmup", "demo", 132.0, 5, 16, 0, "seed", "seed", 1.0),
    View("groove", "demo", 131.5, 3, 8, 7, "06-gospel-eb@104", "13-second-line-bb@72", 0.91, True),
    View("ending", "demo", 132.0, 8, 8, 7, "06-gospel-eb@104"),
    View(corpus="ein sehr langer Name mit Ümläuten und 漢字", notice="NO NOTES"),
    View("groove", "x", 240.0, 1, 1, 9999, "a" * 200, "b" * 200, -0.5),
    View("groove", "x", 30.0, 64, 64, 0, "a", "b", None),
]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_a_picture(view: View) -> None:
    image = draw(view)
    assert image.size == SIZE
    assert image.mode == "1"
    lit = np.asarray(image).mean()
    assert 0.01 < lit < 0.6
    assert draw(view).tobytes() == image.tobytes()


def test_different_views_are_different_pictures() -> None:
    assert len({draw(view).tobytes() for view in VIEWS}) == len(VIEWS)


def bar(image: Image.Image) -> float:
    return float(np.asarray(image)[56:62].mean())


def test_the_beat_bar_fills() -> None:
    filled = [
        bar(draw(View("groove", "x", 120.0, beat, 8, 0, "a", "b", 0.5))) for beat in range(1, 9)
    ]
    assert filled == sorted(filled)
    assert filled[-1] > filled[0] + 0.5
