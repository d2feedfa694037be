"""Zip archives as strangers send them: looked into with care, never unpacked to the disk."""

import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from corpus.errors import CorpusError, MidiFileError
from corpus.reading.limits import Limits

_LOCAL_HEADER = 30  # bytes, before name and extra field
_ENCRYPTED, _UTF8 = 0x1, 0x800  # flag bits
_STORED, _DEFLATED = 0, 8
_END, _END64 = b"PK\x05\x06", b"PK\x06\x06"
_TAIL = 65_535 + 22 + 20 + 56  # the longest comment, and the records before it
_ENTRY_BYTES = 512  # of the directory, for one entry with a long name
_WASTE = ("__MACOSX",)


@dataclass(frozen=True)
class Packed:
    """Where in a zip a file lies; enough to read it without the zip's directory."""

    path: Path
    name: str
    offset: int
    packed: int
    unpacked: int
    method: int
    crc: int

    @property
    def identity(self) -> tuple[Path, int]:
        return self.path.resolve(), self.offset

    def read(self, shown: str, most: int) -> bytes:
        """Unpack in memory, `most` bytes at most; MidiFileError where that cannot be."""
        if self.unpacked > most:
            raise MidiFileError(f"{shown}: larger than {most} bytes; split it")
        try:
            data = self._unpack(most)
        except (OSError, zlib.error) as error:
            raise MidiFileError(f"{shown}: damaged in its zip ({error}); zip it again") from error
        if len(data) != self.unpacked or zlib.crc32(data) != self.crc:
            raise MidiFileError(f"{shown}: damaged in its zip (wrong checksum); zip it again")
        return data

    def _unpack(self, most: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            header = file.read(_LOCAL_HEADER)
            skipped = int.from_bytes(header[26:28], "little")
            skipped += int.from_bytes(header[28:30], "little")
            file.seek(self.offset + _LOCAL_HEADER + skipped)
            data = file.read(min(self.packed, 2 * most))  # whatever it says of itself
        if self.method == _STORED:
            return data
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, most + 1)


@dataclass(frozen=True)
class Archive:
    """What of a zip can be read, in order of names, and (name, reason) of what cannot."""

    entries: tuple[Packed, ...]
    left_out: tuple[tuple[str, str], ...]


def open_archive(path: Path, shown: str, limits: Limits) -> Archive:
    """Look into a zip; CorpusError, naming `shown`, where it is none or beyond the limits."""
    try:
        _check_size(path, shown, limits)
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, LookupError) as error:
        if isinstance(error, CorpusError):
            raise
        fault = clean(str(error)) or type(error).__name__
        raise CorpusError(f"{shown}: not a readable zip ({fault}); zip it again") from error
    return _sorted_out(path, infos, limits)


def clean(text: str) -> str:
    """As one printable line, whatever a file is called."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _check_size(path: Path, shown: str, limits: Limits) -> None:
    """Before the directory is parsed: it comes whole into memory."""
    size = path.stat().st_size
    if size > limits.zip_bytes:
        raise CorpusError(f"{shown}: larger than {limits.zip_bytes} bytes; split it")
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL))
        tail = file.read(_TAIL)
    entries, length = _directory(tail)
    if entries > limits.zip_files or length > limits.zip_files * _ENTRY_BYTES:
        raise CorpusError(f"{shown}: more than {limits.zip_files} files in it; split it")


def _directory(tail: bytes) -> tuple[int, int]:
    """How many entries a zip says that it has, and how many bytes its directory has."""
    end, end64 = tail.rfind(_END), tail.rfind(_END64)
    entries = int.from_bytes(tail[end + 10 : end + 12], "little") if end >= 0 else 0
    length = int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0
    if end64 < 0:
        return entries, length
    entries64 = int.from_bytes(tail[end64 + 32 : end64 + 40], "little")
    length64 = int.from_bytes(tail[end64 + 40 : end64 + 48], "little")
    return max(entries, entries64), length64 if length == 0xFFFFFFFF else max(length, length64)


def _sorted_out(path: Path, infos: list[zipfile.ZipInfo], limits: Limits) -> Archive:
    entries: dict[str, Packed] = {}
    left_out: list[tuple[str, str]] = []
    total = 0
    for info in infos:
        name = _name(info)
        if info.is_dir() or _is_waste(name):
            continue
        reason = _objection(info, name, limits)
        if not reason and name in entries:
            reason = "its name occurs twice in the zip"
        if not reason and total + info.file_size > limits.zip_unpacked:
            reason = f"the zip unpacks to more than {limits.zip_unpacked} bytes"
        if reason:
            left_out.append((clean(name), reason))
            continue
        total += info.file_size
        entries[name] = Packed(
            path,
            clean(name),
            info.header_offset,
            info.compress_size,
            info.file_size,
            info.compress_type,
            info.CRC,
        )
    return Archive(tuple(entries[name] for name in sorted(entries)), tuple(left_out))


def _name(info: zipfile.ZipInfo) -> str:
    """The name with its letters: many programs write UTF-8 and do not say so."""
    name = info.filename
    if not info.flag_bits & _UTF8:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    return name.replace("\\", "/")


def _is_waste(name: str) -> bool:
    """What file managers leave behind."""
    parts = PurePosixPath(name).parts
    return any(part in _WASTE or (part.startswith(".") and part != "..") for part in parts)


def _objection(info: zipfile.ZipInfo, name: str, limits: Limits) -> str:
    """Why an entry is not read, or nothing."""
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or (parts and parts[0].endswith(":")):
        return "its path leads out of the zip"
    if len(parts) - 1 > limits.folder_depth:
        return f"more than {limits.folder_depth} folders deep"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link; zip the file itself"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted; zip it without a password"
    if info.compress_type not in (_STORED, _DEFLATED):
        return "packed in an unusual way; zip it again"
    if info.file_size > limits.midi_bytes:
        return f"larger than {limits.midi_bytes} bytes; split it"
    if info.file_size > limits.zip_ratio * max(info.compress_size, 1):
        return f"packed more than {limits.zip_ratio:g} times; it looks like a zip bomb"
    return ""
