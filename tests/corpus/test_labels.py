import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import CorpusError
from corpus.reading.labels import (
    MAX_BYTES,
    MAX_LABEL,
    Told,
    clean_labels,
    named_tempo,
    read_csv,
    read_toml,
    told,
    unmatched,
)
from corpus.reading.recording import LABELS, NAME, TOML

EVERYTHING = b"""
name = "night sessions"
beats = 4
metre = "3/4"
labels = ["2024"]

[tracks."20240131-96-02"]
tempo = 92
key = "f min"
offset = 1
labels = ["ballad", "Felt, piano"]

[tracks."funk/take.mid"]
skip = true
"""


def fault(read, data: bytes, name: str) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(CorpusError) as caught:
        read(data, name)
    message = str(caught.value)
    assert name in message
    assert "\n" not in message
    return message


def test_nothing_written_is_nothing_told() -> None:
    assert told("take") == Told(None, "", None, None, (), False)


def test_a_toml_says_what_it_says_of_all_files_and_of_one() -> None:
    toml = read_toml(EVERYTHING, "corpus.toml")
    assert (toml.name, toml.beats) == ("night sessions", 4)
    one = told("20240131-96-02", "", toml)
    assert one == Told(
        92.0, TOML, 3.0, "F minor", ("ballad", "Felt piano", "2024"), False, offset=1.0
    )
    assert told("20240131-96-03", "", toml).tempo_source == NAME
    assert told("take", "funk", toml).skip
    assert not told("take", "soul", toml).skip


def test_toml_counts_before_csv_before_the_name() -> None:
    stem = "20240131-96-02"
    table = read_csv(b"file,bpm\n20240131-96-02.mid,93\n", "labels.csv")
    toml = read_toml(b"[tracks.'20240131-96-02']\ntempo = 92.5\n", "corpus.toml")
    found = [told(stem, "", t, c) for t, c in ((toml, table), (None, table), (None, None))]
    assert [(f.tempo, f.tempo_source) for f in found] == [
        (92.5, TOML),
        (93.0, LABELS),
        (96.0, NAME),
    ]


def test_each_fact_is_looked_up_by_itself() -> None:
    table = read_csv(b"file,bpm,metre,key\na,93,6/8,Bb\n", "labels.csv")
    found = told("a", "", read_toml(b"[tracks.a]\ntempo = 92\n", "corpus.toml"), table)
    assert (found.tempo, found.bar, found.key) == (92.0, 3.0, "Bb major")


@pytest.mark.parametrize(
    "data",
    [
        b"file,bpm,metre,key,labels\na.mid,96.5,3/4,F minor,slow|sad\n",
        b"\xef\xbb\xbfKEY;Labels;FILE;BPM;Metre\r\nFm;slow,sad;A;96,5;3\r\n",
        b'"file"\t"tempo"\t"meter"\t"key"\t"labels"\na\t"96.5"\t3\tF minor\t"slow;sad"\n\n',
        "\nfile,bpm,metre,key,labels\na,96.5,3/4,f:min,slow|sad\n".encode("utf-16"),
    ],
)
def test_a_csv_in_the_ways_that_spreadsheets_write_it(data: bytes) -> None:
    found = told("a", "", None, read_csv(data, "labels.csv"))
    assert found == Told(96.5, LABELS, 3.0, "F minor", ("slow", "sad"), False)


def test_further_columns_and_folders_are_weak_labels() -> None:
    table = read_csv(b"file,mood,take,skip\na,dark,,yes\n", "labels.csv")
    found = told("a", "blues/Slow, late", None, table)
    assert found.labels == ("blues", "Slow late", "mood=dark")
    assert found.skip


def test_a_spreadsheet_from_the_west_of_europe_is_read() -> None:
    table = read_csv("file;labels\nübung;fröhlich\n".encode("cp1252"), "labels.csv")
    assert told("übung", "", None, table).labels == ("fröhlich",)


@pytest.mark.parametrize(
    ("stem", "bpm"),
    [
        ("20240131-96-02", 96.0),
        ("20240131-96.5-2", 96.5),
        ("20241331-96-02", None),
        ("20240100-96-02", None),
        ("20240131-500-02", None),
        ("20240131-96", None),
        ("x20240131-96-02", None),
        ("20240131-96-02b", None),
    ],
)
def test_the_tempo_in_a_name(stem: str, bpm: float | None) -> None:
    assert named_tempo(stem) == bpm


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"tempo = 500", ["tempo", "500", "20 to 400 BPM"]),
        (b"tempo = nan", ["tempo", "20 to 400 BPM"]),
        (b"tempo = true", ["tempo", "True"]),
        (b"tempoo = 90", ["tempoo", "did you mean tempo"]),
        (b"[tracks.a]\nlabel = ['x']", ['tracks."a".label', "did you mean labels"]),
        (b"[tracks.a]\nzzz = 1", ["zzz", "known are tempo, bar"]),
        (b"beats = 8.5", ["beats", "whole"]),
        (b"beats = 17", ["beats", "4 to 16"]),
        (b"metre = '3/5'", ["metre", "3/4"]),
        (b"metre = '3/4'\nbar = 3", ["bar and metre"]),
        (b"key = 'H dur'", ["key", "F minor"]),
        (b"labels = 'x'", ["labels", "list"]),
        (b"skip = 1", ["skip", "true nor false"]),
        (b"tracks = 3", ["tracks", "table"]),
        (b"[tracks.a]\n[tracks.'A.mid']", ["second time"]),
        (b"name = ''", ["name"]),
        (b"tempo = = 3", ["line 1", "TOML"]),
        (b"name = '\xff'", ["line 1", "UTF-8"]),
        (b"a" * (MAX_BYTES + 1), ["bytes"]),
        (b"x = " + b"[" * 5000, ["TOML"]),
    ],
)
def test_a_faulty_toml_is_named_with_its_key_and_the_cure(data: bytes, said: list[str]) -> None:
    message = fault(read_toml, data, "corpus.toml")
    assert all(part in message for part in said), message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", ["line 1", "file,bpm"]),
        (b"files,bpm\na,3", ["line 1", "is files it"]),
        (b"file,bpm\n\na,1", ["line 3", "bpm", "'1'", "20 to 400"]),
        (b"file,bpm\na,fast", ["line 2", "bpm", "'fast'"]),
        (b"file,metre\na,waltz", ["line 2", "3/4"]),
        (b"file,key\na,X", ["line 2", "F minor"]),
        (b"file,skip\na,perhaps", ["line 2", "yes nor no"]),
        (b"file,bpm\n,90", ["line 2", "file"]),
        (b"file,bpm\na,90,1", ["line 2", "3 cells under 2"]),
        (b"file,bpm\na,90\nA.mid,91", ["line 3", "second time"]),
        (b"file,bpm,tempo\n", ["two columns named bpm"]),
        (b'file,bpm\n"a,90\n', ["line 2", "quotes"]),
        (b"file\n\0", ["text"]),
    ],
)
def test_a_faulty_csv_is_named_with_its_line_and_the_cure(data: bytes, said: list[str]) -> None:
    message = fault(read_csv, data, "labels.csv")
    assert all(part in message for part in said), message


def outcome(read, data: bytes, name: str) -> str:  # type: ignore[no-untyped-def]
    try:
        read(data, name)
    except CorpusError as error:
        return str(error)
    return name


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_give_labels_or_one_clear_line(data: bytes) -> None:
    for read, name in ((read_toml, "corpus.toml"), (read_csv, "labels.csv")):
        for text in (data, b"file,bpm,key\n" + data, b"labels = [" + data):
            message = outcome(read, text, name)
            assert message.startswith(name)
            assert len(message.splitlines()) == 1


@given(st.lists(st.text(max_size=60), max_size=8))
def test_labels_can_be_joined_with_commas_and_parted_again(labels: list[str]) -> None:
    cleaned = clean_labels(labels)
    assert len({label.casefold() for label in cleaned}) == len(cleaned)
    for label in cleaned:
        assert 0 < len(label) <= MAX_LABEL
        assert label == label.strip()
        assert not set(label) & set(",;|\n\r\t\0")
    assert clean_labels(cleaned) == cleaned


def test_names_that_no_file_has_are_told() -> None:
    table = read_csv(b"file,bpm\na,90\nblues/b,91\nc,92\n", "labels.csv")
    assert unmatched(table.tracks, [("A", "funk"), ("b", "blues")]) == ["c"]
