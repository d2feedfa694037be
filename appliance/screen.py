"""The small screen: a picture is a function of what the session shows."""

from PIL import Image, ImageDraw, ImageFont

from appliance.events import View

SIZE = (128, 64)
_FONT = ImageFont.load_default_imagefont()
_LINE = 11
_COLUMNS = 21  # characters of the built-in font on a line


def draw(view: View) -> Image.Image:
    """128x64, one bit a pixel, white on black."""
    image = Image.new("1", SIZE, 0)
    canvas = ImageDraw.Draw(image)
    pages = {"idle": _idle, "recording": _recording}
    lines = pages.get(view.state, _loop)(view)
    for number, line in enumerate(lines):
        canvas.text((1, 1 + number * _LINE), _fitting(line), font=_FONT, fill=1)
    if view.beats:
        _beat_bar(canvas, view)
    return image


def _idle(view: View) -> list[str]:
    tempo = f"{view.bpm:.0f} BPM" if view.bpm else "tempo from the taps"
    return [
        "SMARTLOOPER",
        f"corpus {view.corpus}",
        tempo,
        view.warning or view.notice or "tap: record",
    ]


def _recording(view: View) -> list[str]:
    return ["RECORDING", f"{view.beat} s", "", "tap: loop it"]


def _loop(view: View) -> list[str]:
    title = view.state.upper() + (" HOLD" if view.hold else "")
    tempo = f"{view.bpm:.0f}" if view.bpm else ""
    near = f"  {view.similarity:.2f}" if view.similarity is not None else ""
    queued = f"> {view.queued}" if view.queued else "> end"
    return [
        f"{title:<{_COLUMNS - 4}}{tempo:>4}",
        f"  {view.current}",
        queued,
        view.warning or view.notice or f"{view.loop + 1}{near}",
    ]


def _beat_bar(canvas: ImageDraw.ImageDraw, view: View) -> None:
    """One box a beat, those that have come filled; the first stands taller: it is *one*."""
    width = SIZE[0] / view.beats
    for beat in range(view.beats):
        left, right = round(beat * width), round((beat + 1) * width) - 2
        top = 50 if beat == 0 else 54
        canvas.rectangle((left, top, max(left, right), 63), outline=1, fill=int(beat < view.beat))


def _fitting(line: str) -> str:
    """Shortened in the middle: names differ at both ends."""
    text = line.encode("latin-1", "replace").decode("latin-1")
    if len(text) <= _COLUMNS:
        return text
    half = (_COLUMNS - 1) // 2
    return text[:half] + "~" + text[-(_COLUMNS - 1 - half) :]
