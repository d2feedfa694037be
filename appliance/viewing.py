"""What of a session can be seen: its view, which is shown anew when something on it has changed."""

from dataclasses import replace
from typing import NamedTuple

from appliance.arranger import Loop
from appliance.events import RollNote, Show, State, View
from appliance.planned import Planned
from appliance.playing import Playing
from appliance.standing import in_brief

NOTICE_NS = 4_000_000_000
RECORDED_STEP = 0.1  # seconds; a recording is not counted more finely

Roll = tuple[RollNote, ...]


class Scene(NamedTuple):
    """A session as it stands; `recorded` is how many seconds long the recording is, if one is
    made."""

    state: State
    corpus: str
    bpm: float | None  # that is set
    recorded: float | None
    playing: Playing | None


class Viewer:
    """Keeps what is told for a while, and what was shown last; `now` (ns) is set from outside.
    `notices` counts what was told."""

    def __init__(self) -> None:
        self.now = 0
        self.warning = ""
        self.notices = 0
        self._notice, self._until = "", 0
        self._shown: View | None = None
        self._rolled: tuple[Loop, Roll] | None = None

    def say(self, notice: str) -> None:
        """In place of what was told last."""
        self._notice, self._until = notice, self.now + NOTICE_NS
        self.notices += 1

    def show(self, scene: Scene) -> list[Show]:
        """Ask for a new picture when something on it has changed."""
        view = self._view(scene)
        if view == self._shown:
            return []
        self._shown = view
        return [Show(view)]

    def _view(self, scene: Scene) -> View:
        notice = self._notice if self.now < self._until else ""
        view = View(scene.state, scene.corpus, scene.bpm, notice=notice, warning=self.warning)
        if scene.playing is not None:
            return self._loop(view, scene.playing)
        return view if scene.recorded is None else _recording(view, scene.recorded)

    def _loop(self, view: View, playing: Playing) -> View:
        current, queued, pending = playing.current, playing.queued, playing.pending
        beat = playing.transport.beat_at(self.now) - current.loop.start
        return replace(
            view,
            bpm=round(playing.transport.bpm, 1),
            beat=int(min(max(beat, 0.0), current.loop.beats - 1)) + 1,
            beats=round(current.loop.beats),
            loop=current.loop.number,
            current=current.source,
            queued=queued.source if queued else "",
            similarity=round(queued.choice.similarity, 2) if queued else None,
            hold=playing.hold,
            why=(queued or current).choice.why,
            pending=pending.word if pending else "",
            pending_beats=pending.beats if pending else 0,
            pending_loops=pending.loops if pending else 0,
            bar=max(1, round(current.phrase.bar)),
            roll=self._roll(queued),
            roll_beats=queued.loop.beats if queued else 0.0,
            stands=in_brief(current.talk.copilot.state) if current.talk else "",
        )

    def _roll(self, queued: Planned | None) -> Roll:
        """Made once a loop: the view is looked at many times a second."""
        if queued is None:
            return ()
        if self._rolled is None or self._rolled[0] is not queued.loop:
            self._rolled = queued.loop, _roll_of(queued.loop)
        return self._rolled[1]


def _recording(view: View, recorded: float) -> View:
    """The beat that sounds, at a given tempo; else whole seconds count."""
    beat = int(recorded) if view.bpm is None else int(recorded * view.bpm / 60) + 1
    steps = int(recorded / RECORDED_STEP + 1e-6)
    return replace(view, beat=beat, seconds=round(steps * RECORDED_STEP, 1))


def _roll_of(loop: Loop) -> Roll:
    notes = loop.notes
    onsets = (notes["onset"] - loop.start).round(3).tolist()
    lengths = notes["duration"].round(3).tolist()
    return tuple(sorted(zip(onsets, lengths, notes["pitch"].tolist(), strict=True)))
