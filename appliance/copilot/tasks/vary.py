"""Music variation: beats of a near segment take the place of some of this loop's."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from appliance.copilot.answers import Args, RefusedError
from appliance.copilot.choosing import drawn
from appliance.copilot.desk import Desk
from appliance.copilot.loop import State
from appliance.copilot.schema import AMOUNT, DENSITY, LAYER
from appliance.copilot.situation import Situation
from appliance.copilot.swapping import Window, jaccard, partners, swapped, voices
from appliance.copilot.task import Frame, Task, refuse_absent, refuse_locked, refuse_locked_notes

BANDS = ((0.35, 0.0, 0.25), (0.65, 0.1, 0.5), (1.01, 0.25, 0.9))
"""Amounts up to the first number take partners between the second and the third: shares of the
corpus in order of distance."""
DIFFERENT = 0.95  # Jaccard of notes above which nobody hears a variation
TRIES = 6


def _vary(clause: Any, situation: Situation) -> Any:
    args: dict[str, Any] = {"amount": clause.degree}
    layers = clause.values("LAYER")
    density = {"density": clause.word("THICK", "sparse", "dense")} if clause.has("THICK") else {}
    return [args | density | {"layer": layer} for layer in layers] or args | density


WORDS = {
    "VARY": {
        "en": (
            "vary; variation; variations; vary it; variant; modify; mutate; variate;"
            " different version; another version; alternative version; other version; new version;"
            " different take; another take; alternative take; new take"
        ),
        "de": "variiere; variier; variation; variieren; abwandeln; wandle ab; abwandlung",
        "fr": "varie; varier; variation; variante",
        "es": "varía; varia; variar; variación; variante; variacion",
        "it": "varia; variare; variazione; variante",
        "pt": "varia; varie; variar; variação; variante; variacao",
        "ja": "変奏; バリエーション; 変奏して; 変化をつけて; アレンジして; 変化を付けて",
        "zh": "变奏; 变化一下; 变一下; 做个变奏; 来点变化; 变化",
    },
}


class Vary(Task):
    name = "vary"
    help = "a variation of what plays, in the same tempo, key and length"
    says = (
        ("a slight variation", "one or two beats come from a near segment"),
        ("vary the melody a lot", "most of the melody comes from another segment"),
    )
    args = (AMOUNT, DENSITY, LAYER)
    words = WORDS
    frames = (
        Frame("VARY", "LAYER LAYER* TOUCH MUCH MORE FIND THICK NEW ADD PLAY SET SOME", _vary),
        Frame("NEW LAYER+", "FIND TOUCH MUCH THICK ADD PLAY", _vary),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        refuse_absent(situation, args.get("layer"))
        refuse_locked_notes(situation, args.get("layer"))
        if "density" in args:
            refuse_locked(situation, "density")
        return situation

    def do(self, args: Args, desk: Desk) -> Desk:
        state, shelf = desk.state, desk.shelf
        layer = args.get("layer")
        layers = [name for name in voices(state) if layer in (None, "low", "high", name)]
        if not layers:
            raise RefusedError("only bass, chords and melody can be varied")
        rows, semitones, near = partners(state, shelf)
        order = np.argsort(-near, kind="stable")
        low, high = _band(float(args["amount"]))
        band = order[int(low * len(order)) : max(1, int(np.ceil(high * len(order))))]
        if len(band) == 0:
            raise RefusedError("the corpus has no segment of this key and length to vary it with")
        windows = _windows(state, float(args["amount"]), desk.rng)
        for index in band[drawn(rows[band], near[band], desk.rng)][:TRIES]:
            for window in windows:
                found = swapped(
                    state, shelf, int(rows[index]), int(semitones[index]), window, layers
                )
                if found is not None and not _wrong(args, state, found):
                    return desk.with_state(found).saying(f"with {shelf.id_of(int(rows[index]))}")
        raise RefusedError("nothing near differs enough and keeps key and loudness as they are")

    def faults(self, args: Args, before: Desk, after: Desk) -> Sequence[str]:
        return _wrong(args, before.state, after.state)


def _wrong(args: Args, before: State, after: State) -> Sequence[str]:
    found = []
    if jaccard(before.material.notes, after.material.notes) >= DIFFERENT:
        found.append("that is hardly a variation")
    if before.key.name != after.key.name:
        found.append("the key changed")
    if before.bpm != after.bpm or before.material.beats != after.material.beats:
        found.append("tempo or length changed")
    return [*found, *wrong_density(args, before, after), *after.table.drifted()]


def wrong_density(args: Args, before: State, after: State) -> list[str]:
    """Where more or fewer notes were asked for, the number of notes went that way."""
    if "density" not in args:
        return []
    more = len(after.material.notes) - len(before.material.notes)
    right = more < 0 if args["density"] == "sparse" else more > 0
    return [] if right else [f"it did not become {args['density']}"]


def _band(amount: float) -> tuple[float, float]:
    return next((low, high) for most, low, high in BANDS if amount < most)


def _windows(state: State, amount: float, rng: np.random.Generator) -> list[Window]:
    """Stretches of whole beats, as long as the amount says, in chance order."""
    beats = int(state.material.beats)
    long = max(1, min(beats, round(beats * amount)))
    starts = rng.permutation(beats - long + 1)[:3]
    return [(float(start), float(start + long)) for start in starts.tolist()]
