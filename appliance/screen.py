"""The small screen: a picture is a function of what the session shows.

It is read from the piano stool, so what matters while playing is large: the beat, how many are left
until the change, what is pending, and what is wrong. Names are small: they can wait for a pause.
"""

from collections.abc import Callable

from PIL import Image, ImageDraw

from appliance.events import View
from appliance.pixels import (
    BIG,
    CHARACTER,
    HUGE,
    TALL,
    centred,
    fitting,
    height,
    label,
    largest,
    meter,
    to_the_right,
    width,
    write,
)

SIZE = (128, 64)
_WIDTH, _HEIGHT = SIZE
_MARGIN = 2
_COLUMNS = (_WIDTH - _MARGIN + 1) // CHARACTER
_BEAT_BAR_TOP = 58
_PANEL = (0, 38, _WIDTH - 1, 55)  # the mini piano roll, or what is more urgent
_FEWEST_KEYS = 12  # of the mini roll: one key alone is not stretched over all of it

_LOOP_MARKS = {"warmup": "WARM", "ending": "END"}


def draw(view: View) -> Image.Image:
    """128x64, one bit a pixel, white on black."""
    image = Image.new("1", SIZE, 0)
    _page(view)(image, view)
    return image


def _page(view: View) -> Callable[[Image.Image, View], None]:
    if view.farewell:
        return _farewell
    if view.confirm:
        return _confirm
    if view.state == "recording":
        return _recording
    if view.state == "idle":
        return _importing if view.importing and not view.warning else _idle
    return _loop


# -- pages --------------------------------------------------------------------------------------


def _idle(image: Image.Image, view: View) -> None:
    write(image, (_MARGIN, 1), "READY", BIG)
    if view.bpm:
        to_the_right(image, _WIDTH - _MARGIN, 1, f"{view.bpm:.0f}", BIG)
    tempo = "BPM" if view.bpm else ""
    to_the_right(image, _WIDTH - _MARGIN, 20, tempo)
    room = _WIDTH - _MARGIN - (width(tempo) + CHARACTER if tempo else 0)
    write(image, (_MARGIN, 20), fitting(view.corpus, room))
    if view.warning or view.notice:
        _say(image, view.warning or view.notice, loud=bool(view.warning))
    elif view.missing:
        _missing(image, view.missing)
    else:
        centred(image, 35, "TAP TO RECORD", TALL)
        centred(image, 55, "" if view.bpm else "taps give the tempo")


def _missing(image: Image.Image, missing: tuple[str, ...]) -> None:
    """What the box has to do without: the first in large letters, the others below."""
    _say(image, f"NO {missing[0].upper()}", loud=True, top=34)
    if missing[1:]:
        write(image, (_MARGIN, 55), fitting("no " + ", no ".join(missing[1:]), _WIDTH - _MARGIN))


def _importing(image: Image.Image, view: View) -> None:
    write(image, (_MARGIN, 1), "IMPORT", BIG)
    to_the_right(image, _WIDTH - _MARGIN, 1, f"{100 * min(view.progress, 1.0):.0f}%", BIG)
    write(image, (_MARGIN, 20), fitting(view.importing, _WIDTH - _MARGIN))
    meter(image, (0, 34, _WIDTH - 1, 45), view.progress)
    centred(image, 52, view.notice or "you can play on")


def _recording(image: Image.Image, view: View) -> None:
    """Beats too, where the tempo was given and is not to be found from the taps."""
    ImageDraw.Draw(image).ellipse((2, 1, 14, 13), fill=1)
    write(image, (20, 1), "REC", BIG)
    if view.bpm:
        to_the_right(image, _WIDTH - _MARGIN, 1, f"{view.bpm:.0f}", BIG)
        beats = int(view.seconds * view.bpm / 60) + 1
        _counted(image, 2, str(beats), "beat")
        _counted(image, 76, f"{view.seconds:.0f}", "s")
    else:
        _counted(image, 46, f"{view.seconds:.0f}", "s")
    if view.warning:
        _say(image, view.warning, loud=True, top=44)
    else:
        centred(image, 52, view.notice or "tap: loop it")


def _counted(image: Image.Image, left: int, count: str, of: str) -> None:
    write(image, (left, 21), count, HUGE)
    write(image, (left + width(count, HUGE) + 4, 35), of)


def _loop(image: Image.Image, view: View) -> None:
    _beat_dot(image, view)
    write(image, (20, 1), f"{view.bpm:.0f}" if view.bpm else "", BIG)
    left, unit = _left(view)
    to_the_right(image, _WIDTH - 1, 1, f"{left}{unit}", BIG)
    _mark(image, view, 58, _WIDTH - 4 - width(f"{left}{unit}", BIG))
    write(image, (_MARGIN, 18), fitting(view.current, _WIDTH - _MARGIN))
    _queued(image, view)
    if view.warning or view.notice:
        _say(image, view.warning or view.notice, loud=bool(view.warning))
    elif view.importing:
        write(image, (_MARGIN, 43), "import")
        meter(image, (44, 41, _WIDTH - 1, 51), view.progress)
    else:
        words = fitting(view.stands, _WIDTH - _MARGIN) or view.why[:_COLUMNS]
        write(image, (_MARGIN, _PANEL[1]), words)
        _mini_roll(image, view, _PANEL[1] + (9 if words else 0))
    _beat_bar(image, view)


def _confirm(image: Image.Image, view: View) -> None:
    _say(image, view.confirm.upper() + "?", loud=True, top=4)
    centred(image, 32, "TAP TO CONFIRM", TALL)
    if view.beats:
        _beat_bar(image, view)


def _farewell(image: Image.Image, view: View) -> None:
    if view.farewell == "unplug":
        ImageDraw.Draw(image).rectangle((0, 0, _WIDTH - 1, _HEIGHT - 1), outline=1)
        centred(image, 12, "YOU MAY", BIG)
        centred(image, 36, "UNPLUG", BIG)
    elif view.farewell == "stopping":
        centred(image, 4, "SHUTTING", BIG)
        centred(image, 22, "DOWN", BIG)
        _say(image, "WAIT", loud=True, top=44)
    else:
        centred(image, 14, "STOPPED", BIG)
        centred(image, 42, "no music, no loop")


# -- parts --------------------------------------------------------------------------------------


def _say(image: Image.Image, text: str, loud: bool, top: int = _PANEL[1]) -> None:
    """Plain words over the whole width: a warning on a lit ground, a notice in a frame."""
    left, _, right, _ = _PANEL
    scale = largest(text, _WIDTH - 6)
    text = fitting(text, _WIDTH - 6, scale)
    box = (left, top, right, top + _PANEL[3] - _PANEL[1])
    ImageDraw.Draw(image).rectangle(box, fill=int(loud), outline=1)
    inset = (_PANEL[3] - _PANEL[1] + 1 - height(scale)) // 2
    centred(image, top + inset, text, scale, ink=int(not loud))


def _beat_dot(image: Image.Image, view: View) -> None:
    """Full and large on *one*, a ring on other beats: it flashes at the corner of the eye."""
    pen = ImageDraw.Draw(image)
    if not view.beats:
        return
    bar = view.bar or view.beats
    if (view.beat - 1) % bar == 0:
        pen.ellipse((0, 0, 15, 15), fill=1)
    else:
        pen.ellipse((3, 3, 12, 12), outline=1)


def _left(view: View) -> tuple[int, str]:
    """How long until something changes: beats, or loops where it takes several of them."""
    if view.pending_loops:
        return view.pending_loops, "x"
    if view.pending:
        return view.pending_beats, ""
    return max(0, view.beats - view.beat + 1), ""


def _mark(image: Image.Image, view: View, left: int, right: int) -> None:
    """The one thing that is out of the ordinary, in large letters: what was asked for last."""
    text = view.pending or ("HOLD" if view.hold else "") or _LOOP_MARKS.get(view.state, "")
    if not text:
        return
    text = fitting(text, right - left - 4, TALL)
    label(image, (left, 0), text, largest(text, right - left - 4))


def _queued(image: Image.Image, view: View) -> None:
    """What comes next, and how near it is to what plays."""
    near = f"{view.similarity:.2f}".replace("0.", ".") if view.similarity is not None else ""
    to_the_right(image, _WIDTH, 28, near)
    room = _WIDTH - 14 - (width(near) + 4 if near else 0)
    ImageDraw.Draw(image).polygon(((3, 28), (3, 34), (7, 31)), fill=1)
    write(image, (14, 28), fitting(view.queued or "the end", room))


def _mini_roll(image: Image.Image, view: View, top: int) -> None:
    """The queued notes over the width of the screen, the highest on top."""
    if not view.roll or view.roll_beats <= 0:
        return
    left, _, right, bottom = _PANEL
    pitches = [pitch for _, _, pitch in view.roll]
    middle, reach = (min(pitches) + max(pitches)) / 2, max(pitches) - min(pitches)
    reach = max(reach, _FEWEST_KEYS)
    pen = ImageDraw.Draw(image)
    for onset, length, pitch in view.roll:
        from_x, to_x = (_column(beat / view.roll_beats) for beat in (onset, onset + length))
        y = round((top + bottom) / 2 - (pitch - middle) / reach * (bottom - top - 1))
        pen.line((max(left, from_x), y, min(right, max(from_x, to_x - 1)), y), fill=1)


def _column(share: float) -> int:
    """Where a share of the way over the panel is; what lies beyond it is at most a panel away."""
    left, _, right, _ = _PANEL
    return round(left + min(max(share, -1.0), 2.0) * (right - left))


def _beat_bar(image: Image.Image, view: View) -> None:
    """One box a beat, those that have come filled; the first of each bar stands taller."""
    if not view.beats:
        return
    pen = ImageDraw.Draw(image)
    step, bar = _WIDTH / view.beats, view.bar or view.beats
    for beat in range(view.beats):
        left, right = round(beat * step), round((beat + 1) * step) - 2
        top = _BEAT_BAR_TOP if beat % bar == 0 else _BEAT_BAR_TOP + 2
        box = (left, top, max(left, right), _HEIGHT - 1)
        pen.rectangle(box, outline=1, fill=int(beat < view.beat))
