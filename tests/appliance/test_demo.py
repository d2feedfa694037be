"""The whole instrument on the simulated clock, judged from its files alone."""

import contextlib
import itertools
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from support.music import make_bundle, phrase

from appliance.demo import Demo, demo_bundle, play
from appliance.errors import SessionFolderError
from appliance.folder import write_performance
from appliance.plot import plot_session
from appliance.verify import VerificationError, verify_session
from corpus import demo as demo_corpus
from corpus.building.build import BuildSettings, build_bundle
from corpus.errors import CorpusError
from corpus.keeping.bundle import Bundle, open_bundle
from corpus.midiwrite import write_phrase
from models.errors import ModelError
from models.notes import note_array

FILES = {
    "performance.mid",
    "seed.mid",
    "provenance.jsonl",
    "events.jsonl",
    "session.json",
    "stage.png",
    "oled.gif",
}


def perform(out: Path, **more: object) -> Path:
    wanted = {"fast": True, "out": out, "loops": 20} | more
    return play(Demo(**wanted), lambda line: None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return perform(tmp_path_factory.mktemp("demo") / "one")


@pytest.fixture
def copy(played: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(played, tmp_path / "copy"))


def lines(folder: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def system_notes(folder: Path) -> list[tuple[int, int, int, int]]:
    """(start, end, pitch, velocity) in ticks, by plain reading."""
    (track,) = [t for t in mido.MidiFile(folder / "performance.mid").tracks if t.name == "system"]
    tick, down, notes = 0, {}, []
    for message in track:
        tick += message.time
        if message.type == "note_on" and message.velocity:
            assert message.note not in down
            down[message.note] = (tick, message.velocity)
        elif message.type == "note_off":
            start, velocity = down.pop(message.note)
            notes.append((start, tick, message.note, velocity))
    assert not down
    return notes


def test_the_folder_is_complete(played: Path) -> None:
    assert {file.name for file in played.iterdir()} == FILES
    session = json.loads((played / "session.json").read_text())
    assert session["loops"] == 20
    assert session["seed"]["beats"] == 16
    assert session["gaps_ms_max"] == 0
    assert session["stuck_notes"] == 0
    assert session["late_over_1ms"] == 0
    assert session["warmup_loops"] == 2
    assert session["distinct_segments"] > 5
    assert session["lateness_us"]["count"] > 1000


def test_boundaries_fall_on_the_grid_and_loops_are_decided_ahead(played: Path) -> None:
    loops = lines(played, "provenance.jsonl")
    for one, other in itertools.pairwise(loops):
        assert other["start_beat"] == one["start_beat"] + one["beats"]  # type: ignore[operator]
        assert other["decided_ahead_beats"] >= 4  # type: ignore[operator]
    assert [loop["loop"] for loop in loops] == list(range(20))


def test_every_note_is_the_artists_by_plain_counting(played: Path) -> None:
    """An oracle of its own: no arranger, no bundle class, only arrays and files."""
    bundle = demo_bundle().path
    segments, notes = np.load(bundle / "segments.npy"), np.load(bundle / "notes.npy")
    row_of = {name: row for row, name in enumerate(segments["id"].tolist())}
    seed: list[tuple[float, int, int]] = []
    tick = 0
    for message in next(t for t in mido.MidiFile(played / "seed.mid").tracks if t.name == "seed"):
        tick += message.time
        if message.type == "note_on":
            seed.append((tick / 960 - 4, message.note, message.velocity))
    expected: Counter[tuple[int, int, int]] = Counter()
    scales = set()
    for line in lines(played, "provenance.jsonl"):
        start, shift = float(str(line["start_beat"])), int(str(line["transpose"]))
        scale = float(str(line["velocity_scale"]))
        scales.add(scale)
        assert line["edits"] == [], "choose a random seed whose seed is not varied"
        if line["source"] == "seed":
            source = seed
        else:
            segment = segments[row_of[line["source"]]]
            first = int(segment["first_note"])
            own = notes[first : first + int(segment["notes"])].tolist()
            source = [(onset, pitch, velocity) for onset, _, pitch, velocity in own]
        for onset, pitch, velocity in source:
            level = min(127, max(1, round(velocity * scale)))
            expected[round((start + onset) * 960), pitch + shift, level] += 1
    assert len(scales) > 1, "the groove plays under the pianist"
    heard = system_notes(played)
    assert len(heard) > 500
    for start, _, pitch, velocity in heard:
        near = [(start + d, pitch, velocity) for d in (0, -1, 1)]
        match = next((key for key in near if expected[key]), None)
        assert match is not None, (start, pitch, velocity)
        expected[match] -= 1
    left_out = sum("omitted" in line for line in lines(played, "events.jsonl"))
    assert sum(expected.values()) == left_out


def test_the_pianist_is_there_too(played: Path) -> None:
    tracks = {track.name: track for track in mido.MidiFile(played / "performance.mid").tracks}
    solo = [m for m in tracks["player"] if m.type == "note_on" and m.velocity]
    assert len(solo) > 100


def test_the_same_random_seed_gives_the_same_bytes(played: Path, tmp_path: Path) -> None:
    again = perform(tmp_path / "again")
    for name in FILES:
        assert (played / name).read_bytes() == (again / name).read_bytes(), name
    other = perform(tmp_path / "other", rng=2)
    assert (played / "provenance.jsonl").read_bytes() != (other / "provenance.jsonl").read_bytes()


def test_verification_passes(played: Path) -> None:
    proof = verify_session(played, demo_bundle())
    assert proof.loops == 20
    assert proof.notes == len(system_notes(played))


def edit_performance(folder: Path, change: str) -> None:
    path = folder / "performance.mid"
    midi = mido.MidiFile(path)
    (track,) = [t for t in midi.tracks if t.name == "system"]
    strikes = [i for i, m in enumerate(track) if m.type == "note_on" and m.velocity]
    index = strikes[len(strikes) // 2]
    if change == "pitch":
        pitch = track[index].note
        off = next(
            i for i, m in enumerate(track) if i > index and m.type == "note_off" and m.note == pitch
        )
        track[index] = track[index].copy(note=pitch + 1)
        track[off] = track[off].copy(note=pitch + 1)
    elif change == "velocity":
        track[index] = track[index].copy(velocity=track[index].velocity % 127 + 1)
    elif change == "time":
        track[index] = track[index].copy(time=track[index].time + 40)
    elif change == "stuck":
        pitch = track[index].note
        off = next(
            i for i, m in enumerate(track) if i > index and m.type == "note_off" and m.note == pitch
        )
        track[off] = mido.MetaMessage("text", text="gone", time=track[off].time)
    elif change == "missing":
        track[index] = mido.MetaMessage("text", text="gone", time=track[index].time)
    midi.save(path)


@pytest.mark.parametrize("change", ["pitch", "velocity", "time", "stuck", "missing"])
def test_a_changed_performance_is_found_out(copy: Path, change: str) -> None:
    edit_performance(copy, change)
    with pytest.raises(SessionFolderError) as caught:
        verify_session(copy, demo_bundle())
    assert str(copy) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("transpose", 1), ("source", "01-boogie-c@0"), ("start_beat", 3.0), ("track", "nobody")],
)
def test_a_changed_provenance_is_found_out(copy: Path, field: str, value: object) -> None:
    loops = lines(copy, "provenance.jsonl")
    loops[10][field] = value if loops[10][field] != value else 2
    (copy / "provenance.jsonl").write_text("".join(json.dumps(loop) + "\n" for loop in loops))
    with pytest.raises(VerificationError):
        verify_session(copy, demo_bundle())


def test_another_bundle_proves_nothing(played: Path, bundle: Bundle) -> None:
    with pytest.raises(SessionFolderError, match="another bundle"):
        verify_session(played, bundle)


@pytest.mark.parametrize("name", ["session.json", "events.jsonl", "provenance.jsonl"])
def test_a_folder_with_a_file_missing_is_refused(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(SessionFolderError, match=name.split(".")[0]):
        verify_session(copy, demo_bundle())


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_after_a_power_cut_the_rest_is_made_from_the_journal(
    played: Path, tmp_path: Path, share: float
) -> None:
    """What a cut leaves: lines, the last of them unfinished, and the summary of the beginning."""
    whole = system_notes(played)
    copy = tmp_path / "cut"
    copy.mkdir()
    for name in ("provenance.jsonl", "seed.mid"):
        shutil.copy(played / name, copy)
    journal = (played / "events.jsonl").read_bytes()
    (copy / "events.jsonl").write_bytes(journal[: round(len(journal) * share)])
    session = json.loads((played / "session.json").read_text())
    (copy / "session.json").write_text(json.dumps(session | {"loops": 0, "distinct_segments": 0}))
    write_performance(copy)
    proof = verify_session(copy, demo_bundle())
    assert (share - 0.15) * len(whole) < proof.notes < (share + 0.1) * len(whole)
    plot_session(copy, copy / "stage.png")


FORGERIES = {
    "a track more": lambda midi: midi.tracks.append(
        mido.MidiTrack([mido.MetaMessage("track_name", name="bass"), mido.Message("note_on")])
    ),
    "a track twice": lambda midi: midi.tracks.append(midi.tracks[1]),
    "a bend": lambda midi: midi.tracks[1].append(mido.Message("pitchwheel", pitch=99)),
    "every note short": lambda midi: [
        setattr(message, "time", 0) for message in midi.tracks[1] if message.type == "note_off"
    ],
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_performance_is_found_out(copy: Path, name: str) -> None:
    midi = mido.MidiFile(copy / "performance.mid")
    FORGERIES[name](midi)
    midi.save(copy / "performance.mid")
    with pytest.raises(SessionFolderError):
        verify_session(copy, demo_bundle())


def forge_journal(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Change the journal, and the performance with it."""
    written = lines(folder, "events.jsonl")
    for line in written:
        change(line)
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in written))
    write_performance(folder)


def test_a_journal_with_foreign_pedals_is_found_out(copy: Path) -> None:
    def press(line: dict[str, object]) -> None:
        if line.get("who") == "system" and str(line.get("midi", "")).startswith("b040"):
            line["midi"] = "b0407f"

    forge_journal(copy, press)
    with pytest.raises(VerificationError, match="pedal"):
        verify_session(copy, demo_bundle())


def test_a_seed_that_nobody_played_is_found_out(copy: Path) -> None:
    def forget(line: dict[str, object]) -> None:
        if line.get("who") == "player" and "beat" not in line:
            line["midi"] = "80" + str(line["midi"])[2:]

    forge_journal(copy, forget)
    with pytest.raises(VerificationError, match="seed"):
        verify_session(copy, demo_bundle())


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_mangled_folder_is_refused_in_one_line_or_read(
    played: Path, tmp_path: Path, data: st.DataObject
) -> None:
    copy = tmp_path / "mangled"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(played, copy)
    name = data.draw(st.sampled_from(["session.json", "events.jsonl", "provenance.jsonl"]))
    whole = [json.loads((copy / name).read_text())] if name == "session.json" else lines(copy, name)
    index = data.draw(st.integers(0, min(80, len(whole) - 1)))
    key = data.draw(st.sampled_from(sorted(whole[index])))
    if data.draw(st.booleans()):
        del whole[index][key]
    else:
        strange = st.sampled_from([None, True, -1, 0, 1e300, "x", [], {}, [1], "ff", "9040"])
        whole[index][key] = data.draw(strange)
    (copy / name).write_text("".join(json.dumps(line) + "\n" for line in whole))
    for read in (
        lambda: verify_session(copy, demo_bundle()),
        lambda: plot_session(copy, copy / "stage.png"),
        lambda: write_performance(copy),
    ):
        with contextlib.suppress(SessionFolderError, CorpusError, ModelError):
            read()


def test_the_picture_shows_loop_and_pianist(played: Path, tmp_path: Path) -> None:
    plot_session(played, tmp_path / "stage.png")
    assert (tmp_path / "stage.png").read_bytes() == (played / "stage.png").read_bytes()
    colours = Image.open(played / "stage.png").convert("RGB").getcolors(1 << 20)
    assert colours is not None
    inked = {colour: count for count, colour in colours}
    assert inked[(0x21, 0x66, 0xAC)] > 2000
    assert inked[(0xD6, 0x60, 0x4D)] > 1000


def test_the_screen_was_filmed(played: Path) -> None:
    film = Image.open(played / "oled.gif")
    assert getattr(film, "n_frames", 1) > 50


@pytest.mark.parametrize("seed", ["ballad", "funk"])
@pytest.mark.parametrize("tempo", [None, 90.0])
def test_other_seeds_and_a_given_tempo(tmp_path: Path, seed: str, tempo: float | None) -> None:
    path = demo_corpus.FOLDER / "seeds" / f"{seed}.mid"
    folder = perform(tmp_path / "x", seed=path, tempo=tempo, loops=12)
    session = json.loads((folder / "session.json").read_text())
    if tempo:
        assert session["seed"]["bpm"] == tempo
    assert verify_session(folder, demo_bundle()).loops == 12


def test_sessions_over_real_recordings(pop909: Path, tmp_path: Path) -> None:
    songs = sorted(pop909.glob("*.mid"))[:12]
    build_bundle(songs, tmp_path / "b", BuildSettings("pitch-histogram"))
    seed = demo_corpus.FOLDER / "seeds" / "funk.mid"
    for policy in ("groove", "random", "repeat"):
        folder = perform(
            tmp_path / policy, corpus=tmp_path / "b", seed=seed, policy=policy, loops=40
        )
        assert verify_session(folder, open_bundle(tmp_path / "b")).loops == 40


def test_a_solo_on_the_same_keys_is_never_disturbed(tmp_path: Path) -> None:
    """The pianist plays the loop's own keys: it yields, says so, and the proof still holds."""
    bundle = make_bundle(tmp_path / "b")
    seed = demo_corpus.DEFAULT_SEED
    chords = [(float(b), 0.9, key, 70) for b in range(8) for key in range(36 + b % 4, 72, 4)]
    solo = tmp_path / "solo.mid"  # all over the loop's range: it cannot keep out of the way
    write_phrase(solo, replace(phrase(), notes=note_array(chords)), "solo")
    folder = perform(tmp_path / "s", corpus=bundle.path, seed=seed, solo=solo, loops=15)
    omitted = [line for line in lines(folder, "events.jsonl") if "omitted" in line]
    assert omitted
    assert {line["omitted"] for line in omitted} == {"yielded"}
    pressed: dict[int, float] = {}
    holds: list[tuple[int, float, float]] = []
    strikes: list[tuple[int, float]] = []
    for line in sorted(lines(folder, "events.jsonl"), key=lambda line: float(str(line["t"]))):
        if "midi" not in line or "omitted" in line:
            continue
        (kind, key, value), time = bytes.fromhex(str(line["midi"])), float(str(line["t"]))
        if line["who"] == "system" and kind == 0x90:
            strikes.append((key, time))
        elif line["who"] == "player" and kind == 0x90 and value:
            pressed[key] = time
        elif line["who"] == "player" and kind == 0x80:
            holds.append((key, pressed.pop(key, time), time))
    assert len(strikes) > 200
    for key, time in strikes:
        assert not any(key == held and since < time < until for held, since, until in holds)
    verify_session(folder, bundle)


@pytest.mark.parametrize("profile", ["disklavier-realtime", "disklavier-delay"])
def test_a_simulated_piano_sounds_on_the_grid(tmp_path: Path, profile: str) -> None:
    """At the strings: every strike of the groove within 3 ms of where the journal has it."""
    from appliance import box as box_module

    pianos = []
    make = box_module.Hardware.simulated.__func__  # type: ignore[attr-defined]

    def spy(cls: type, film: Path, name: str = "keyboard") -> object:
        hardware = make(cls, film, name)
        pianos.append(hardware.piano)
        return hardware

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(box_module.Hardware, "simulated", classmethod(spy))
        folder = perform(tmp_path / "s", profile=profile, loops=12)
    (piano,) = pianos
    strikes: dict[int, list[float]] = {}
    for sound in piano.sounds:
        if sound.velocity:
            strikes.setdefault(sound.key, []).append(sound.ns / 1e9)
    written = lines(folder, "events.jsonl")
    first_tap = 0.5
    begins = next(float(str(line["t"])) for line in written if line.get("event") == "loop")
    late = []
    for line in written:
        data = bytes.fromhex(str(line.get("midi", "00")))
        if line.get("who") != "system" or "omitted" in line or data[0] != 0x90:
            continue
        time = float(str(line["t"]))
        if time > begins + 1:  # right behind the tap nothing can leave early
            heard = min(strikes[data[1]], key=lambda at: abs(at - first_tap - time))
            late.append(abs(heard - first_tap - time))
    assert len(late) > 300
    assert sorted(late)[int(len(late) * 0.97)] < 0.003
    assert verify_session(folder, demo_bundle()).loops == 12


def test_a_corpus_compared_from_every_beat_is_played_from_them(tmp_path: Path) -> None:
    """Segments enter at the beat that makes them alike, and the proof turns them back."""
    files = demo_corpus.recordings()[:4]
    build_bundle(files, tmp_path / "b", BuildSettings("pitch-histogram", rotations=True))
    bundle = open_bundle(tmp_path / "b", verify=True)
    assert (bundle.neighbours["rotate"] > 0).any()
    folder = perform(tmp_path / "s", corpus=tmp_path / "b", loops=40)
    all_loops = lines(folder, "provenance.jsonl")
    turned = [line for line in all_loops if line["rotate_beats"]]
    assert turned
    assert all_loops[0]["rotate_beats"] == 0
    assert verify_session(folder, bundle).loops == 40
    turned[0]["rotate_beats"] = 7.5
    (folder / "provenance.jsonl").write_text("".join(json.dumps(line) + "\n" for line in all_loops))
    with pytest.raises(VerificationError, match=r"begins at beat 7\.5"):
        verify_session(folder, bundle)
