"""What was found, to listen to: the query, then each of its nearest, one after another."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from corpus.cutting.rotation import rotated
from corpus.keeping.bundle import Bundle
from corpus.midiwrite import write_phrase
from corpus.neighbours import Neighbours
from models.notes import Notes, Pedals, Phrase, sort_notes, transposed

REST = 1.0  # beats between two phrases


def write_nearest(bundle: Bundle, query: Phrase, found: Neighbours, out: Path) -> None:
    """Write a MIDI file of the query and the segments found, in their transpositions.

    `found` is a row of the neighbour table, or what `nearest_to` answers. All of it is at the
    query's tempo; OSError where the file cannot be written.
    """
    heard = [as_found(bundle, one) for one in found]
    write_phrase(out, medley([query, *heard]), f"nearest in {bundle.name}")


def as_found(bundle: Bundle, one: Neighbours) -> Phrase:
    """The segment of one entry of the neighbour table, rotated and transposed as it says."""
    phrase = bundle.phrase(int(one["segment"]))
    return transposed(rotated(phrase, int(one["rotate"])), int(one["transpose"]))


def medley(phrases: Sequence[Phrase]) -> Phrase:
    """The phrases one after another as one phrase, at the tempo and metre of the first.

    Each keeps its lead-in; a note that rings over its end stops where the next begins, and every
    pedal is let go at the end.
    """
    start, notes, pedals = float(np.ceil(_lead_in(phrases[0]))), [], []
    followers: list[Phrase | None] = [*phrases[1:], None]
    for phrase, follower in zip(phrases, followers, strict=True):
        room = phrase.beats + REST - (_lead_in(follower) if follower else 0.0)
        notes.append(_moved(_cut(phrase.notes, room), start))
        pedals.append(_pedals(phrase, start))
        start += phrase.beats + REST
    return replace(
        phrases[0],
        notes=sort_notes(np.concatenate(notes)),
        pedals=np.concatenate(pedals),
        beats=start,
    )


def _lead_in(phrase: Phrase) -> float:
    return max(0.0, -float(phrase.notes["onset"].min(initial=0.0)))


def _cut(notes: Notes, room: float) -> Notes:
    kept = notes[notes["onset"] < room].copy()
    kept["duration"] = np.minimum(kept["duration"], room - kept["onset"])
    return kept


def _moved(notes: Notes, beats: float) -> Notes:
    notes["onset"] += beats
    return notes


def _pedals(phrase: Phrase, start: float) -> Pedals:
    """The events within the phrase, then all that were used let go."""
    inside = phrase.pedals[phrase.pedals["beat"] < phrase.beats].copy()
    used = np.unique(inside["control"])
    release = np.zeros(len(used), inside.dtype)
    release["beat"], release["control"] = phrase.beats, used
    events: Pedals = np.concatenate([inside, release])
    events["beat"] += start
    return events
