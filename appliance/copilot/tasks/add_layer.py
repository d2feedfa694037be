"""Add a track: a voice of another segment, in this key, that leaves room and finds room."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from appliance.copilot.answers import Args, RefusedError
from appliance.copilot.choosing import drawn
from appliance.copilot.desk import Desk
from appliance.copilot.edits import Edit
from appliance.copilot.loop import State, refitted, scale_to
from appliance.copilot.material import (
    HIGHEST_KEY,
    LAYERS,
    LOWEST_KEY,
    MIDDLE_C,
    VOICE,
    Material,
)
from appliance.copilot.schema import DENSITY, LAYER
from appliance.copilot.situation import Situation
from appliance.copilot.swapping import partners
from appliance.copilot.task import Frame, Task, refuse_locked
from corpus.hearing.flat import STROKE

SOURCES = {
    "bass": ("bass",),
    "chords": ("chords",),
    "melody": ("melody",),
    "low": ("bass", "chords"),
    "high": ("melody", "chords"),
}
"""The voices that can become a layer."""
LOOKED_AT = 12  # segments whose voice is weighed
BALANCE = 0.95  # loudness of a new layer against the others
DENSE = 1.0  # strokes a beat from which a layer is dense; below it is sparse


def _each(clause: Any, situation: Situation) -> Any:
    density = {"density": clause.word("THICK", "sparse", "dense")} if clause.has("THICK") else {}
    return [{"layer": layer} | density for layer in clause.values("LAYER")]


WORDS = {
    "ADD": {
        "en": (
            "add; put; bring in; put in; add in; include; throw in; introduce; layer on;"
            " bring back; put back; layer; with"
        ),
        "de": "füge hinzu; hinzufügen; füg hinzu; dazu; gib dazu; hinzu; mit; ergänze",
        "fr": "ajoute; ajouter; mets; rajoute; avec; remets",
        "es": "añade; agrega; pon; añadir; mete; con; suma; agregar",
        "it": "aggiungi; aggiungere; metti; inserisci; con",
        "pt": "adiciona; adicione; acrescenta; coloca; põe; com; adicionar; coloque",
        "ja": "加えて; 足して; 追加して; 追加; 入れて; つけて; 付けて; かけて; 加える",
        "zh": "加; 加上; 添加; 加入; 增加; 加一点; 加点; 加个; 加一个",
    },
}


class AddLayer(Task):
    name = "add_layer"
    help = "one more voice, from another segment"
    says = (
        ("add a high layer", "a melody of another segment, above"),
        ("bring the bass back", "a bass that fits, where there was none"),
    )
    args = (LAYER, DENSITY)
    words = WORDS
    frames = (
        Frame("LAYER+ BACK", "SHIFT", _each),
        Frame("ADD LAYER+", "THICK NEW TO PLAY SOME MORE LAYERS PLACE", _each),
    )

    def check(self, args: Args, situation: Situation) -> Situation:
        layer = args.get("layer")
        if layer is None:
            raise RefusedError("which layer? " + ", ".join(SOURCES))
        if layer in situation.layers:
            raise RefusedError(f"the loop has {layer} already")
        refuse_locked(situation, "layers", "sources", "density", "register")
        return situation.but(layers=situation.layers | {layer})

    def do(self, args: Args, desk: Desk) -> Desk:
        layer = args["layer"]
        state = _undropped(desk.state, layer)
        edits = _voices(state, layer, args.get("density"), desk)
        for edit in edits:
            found = refitted(replace(state, content=(*state.content, edit)), desk.shelf)
            after = desk.with_state(found)
            if not self.faults(args, desk, after) and not found.table.drifted():
                return after.saying(f"{layer} from {edit['source']}")
        raise RefusedError(f"the corpus has no {layer} that fits here")

    def faults(self, args: Args, before: Desk, after: Desk) -> Sequence[str]:
        old, new = before.state.material, after.state.material
        kept = new.only(~_new(new, args["layer"]))
        found = []
        if not np.array_equal(kept.notes, old.notes):
            found.append("former notes changed")
        if args["layer"] not in new.names:
            found.append("there is nothing in that layer")
        if most_at_once(new) > max(before.polyphony, most_at_once(old)):
            found.append(f"more than {before.polyphony} notes at once")
        if before.state.key.name != after.state.key.name:
            found.append("the key changed")
        return found


def _new(material: Material, layer: str) -> Any:
    return (material.layers & VOICE) == LAYERS.index(layer)


def most_at_once(material: Material) -> int:
    """Keys that are down together at most, without the pedal."""
    onset, end = material.notes["onset"], material.notes["onset"] + material.notes["duration"]
    moments = np.concatenate([onset, end])
    change = np.concatenate([np.ones(len(onset)), -np.ones(len(end))])
    order = np.lexsort((change, moments))
    return int(np.cumsum(change[order]).max(initial=0))


def _undropped(state: State, layer: str) -> State:
    """A layer that was removed for good is wanted again, though not the old one of this loop."""
    dropped = tuple(one for one in state.wishes.dropped if one != layer)
    return replace(state, wishes=replace(state.wishes, dropped=dropped))


def _voices(state: State, layer: str, density: str | None, desk: Desk) -> list[Edit]:
    """Edits that add a voice, best first: rhythmic complement and nearness of harmony."""
    shelf = desk.shelf
    rows, semitones, near = partners(state, shelf)
    looked = np.argsort(-near, kind="stable")[:LOOKED_AT]
    found: list[tuple[float, Edit]] = []
    for index in looked:
        other = shelf.of_row(int(rows[index]))
        for voice in SOURCES[layer]:
            edit = {"op": "add", "layer": layer, "voice": voice, "rotate": 0}
            edit |= {"source": shelf.id_of(int(rows[index]))}
            weighed = _weighed(state, other, edit, int(semitones[index]), density)
            if weighed is not None:
                found.append((weighed[0] + float(near[index]), weighed[1]))
    if not found:
        return []
    scores = np.array([score for score, _ in found])
    return [found[i][1] for i in drawn(np.arange(len(found)), scores, desk.rng)][:4]


def _weighed(
    state: State, other: Material, edit: dict[str, Any], semitones: int, density: str | None
) -> tuple[float, Edit] | None:
    """A score 0..1 for this voice, and the edit with the octave and loudness that suit it."""
    voice = other.only(other.mask(edit["voice"]) & (other.notes["onset"] >= 0))
    if len(voice.notes) == 0 or not _as_dense(voice, density):
        return None
    octave = _octave(voice, edit["layer"], semitones, state.shift)
    if octave is None:
        return None
    loud = float(state.material.notes["velocity"].mean()) * BALANCE
    scale = scale_to(voice.notes["velocity"], loud)
    score = 0.5 * _free_share(state.material, voice) + 0.5 * _harmony(state, voice, semitones)
    return score, edit | {"semitones": semitones + octave, "scale": scale}


def _as_dense(voice: Material, density: str | None) -> bool:
    strokes = len(np.unique(np.round(voice.notes["onset"] / STROKE))) / voice.beats
    return density is None or (strokes >= DENSE if density == "dense" else strokes < DENSE)


def _octave(voice: Material, layer: str, semitones: int, shift: int) -> int | None:
    """Octaves, in semitones, that put the voice where its layer belongs."""
    pitch = voice.notes["pitch"].astype(int) + semitones
    for octave in (0, -12, 12, -24, 24, -36, 36):
        moved = pitch + octave
        if (moved + shift).min() < LOWEST_KEY or (moved + shift).max() > HIGHEST_KEY:
            continue
        mean = float(moved.mean()) + shift
        right = {"low": mean < MIDDLE_C - 12, "high": mean > MIDDLE_C + 12}.get(layer, True)
        if right:
            return octave
    return None


def _free_share(material: Material, voice: Material) -> float:
    """The part of the voice's onsets at which nothing else is struck."""
    apart = np.abs(voice.notes["onset"][:, np.newaxis] - material.notes["onset"])
    return float((apart.min(axis=1) > STROKE).mean())


def _harmony(state: State, voice: Material, semitones: int) -> float:
    """How much of the voice is made of pitch classes that the loop has in the same beats."""
    notes = state.material.notes
    loop = np.zeros((int(np.ceil(state.material.beats)), 12))
    beat = np.clip(notes["onset"].astype(int), 0, len(loop) - 1)
    np.add.at(loop, (beat, (notes["pitch"].astype(int) - state.shift) % 12), notes["duration"])
    beat = np.clip(voice.notes["onset"].astype(int), 0, len(loop) - 1)
    hits = loop[beat, (voice.notes["pitch"].astype(int) + semitones) % 12] > 0
    return float(hits.mean())
