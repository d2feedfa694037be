"""Names in pictures: any letters, in the room there is."""

import pytest
from PIL import Image, ImageDraw, ImageFont

from corpus.drawing.lettering import INSTALLED, legible, shortened, write

FONT = ImageFont.load_default(14)


def test_plain_names_need_no_installed_font() -> None:
    text, font = legible("take 3 (slow)", 14)
    assert text == "take 3 (slow)"
    assert font.getname() == FONT.getname()


@pytest.mark.parametrize(
    ("name", "without_fonts"),
    [
        ("Étude à Łódź", "Etude a ?odz"),
        ("夜曲", "??"),
        ("a\nb\tc", "a b c"),
        ("\x00\x1b[31m", "  [31m"),
        ("ﬁn", "fin"),
    ],
)
def test_without_an_installed_font_accents_go_and_the_rest_is_marked(
    name: str, without_fonts: str
) -> None:
    assert legible(name, 14, fonts=())[0] == without_fonts


def test_an_installed_font_that_has_the_letters_writes_them() -> None:
    try:
        ImageFont.truetype("DejaVuSans.ttf", 14)
    except OSError:
        pytest.skip("DejaVu Sans (fonts-dejavu-core) is not installed")
    text, font = legible("Étude Ночь", 14)
    assert text == "Étude Ночь"
    assert font.getname()[0] == "DejaVu Sans"
    assert legible("夜", 14, fonts=("DejaVuSans.ttf",))[0] == "?", (
        "a font without them is not taken"
    )


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    name = "a-very-long-recording-name-of-a-whole-evening@128"
    short = shortened(name, FONT, 160)
    assert FONT.getlength(short) <= 160
    begin, end = short.split("...")
    assert begin
    assert name.startswith(begin)
    assert name.endswith(end)
    assert end.endswith("@128")


def test_a_name_that_fits_is_whole_and_no_room_is_no_error() -> None:
    assert shortened("short", FONT, 160) == "short"
    assert shortened("short", FONT, 1) == "..."


@pytest.mark.parametrize("name", ["", "מנגינה", "夜曲 №3", "x" * 5000])
def test_any_name_is_written_within_its_width(name: str) -> None:
    picture = Image.new("L", (400, 40), 0)
    write(ImageDraw.Draw(picture), (10, 10), name, 14, "white", 200, fonts=INSTALLED)
    box = picture.getbbox()
    assert box is None or box[2] <= 212
    assert (box is None) == (name == "")
