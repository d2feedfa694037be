"""Draws session.png, the first session in pictures: `python -m deploy.pictures.session`.

The screens are those that the tests compare with, so they are what the box shows.
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
SCREENS = HERE.parents[1] / "tests/appliance/screens"
OUT = HERE / "session.png"
SCALE, GAP, CAPTION = 2, 16, 26
COLUMNS = 3

STORY = (
    ("idle", "1  ready: tap"),
    ("recording", "2  play, and tap again"),
    ("warmup", "3  your seed loops"),
    ("groove", "4  your phrases, and the next"),
    ("groove-hold", "5  tap: hold this phrase"),
    ("ending", "6  hold one second: it ends"),
)


def draw() -> Image.Image:
    """Screens in rows, each with a line below."""
    width, height = 128 * SCALE + GAP, 64 * SCALE + CAPTION + GAP
    rows = -(-len(STORY) // COLUMNS)
    image = Image.new("L", (COLUMNS * width + GAP, rows * height + GAP), 255)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(16)
    for number, (name, caption) in enumerate(STORY):
        row, column = divmod(number, COLUMNS)
        left, top = GAP + column * width, GAP + row * height
        with Image.open(SCREENS / f"{name}.png") as screen:
            image.paste(screen.convert("L").resize((128 * SCALE, 64 * SCALE), 0), (left, top))
        pen.text((left, top + 64 * SCALE + 5), caption, fill=0, font=font)
    return image


if __name__ == "__main__":
    draw().save(OUT, optimize=True)
