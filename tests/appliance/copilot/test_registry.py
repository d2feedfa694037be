"""Tasks are found; what they say of themselves is everywhere."""

import importlib
from pathlib import Path

import pytest

from appliance.copilot import registry
from appliance.copilot import tasks as folder
from appliance.copilot.answers import RefusedError, Step
from appliance.copilot.grammar import clauses, spelling, words
from appliance.copilot.offline import understand
from appliance.copilot.planning import canonical_plan, start_situation

TWENTY = (
    "add_layer describe effect hold impression_to_loop inpaint lock next redo remove_layer restyle"
    " rhythm_to_loop status stop tempo text_to_loop transpose undo unlock vary"
)
NEW = """
from appliance.copilot.task import Frame, Task


class Applaud(Task):
    name = "applaud"
    help = "clap"
    says = (("applaud", "clapping"),)
    words = {"APPLAUD": {"en": "applaud"}}
    frames = (Frame("APPLAUD", "", lambda clause, situation: {}),)

    def do(self, args, desk):
        return desk.saying("clap")
"""


def test_there_are_twenty():
    assert list(registry.tasks()) == TWENTY.split()


def _forget() -> None:
    for cached in (
        registry.tasks,
        clauses.patterns,
        words.vocabulary,
        spelling._targets,
        spelling._corrected,
    ):
        cached.cache_clear()
    importlib.invalidate_caches()


def test_a_new_file_is_a_new_task_in_grammar_schema_and_help(tmp_path: Path, monkeypatch):
    (tmp_path / "applaud.py").write_text(NEW)
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    _forget()
    try:
        assert understand("please applaud", start_situation()).plan == (Step("applaud", {}),)
        assert "applaud" in str(registry.plan_schema())
        assert any(line.startswith("applaud(): clap") for line in registry.help_lines())
        assert "| `applaud` |" in registry.help_table()
    finally:
        monkeypatch.undo()
        _forget()


def test_every_task_says_what_it_does():
    for task in registry.tasks().values():
        assert task.help
        assert task.says
        assert task.frames


@pytest.mark.parametrize(
    ("task", "args", "says"),
    [
        ("fly", {}, "no task"),
        ("tempo", {"bpm": 500}, "outside"),
        ("tempo", {"bpm": "fast"}, "number"),
        ("tempo", {"bpm": True}, "number"),
        ("tempo", {}, "one of them"),
        ("tempo", {"bpm": 90, "delta_percent": 5}, "one of them"),
        ("tempo", {"volume": 3}, "takes"),
        ("transpose", {"semitones": 1.5}, "whole"),
        ("transpose", {"key": "H flat"}, "no key"),
        ("transpose", {"key": "C major"}, "mode"),
        ("transpose", {"octaves": 5}, "keyboard"),
        ("remove_layer", {"layer": "drums"}, "there is"),
        ("remove_layer", {"layer": "high"}, "no high"),
        ("add_layer", {"layer": "bass"}, "already"),
        ("inpaint", {"beats": [7, 12]}, "8 beats"),
        ("inpaint", {"beats": [5, 2]}, "upwards"),
        ("inpaint", {"beats": "5-8"}, "first, last"),
        ("effect", {"effect": "reverb"}, "echo"),
        ("undo", {"steps": 4}, "there is 3"),
        ("unlock", {"attribute": "key"}, "not locked"),
        ("lock", {"attribute": "banana"}, "bpm"),
        ("restyle", {}, "needs"),
        ("restyle", {"mood": "purple"}, "no numbers"),
        ("restyle", {"mood": "x" * 500}, "characters"),
    ],
)
def test_a_wrong_argument_is_refused_in_one_line(task, args, says):
    with pytest.raises(RefusedError, match=says) as found:
        registry.validated((Step(task, args),), start_situation())
    assert "\n" not in str(found.value)


def test_steps_are_checked_against_what_those_before_them_leave():
    drops = tuple(Step("remove_layer", {"layer": one}) for one in ("bass", "chords", "melody"))
    with pytest.raises(RefusedError, match="silence"):
        registry.validated(drops, start_situation())
    locked = (Step("lock", {"attribute": "key"}), Step("transpose", {"semitones": 2}))
    with pytest.raises(RefusedError, match="locked"):
        registry.validated(locked, start_situation())
    assert len(registry.validated(locked[::-1], start_situation())) == 2


def test_plans_that_ask_for_the_same_are_equal():
    one = [{"task": "restyle", "args": {"dynamics": "softer", "density": "less"}}]
    other = [
        {"task": "restyle", "args": {"dynamics": "soft"}},
        {"task": "restyle", "args": {"density": "sparse"}},
    ]
    assert canonical_plan(one) == canonical_plan(other)
    assert canonical_plan([{"task": "undo", "args": {}}]) == canonical_plan(
        [{"task": "undo", "args": {"steps": 1}}]
    )
    assert canonical_plan(one) != canonical_plan(other[:1])
    octave = [{"task": "transpose", "args": {"octaves": -1}}]
    assert canonical_plan(octave) == canonical_plan(
        [{"task": "transpose", "args": {"semitones": -12}}]
    )
    faster = [{"task": "tempo", "args": {"delta_percent": 10}}]
    assert canonical_plan(faster) == canonical_plan([{"task": "tempo", "args": {"bpm": 110}}])
    assert canonical_plan(faster * 2) != canonical_plan(faster)
    locks = [{"task": "lock", "args": {"attribute": name}} for name in ("key", "bpm")]
    assert canonical_plan(locks) == canonical_plan(locks[::-1])
    mixed = [*faster, *octave]
    assert canonical_plan(mixed) != canonical_plan(mixed[::-1])


def test_the_readme_has_the_table_of_tasks():
    text = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")
    found = text.split("<!-- tasks -->")[1].split("<!-- /tasks -->")[0].strip()
    assert found == registry.help_table()
