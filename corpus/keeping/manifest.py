"""A bundle's manifest: what it must say, and the hash by which a change of it is found."""

import hashlib
import json
import re
import reprlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from corpus.errors import BundleError
from corpus.keeping.soundness import UNFIT, damaged

FORMAT = 2
MANIFEST = "manifest.json"
SEAL = "manifest_sha256"
"""The field with the SHA-256 of all others: of their JSON with sorted keys and no spaces."""
LIMIT = 64 << 20  # bytes; a hundred thousand tracks need a tenth of it
MOST = 1e9  # any number in it is nearer to 0

_ARRAY = re.compile(r"[a-z]+\.npy")
_SURROGATE = re.compile("[\ud800-\udfff]")

_Check = Callable[[Any], bool]


def is_name(value: object) -> bool:
    """Whether it is text that fits on a line and can be written (half a surrogate pair cannot)."""
    return isinstance(value, str) and value != "" and not UNFIT.search(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not _SURROGATE.search(value)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and -MOST < value < MOST  # type: ignore[operator]


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < MOST


def _is_share(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1  # type: ignore[operator]


def _is_bool(value: object) -> bool:
    return type(value) is bool


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(_is_text(one) for one in value)


_TOP: dict[str, _Check] = {
    "name": is_name,
    "embedder": lambda value: isinstance(value, dict),
    "neighbours": lambda value: isinstance(value, dict),
    "counts": lambda value: isinstance(value, dict),
    "files": lambda value: isinstance(value, dict),
    "tracks": lambda value: isinstance(value, list),
    "left_out": lambda value: isinstance(value, list),
    "copies": _is_count,
}
_EMBEDDER: dict[str, _Check] = {"name": is_name, "sha256": is_name, "dimension": _is_count}
_NEIGHBOURS: dict[str, _Check] = {"k": _is_count}
HOW_COMPARED: dict[str, _Check] = {"method": is_name, "recall": _is_share, "rotations": _is_bool}
"""What the manifest says of its neighbours where a build has made them."""
_TRACK: dict[str, _Check] = {
    "name": is_name,
    "file": _is_text,
    "bpm": _is_number,
    "bpm_source": _is_text,
    "bpm_confidence": _is_share,
    "key": _is_text,
    "key_confidence": _is_share,
    "segments": _is_count,
    "left_out": lambda value: isinstance(value, list),
    "repairs": _are_texts,
    "labels": _are_texts,
}
_REASON: dict[str, _Check] = {"reason": _is_text, "count": _is_count}
_FILE_OUT: dict[str, _Check] = {"file": _is_text, "reason": _is_text}


def manifest_text(facts: Mapping[str, Any]) -> str:
    """The manifest as it is written: these facts, and the hash of them."""
    said = json.loads(json.dumps(facts))  # tuples are lists from here on
    sealed = said | {SEAL: _seal(said)}
    return json.dumps(sealed, indent=1, ensure_ascii=False) + "\n"


def manifest_bytes(folder: Path) -> bytes:
    """What is written in a bundle's manifest; BundleError where there is none."""
    try:
        if not (folder / MANIFEST).is_file():
            raise BundleError(
                f"{folder}: not a bundle (no {MANIFEST}); make one with 'corpus build'"
            )
        with (folder / MANIFEST).open("rb") as stream:
            raw = stream.read(LIMIT + 1)
    except OSError as error:
        raise BundleError(f"{folder}: {MANIFEST} cannot be read: {error.strerror}") from error
    if len(raw) > LIMIT:
        raise damaged(folder, f"{MANIFEST} is larger than {LIMIT >> 20} MiB")
    return raw


def read_manifest(folder: Path, raw: bytes) -> Mapping[str, Any]:
    """The manifest of a bundle in `folder`, in this format, with all that it must say."""
    try:
        manifest = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise damaged(folder, f"{MANIFEST} is not JSON") from error
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise damaged(folder, f"{MANIFEST} names no format")
    if type(manifest["format"]) is not int or manifest["format"] != FORMAT:
        raise BundleError(
            f"{folder}: bundle format {reprlib.repr(manifest['format'])}, this version reads"
            f" {FORMAT}; build it again from the recordings"
        )
    _check(folder, "", manifest, _TOP)
    _check(folder, "embedder.", manifest["embedder"], _EMBEDDER)
    neighbours = manifest["neighbours"]
    also = {name: fits for name, fits in HOW_COMPARED.items() if name in neighbours}
    _check(folder, "neighbours.", neighbours, _NEIGHBOURS | also)
    _check_all(folder, "left_out", manifest["left_out"], _FILE_OUT)
    _check_all(folder, "tracks", manifest["tracks"], _TRACK)
    for number, track in enumerate(manifest["tracks"]):
        _check_all(folder, f"tracks[{number}].left_out", track["left_out"], _REASON)
    return manifest


def check_seal(folder: Path, manifest: Mapping[str, Any]) -> None:
    """BundleError where the manifest says something else than when it was written."""
    said = {name: value for name, value in manifest.items() if name != SEAL}
    try:
        same = manifest.get(SEAL) == _seal(said)
    except RecursionError:
        same = False
    if not same:
        raise damaged(folder, f"{MANIFEST} is not what it was when the bundle was written")


def own_files(folder: Path) -> frozenset[str]:
    """The names of the files of the bundle in `folder`, of whatever format; none if it is none."""
    try:
        said = json.loads(manifest_bytes(folder))
    except (BundleError, ValueError, RecursionError):
        return frozenset()
    if not isinstance(said, dict) or type(said.get("format")) is not int:
        return frozenset()
    files = said.get("files")
    if not isinstance(said.get("embedder"), dict) or not isinstance(files, dict):
        return frozenset()
    return frozenset({MANIFEST, *filter(_ARRAY.fullmatch, files)})


def stranger(folder: Path, own: frozenset[str]) -> str | None:
    """The first name in a bundle's folder that is none of its files."""
    others = (entry.name for entry in folder.iterdir() if entry.name not in own or entry.is_dir())
    return min(others, default=None)


def _seal(said: Mapping[str, Any]) -> str:
    plain = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _check_all(folder: Path, where: str, values: Any, fields: Mapping[str, _Check]) -> None:
    for number, value in enumerate(values):
        _check(folder, f"{where}[{number}].", value, fields)


def _check(folder: Path, where: str, value: Any, fields: Mapping[str, _Check]) -> None:
    if not isinstance(value, dict):
        raise damaged(folder, f"{MANIFEST}: {where.rstrip('.')} is not what it must be")
    for name, fits in fields.items():
        if name not in value or not fits(value[name]):
            raise damaged(folder, f"{MANIFEST}: {where}{name} is missing or makes no sense")
