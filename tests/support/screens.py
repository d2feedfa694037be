"""Every screen that a pianist can see, and the pictures that were saved of them.

Draw them anew, and look at them all, with

    PYTHONPATH=.:tests python -m support.screens
"""

from pathlib import Path

from PIL import Image

from appliance.events import RollNote, View
from appliance.screen import SIZE, draw

FOLDER = Path(__file__).parents[1] / "appliance" / "screens"
SHEET = "all.png"
_COLUMNS, _SCALE, _GAP = 3, 3, 12

BASS = (36, 43, 41, 38, 36, 34, 31, 34)
ROLL: tuple[RollNote, ...] = tuple(
    sorted(
        [(float(beat), 0.9, key) for beat, key in enumerate(BASS)]
        + [(beat + 0.5, 0.4, key) for beat in range(8) for key in (58 + beat % 3, 63, 67)]
    )
)
LOOP = View(
    "groove",
    "demo",
    131.6,
    beat=4,
    beats=8,
    loop=7,
    current="06-gospel-eb@104",
    queued="13-second-line-bb@72",
    similarity=0.91,
    bar=4,
    roll=ROLL,
    roll_beats=8.0,
)


def loop(**changes: object) -> View:
    return View(**(LOOP.__dict__ | changes))


VIEWS: dict[str, View] = {
    "idle": View(corpus="sunday-tapes"),
    "idle-tempo": View(corpus="sunday-tapes", bpm=132.0),
    "idle-missing": View(corpus="sunday-tapes", missing=("piano", "footswitch")),
    "idle-notice": View(corpus="ein sehr langer Name mit Ümläuten und 漢字", notice="NO NOTES"),
    "idle-hot": View(corpus="sunday-tapes", warning="HOT"),
    "importing": View(corpus="sunday-tapes", importing="monday-tapes.zip", progress=0.43),
    "recording": View("recording", "sunday-tapes", seconds=7.4),
    "recording-tempo": View("recording", "sunday-tapes", 132.0, seconds=7.4),
    "recording-piano-off": View("recording", "sunday-tapes", seconds=12.0, warning="PIANO OFF"),
    "warmup": loop(state="warmup", beat=1, current="seed", queued="seed", similarity=1.0),
    "groove-one": loop(beat=1),
    "groove": loop(),
    "groove-why": loop(beat=5, why="from the seed, 3 to go"),
    "groove-stands": loop(beat=5, why="from the seed", stands="F minor, no bass, 92"),
    "groove-stands-long": loop(
        stands="F minor locked, no bass, no melody, 92", notice="", beat=2, hold=True, why="hold"
    ),
    "groove-hold": loop(beat=6, hold=True, why="hold"),
    "groove-pending": loop(beat=7, pending="NEXT", pending_beats=2),
    "groove-home": loop(pending="HOME", pending_beats=5, pending_loops=3),
    "groove-no-match": loop(similarity=None, queued="a" * 60, beats=16, beat=11, bar=4),
    "groove-import": loop(importing="monday-tapes.zip", progress=0.72),
    "groove-notice": loop(notice="8 BEATS 132 BPM"),
    "groove-piano-off": loop(warning="PIANO OFF"),
    "groove-no-switch": loop(warning="NO SWITCH"),
    "groove-timing": loop(warning="TIMING"),
    "groove-hot": loop(warning="HOT"),
    "groove-player-lost": loop(warning="PLAYER LOST"),
    "ending": loop(state="ending", queued="", similarity=None, roll=(), roll_beats=0.0),
    "confirm": loop(confirm="ending"),
    "stopped": View(farewell="stopped"),
    "stopping": View(farewell="stopping"),
    "unplug": View(farewell="unplug"),
}


def saved(name: str) -> Image.Image:
    with Image.open(FOLDER / f"{name}.png") as image:
        return image.convert("1")


def sheet() -> Image.Image:
    """All of them enlarged, in the order of VIEWS."""
    rows = -(-len(VIEWS) // _COLUMNS)
    across, down = (SIZE[0] * _SCALE + _GAP, SIZE[1] * _SCALE + _GAP)
    page = Image.new("L", (_COLUMNS * across + _GAP, rows * down + _GAP), 96)
    for number, view in enumerate(VIEWS.values()):
        row, column = divmod(number, _COLUMNS)
        large = draw(view).resize((SIZE[0] * _SCALE, SIZE[1] * _SCALE), Image.Resampling.NEAREST)
        page.paste(large.convert("L"), (_GAP + column * across, _GAP + row * down))
    return page


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    for name, view in VIEWS.items():
        draw(view).save(FOLDER / f"{name}.png", optimize=True)
    sheet().save(FOLDER / SHEET, optimize=True)


if __name__ == "__main__":
    main()
