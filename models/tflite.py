"""One way to run a `.tflite` file, whichever runtime is installed.

tflite-runtime where it has wheels (Python 3.11 and older), its successor ai-edge-litert elsewhere.
Both compute through XNNPACK unless told otherwise.

A damaged file can crash the runtime, and the process with it. So only a sealed file is run: one
that is followed by its own SHA-256, which a runtime does not mind.
"""

import hashlib
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError

RUNTIMES = ("tflite_runtime.interpreter", "ai_edge_litert.interpreter")
_MAGIC = b"TFL3"  # the file identifier of a TFLite flatbuffer, at byte 4
_SEAL = b"sealed SHA-256: "  # followed by the 32 bytes of the digest of all before it
_CURE = "install SmartLooper again, or use the embedder pitch-histogram"


@dataclass(frozen=True)
class Signature:
    """Shape and type of the one input and the one output."""

    input: tuple[int, ...]
    input_type: str
    output: tuple[int, ...]
    output_type: str


class TfliteModel:
    """A model whose signatures take one array and give one; ModelError where the file is unfit.

    Not for use by several threads at once. `threads` is how many the runtime may use itself.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        content = _read(path)
        runtime = _runtime()
        self.path = path
        self.sha256 = hashlib.sha256(content).hexdigest()
        try:
            with _chatter_held_back():
                interpreter = runtime.Interpreter(model_content=content, num_threads=threads)
                interpreter.allocate_tensors()  # or tflite-runtime 2.14 leaves XNNPACK out
            self._interpreter = interpreter
            self._names = self._interpreter.get_signature_list()
            self._runners = {
                name: self._interpreter.get_signature_runner(name) for name in self._names
            }
            self.signatures = {name: self._signature(name) for name in self._names}
        except (ValueError, RuntimeError, KeyError) as error:
            fault = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(f"{path}: not a model that can be run ({fault}); {_CURE}") from error

    def run(self, signature: str, value: NDArray[Any]) -> NDArray[Any]:
        """The output for one input, which must have the signature's shape and type."""
        parts = self._names[signature]
        found = self._runners[signature](**{parts["inputs"][0]: value})
        return np.asarray(found[parts["outputs"][0]])

    def _signature(self, name: str) -> Signature:
        parts, runner = self._names[name], self._runners[name]
        if len(parts["inputs"]) != 1 or len(parts["outputs"]) != 1:
            raise ValueError(f"signature {name} has not one input and one output")
        given = runner.get_input_details()[parts["inputs"][0]]
        got = runner.get_output_details()[parts["outputs"][0]]
        return Signature(
            tuple(int(size) for size in given["shape"]),
            np.dtype(given["dtype"]).name,
            tuple(int(size) for size in got["shape"]),
            np.dtype(got["dtype"]).name,
        )


def seal(content: bytes) -> bytes:
    """The model file followed by its SHA-256."""
    return content + _SEAL + hashlib.sha256(content).digest()


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: no model file to read ({error.strerror}); {_CURE}") from error
    if content[4:8] != _MAGIC:
        raise ModelError(f"{path}: not a TFLite model; {_CURE}")
    body = len(content) - len(_SEAL) - hashlib.sha256().digest_size
    if body < 0 or content[body : body + len(_SEAL)] != _SEAL:
        raise ModelError(f"{path}: damaged, or not sealed with its checksum; {_CURE}")
    if hashlib.sha256(memoryview(content)[:body]).digest() != content[body + len(_SEAL) :]:
        raise ModelError(f"{path}: damaged: its checksum does not fit it; {_CURE}")
    return content


@contextmanager
def _chatter_held_back() -> Iterator[None]:
    """The runtime greets on standard error, which is for what went wrong. Not for use while another
    thread writes there: its lines would be lost."""
    try:
        kept = os.dup(2)
    except OSError:  # nobody listens
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _runtime() -> Any:
    for name in RUNTIMES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ModelError(
        "no runtime for TFLite models; install tflite-runtime or ai-edge-litert,"
        " or use the embedder pitch-histogram"
    )
