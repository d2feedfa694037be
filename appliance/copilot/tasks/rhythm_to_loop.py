"""Drum pattern to music: what was tapped on the switch or on one key, found in the corpus."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.copilot.answers import Args, RefusedError
from appliance.copilot.desk import Desk
from appliance.copilot.finding import asked_of, reachable, taken, wanted_scores
from appliance.copilot.material import Material
from appliance.copilot.schema import BPM, DENSITY, KEY, STYLE
from appliance.copilot.shelf import Shelf
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task
from appliance.copilot.tasks.text_to_loop import attributes, check_found

FEWEST = 3
NEAR = 1 / 16  # beats
GRID = 4  # slots a beat that a first look uses
LOOKED_AT = 24

Onsets = NDArray[np.float64]


def _rhythm(clause: Any, situation: Situation) -> Any:
    return attributes(clause)


WORDS = {
    "RHYTHM": {
        "en": (
            "rhythm; pattern; groove i tapped; beat i tapped; taps; tapping;"
            " rhythm i just tapped; rhythm i tapped; rhythm i played; rhythm i just played;"
            " rhythm i clapped; rhythm i just clapped; pattern i tapped;"
            " pattern i just tapped; pattern i played; pattern i just played; what i tapped;"
            " what i just tapped; beat i just tapped; my rhythm; my taps; my tapping;"
            " this rhythm; tapped rhythm; the beat i gave you"
        ),
        "de": (
            "rhythmus; meinen rhythmus; geklopften rhythmus; rhythmus den ich geklopft habe;"
            " getippten rhythmus; klopfrhythmus"
        ),
        "fr": "rythme; mon rythme; rythme que j'ai tapé; rythme que je viens de taper",
        "es": "ritmo; mi ritmo; ritmo que toqué; ritmo que acabo de tocar",
        "it": "ritmo; mio ritmo; ritmo che ho battuto; ritmo che ho suonato",
        "pt": "ritmo; meu ritmo; ritmo que toquei; ritmo que bati",
        "ja": "リズム; 叩いたリズム; 今叩いたリズム; タップしたリズム",
        "zh": "节奏; 我敲的节奏; 刚才的节奏; 我刚敲的节奏",
    },
    "MATCH": {
        "en": (
            "use; match; follow; fit; fits; that fits; matches; that matches; to; based on;"
            " from; take; with; that follows"
        ),
        "de": "nimm; nutze; passend zu; passend zum; zu; folge; benutze; verwende; zum",
        "fr": "utilise; suis; prends; sur; avec; d'après",
        "es": "usa; sigue; utiliza; con; según",
        "it": "usa; segui; prendi; con; secondo",
        "pt": "usa; use; segue; siga; com",
        "ja": "使って; 合わせて; で; 合う",
        "zh": "用; 按; 跟着; 配合; 按照; 根据",
    },
}


ABOUT = "FIND SOMETHING LOOP NEW SOME PLAY LIKE THICK STYLE KEY NUM BPM AT IN TO"


class RhythmToLoop(Task):
    name = "rhythm_to_loop"
    help = "another loop of the corpus, with the rhythm that was just tapped or played on one key"
    says = (("use the rhythm I just tapped", "the segment whose onsets fit it best"),)
    args = (DENSITY, STYLE, KEY, BPM)
    words = WORDS
    frames = (
        Frame("RHYTHM FIND|SOMETHING", "MATCH* " + ABOUT, _rhythm),
        Frame("RHYTHM MATCH", "MATCH* LIKE " + ABOUT, _rhythm),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        if situation.taps is not None and situation.taps < FEWEST:
            raise RefusedError(f"tap at least {FEWEST} times first, or play one key")
        return check_found(args, situation)

    def do(self, args: Args, desk: Desk) -> Desk:
        taps = desk.taps
        if taps is None or len(taps) < FEWEST:
            raise RefusedError(f"tap at least {FEWEST} times first, or play one key")
        asked = asked_of(args, desk.state)
        rows, semitones = reachable(asked, desk.state, desk.shelf)
        looked = _likely(taps, desk.shelf, rows)
        rows, semitones = rows[looked], semitones[looked]
        found = [best_match(taps, desk.shelf.of_row(int(row))) for row in rows]
        scores = np.array([score for score, _ in found])
        bar = random_match(taps, desk.shelf)
        good = scores > bar
        if not good.any():
            raise RefusedError("nothing in the corpus has that rhythm more than by chance")
        rotations = np.array([turn for _, turn in found])[good]
        weighed = scores[good] + 0.02 * wanted_scores(asked, desk.shelf, rows[good])
        return taken(desk, args, asked, desk.state, rows[good], semitones[good], weighed, rotations)

    def faults(self, args: Args, before: Desk, after: Desk) -> Sequence[str]:
        taps = before.taps
        if taps is None:
            return ("there were no taps",)
        base = after.state.base
        score = onset_f1(taps, after.shelf.of_row(base.row, base.rotate))
        low = score <= random_match(taps, after.shelf)
        return (f"the rhythm fits only {score:.2f}",) if low else ()


def onset_f1(taps: Onsets, material: Material) -> float:
    """F1 of the taps (beats from the first beat of a loop) against a loop's onsets, NEAR apart."""
    beats = material.beats
    heard = np.unique(np.round(np.mod(material.notes["onset"], beats), 6))
    wanted = np.mod(taps, beats)
    apart = np.abs(wanted[:, np.newaxis] - heard)
    near = np.minimum(apart, beats - apart) <= NEAR
    hit, found = near.any(axis=1).mean(), near.any(axis=0).mean()
    return float(2 * hit * found / (hit + found)) if hit + found else 0.0


def best_match(taps: Onsets, material: Material) -> tuple[float, int]:
    """The best F1 under rotation by whole beats, and that rotation."""
    scores = [onset_f1(taps + turn, material) for turn in range(int(material.beats))]
    best = int(np.argmax(scores))
    return scores[best], best


def random_match(taps: Onsets, shelf: Shelf) -> float:
    """The 95th percentile of what random segments reach, entered where they begin."""
    return float(np.percentile([onset_f1(taps, material) for material in shelf.some], 95))


def _likely(taps: Onsets, shelf: Shelf, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the rows whose onset grid is nearest to the taps under some rotation."""
    grids = shelf.onset_grids(GRID)[rows]
    slots = grids.shape[1]
    wanted = np.zeros(slots)
    wanted[np.round(np.mod(taps, slots / GRID) * GRID).astype(int) % slots] = 1
    turned = np.stack([np.roll(wanted, -turn * GRID) for turn in range(slots // GRID)])
    both = grids @ turned.T
    total = grids.sum(axis=1)[:, np.newaxis] + wanted.sum()
    scores = (2 * both / np.maximum(total, 1)).max(axis=1)
    return np.argsort(-scores, kind="stable")[:LOOKED_AT]
