"""A performance as sound, where FluidSynth and a General MIDI soundfont are installed."""

import shutil
import subprocess
from pathlib import Path

from appliance.folder import PERFORMANCE

WAV = "performance.wav"
SOUNDFONT_FOLDERS = (Path("/usr/share/sounds/sf2"), Path("/usr/share/soundfonts"))
HOW = "for performance.wav: sudo apt install fluidsynth fluid-soundfont-gm"
LIMIT_SECONDS = 600


def render(folder: Path) -> str:
    """Write performance.wav; returns one line that says where it is, or how to get it."""
    program, font = shutil.which("fluidsynth"), _soundfont()
    if program is None or font is None:
        return HOW
    wav = folder / WAV
    arguments = ["-n", "-i", "-q", "-r", "44100", "-F", str(wav), str(font)]
    try:
        subprocess.run(
            [program, *arguments, str(folder / PERFORMANCE)],
            check=True,
            capture_output=True,
            timeout=LIMIT_SECONDS,
        )
    except (subprocess.SubprocessError, OSError) as error:
        return f"no performance.wav: {program} failed ({error})"
    return f"sound: {wav}"


def _soundfont() -> Path | None:
    fonts = [font for folder in SOUNDFONT_FOLDERS for font in sorted(folder.glob("*.sf[23]"))]
    return max(fonts, key=lambda font: font.stat().st_size, default=None)
