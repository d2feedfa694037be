"""What an uploader reads: what became of the recordings, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the keeper, which only says what failed, does without them
    from corpus.building.build import BuildReport
    from corpus.building.importing import TrackFacts

_HEARD = {
    "file": "as the file says",
    "notes": "found in the notes",
    "name": "from the file's name",
}


def failed(upload: str, fault: str) -> str:
    """Nothing came of it."""
    return (
        f"{upload} was not made into a corpus.\n\n{fault}\n\nThe corpus before it is still there."
        " Mend what is said above and upload again.\n"
    )


def written(name: str, report: BuildReport | int) -> str:
    """A corpus was made; a bundle that was taken as it is says only how many segments it has."""
    if isinstance(report, int):
        return f"Corpus {name}: a bundle of {report} segments, checked and taken as it is.\n"
    lines = [
        f"Corpus {name}: {report.segments} segments from {_count(len(report.tracks), 'recording')}."
    ]
    lines += ["", "Recordings", ""]
    for track in report.tracks:
        lines += _track(track)
    if report.copies:
        lines += ["", f"{_count(report.copies, 'segment')} left out, being copies of others."]
    if report.left_out:
        lines += ["", "Not used", ""] + [f"  {line}" for line in report.left_out]
    return "\n".join(lines) + "\n"


def _track(track: TrackFacts) -> Iterator[str]:
    how = _HEARD.get(track.bpm_source, f"as {track.bpm_source} says")
    sure = "" if track.bpm_source != "notes" else f", {track.bpm_confidence:.0%} sure"
    yield f"  {track.name}: {_count(track.segments, 'segment')}, {track.key}, {track.bpm:.1f} BPM"
    yield f"    tempo {how}{sure}; key {track.key_confidence:.0%} sure"
    for out in track.left_out:
        yield f"    left out: {out.reason} ({out.count})"
    for repair in track.repairs:
        yield f"    mended: {repair}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
