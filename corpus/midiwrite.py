"""Note arrays in beats to MIDI files. Writing is mido's."""

import io
from pathlib import Path
from typing import Any

import mido

from corpus.keeping import atomic
from models.notes import Notes, Pedals, Phrase

TICKS_PER_BEAT = 960  # of the files written here
_RELEASE, _STRIKE, _PEDAL = 0, 1, 2  # their order at one tick

Event = tuple[int, int, Any]
"""Tick, order at that tick, message."""


def write_phrase(path: Path, phrase: Phrase, name: str, offset: float = 0.0) -> None:
    """Write a phrase as a type 1 file, its first beat at `offset` to leave room for a lead-in."""
    events = _note_events(phrase.notes, offset) + _pedal_events(phrase.pedals, offset)
    tracks = [tempo_track([(0.0, phrase.bpm)], phrase.bar), message_track(name, events)]
    save_midi(path, tracks, end=offset + phrase.beats)


def to_tick(beat: float) -> int:
    return round(beat * TICKS_PER_BEAT)


def tempo_track(tempos: list[tuple[float, float]], bar: float) -> mido.MidiTrack:
    """The conductor track: metre, and (beat, BPM) tempo changes."""
    events = [
        (to_tick(b), 1, mido.MetaMessage("set_tempo", tempo=round(6e7 / bpm))) for b, bpm in tempos
    ]
    numerator, denominator = _metre(bar)
    metre = mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)
    return message_track("tempo", [(0, 0, metre), *events])


def message_track(name: str, events: list[Event]) -> mido.MidiTrack:
    """(tick, order at that tick, message) events as one track in time order."""
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def save_midi(path: Path, tracks: list[mido.MidiTrack], end: float) -> None:
    """Write the tracks, each closed at beat `end` or at its own last event; names are UTF-8. The
    file is whole or not there."""
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, charset="utf-8")
    for track in tracks:
        length = sum(message.time for message in track)
        rest = max(0, to_tick(end) - length)
        midi.tracks.append([*track, mido.MetaMessage("end_of_track", time=rest)])
    data = io.BytesIO()
    midi.save(file=data)
    atomic.write_bytes(path, data.getvalue())


def _metre(bar: float) -> tuple[int, int]:
    """Numerator and denominator of a bar of that many quarter notes, as plain as can be."""
    denominator = 4
    while not (bar * denominator / 4).is_integer() and denominator < 64:
        denominator *= 2
    return round(bar * denominator / 4), denominator


def _note_events(notes: Notes, offset: float) -> list[Event]:
    """A note that is shorter than a tick gets one, or it would end before it begins."""
    events: list[Event] = []
    for onset, duration, pitch, velocity in notes.tolist():
        start = to_tick(offset + onset)
        end = max(start + 1, to_tick(offset + onset + duration))
        events.append((start, _STRIKE, mido.Message("note_on", note=pitch, velocity=velocity)))
        events.append((end, _RELEASE, mido.Message("note_off", note=pitch)))
    return events


def _pedal_events(pedals: Pedals, offset: float) -> list[Event]:
    return [
        (
            to_tick(offset + beat),
            _PEDAL,
            mido.Message("control_change", control=control, value=value),
        )
        for beat, control, value in pedals.tolist()
    ]
