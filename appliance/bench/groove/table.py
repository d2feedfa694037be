"""The figures of `bench groove` as text."""

from collections.abc import Mapping
from typing import Any

Figures = Mapping[str, Any]

COLUMNS: tuple[tuple[str, str, str, int], ...] = (
    ("step", "step", "mean step from a loop to another one, in mean steps of `random`", 2),
    ("largest", "largest_step", "largest step, in median steps of `random`", 2),
    ("effect", "effect_size", "likeness of consecutive loops against `random`, Cohen's d", 1),
    ("repeat", "repeats", "share of exact repeats", 2),
    ("pingpong", "ping_pong", "longest run to and fro between two segments", 0),
    ("distinct", "distinct", "segments heard in a walk", 0),
    ("bits", "entropy_bits", "entropy of what was heard", 1),
    ("transp", "transposition_changes", "changes of transposition in 100 loops", 0),
    ("keys", "key_changes", "changes of the key signature that sounds, in 100 loops", 0),
    ("span", "register_span", "semitones that nine of ten mean pitches lie within", 0),
    ("labels", "labels_kept", "share of moves that keep a label", 2),
    ("pitch", "boundary_pitch", "distance in pitch classes across a boundary", 2),
    ("rhythm", "boundary_rhythm", "distance in rhythm across a boundary", 2),
    ("early", "early", "distance from the seed in the first twenty loops, in steps at random", 2),
    ("late", "late", "the same in the last twenty", 2),
    ("ahead", "decided_ahead_beats", "fewest beats that a loop was decided ahead", 1),
)
"""Heading, figure, meaning, digits."""
_EDGE = 20  # loops at either end of a walk
_NAME = 14  # letters


def table(figures: Figures) -> str:
    """All that there is to read, in lines of a fixed-width font."""
    parts = [_heading(figures)]
    parts += [_corpus(name, found) for name, found in figures["corpora"].items()]
    parts += [_targets(figures["targets"])]
    if figures["listening"] is not None:
        parts += [_listening(figures["listening"])]
    return "\n\n".join(parts) + "\n"


def rows(found: Figures) -> dict[str, list[str]]:
    """A row of cells for each policy, in the order of COLUMNS."""
    return {
        name: [_cell(_values(one, found).get(key), digits) for _, key, _, digits in COLUMNS]
        for name, one in found["policies"].items()
    }


def _values(one: Figures, found: Figures) -> dict[str, Any]:
    away = [value / found["random_step"] for value in one["distance"]]
    ends = {"early": away[:_EDGE], "late": away[-_EDGE:]}
    return {**one, **{name: sum(part) / len(part) for name, part in ends.items()}}


def _cell(value: Any, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _heading(figures: Figures) -> str:
    said = (
        f"{figures['seeds']} seeds, {figures['loops']} loops each, compared by"
        f" {figures['embedder']}"
    )
    return "\n".join([said, *(f"  {head:9} {meaning}" for head, _, meaning, _ in COLUMNS)])


def _corpus(name: str, found: Figures) -> str:
    wide = [max(6, len(head) + 1) for head, *_ in COLUMNS]
    heads = [f"{head:>{room}}" for (head, *_), room in zip(COLUMNS, wide, strict=True)]
    lines = [
        f"{policy:{_NAME}}"
        + "".join(f"{cell:>{room}}" for cell, room in zip(row, wide, strict=True))
        for policy, row in rows(found).items()
    ]
    return "\n".join(
        [
            f"{name}: {found['segments']} segments; from one to the next as they were recorded:"
            f" pitch {found['recorded_pitch']:.2f}, rhythm {found['recorded_rhythm']:.2f}",
            " " * _NAME + "".join(heads),
            *lines,
        ]
    )


def _targets(found: list[dict[str, Any]]) -> str:
    lines = [
        f"{'ok' if one['met'] else 'MISSED':7} {one['corpus']:10} {one['what']:40}"
        f" {_said(one['value']):>8}  {one['limit']}"
        for one in found
    ]
    return "\n".join(["What the groove keeps to:", *lines])


def _listening(found: Figures) -> str:
    lines = [
        f"{'ok' if one['works'] and not one['beyond'] else 'NOT SURE':9}"
        f" {one['habit']:11} {one['player']:8} {_effects(one):40}"
        f" {'and ' + ', '.join(one['beyond']) if one['beyond'] else ''}".rstrip()
        for one in found["claims"]
    ]
    heading = (
        f"How it listens ({found['corpus']}, {found['pairs']} pairs of concerts of {found['loops']}"
        " loops; effects in standard deviations from loop to loop):"
    )
    return "\n".join([heading, *lines])


def _effects(claim: Figures) -> str:
    """What was to move, how far it did, and how likely that is by chance."""
    measures = ((name, claim["measures"][name]) for name in claim["own"])
    return ", ".join(f"{name} {one['effect']:+.2f} (p {one['p']:.4f})" for name, one in measures)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3f}".rstrip("0").rstrip(".")
