"""Reading .npy data that may be damaged or hostile: any fault is a ValueError, before memory."""

import io
import math
import warnings
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

npy_format: Any = np.lib.format  # not typed in numpy
HEADER = 1 << 14  # bytes; numpy reads headers of up to 10,000 characters
_READERS: dict[tuple[int, int], Any] = {
    (1, 0): npy_format.read_array_header_1_0,
    (2, 0): npy_format.read_array_header_2_0,
}


class NpyHeader(NamedTuple):
    """What a .npy stream holds; its data are `length` bytes from `offset`."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    offset: int
    length: int


def parse_header(start: bytes, size: int) -> NpyHeader:
    """The header of a .npy stream of `size` bytes from its first HEADER bytes.

    ValueError unless it is one, holds plain values (no objects) and its data fit in the stream.
    """
    stream = io.BytesIO(start)
    try:
        with warnings.catch_warnings():  # about how it is written: one line is enough
            warnings.simplefilter("ignore")
            shape, fortran, dtype = _READERS[npy_format.read_magic(stream)](stream)
    except Exception as error:  # it evaluates a literal and builds a type: faults of every kind
        raise ValueError(f"no .npy header that can be read ({type(error).__name__})") from error
    if not all(type(extent) is int and extent >= 0 for extent in shape):  # True is an int to numpy
        raise ValueError(f"an array of shape {shape}")
    if dtype.hasobject or dtype.itemsize == 0:
        raise ValueError(f"elements of type {dtype} are not plain values")
    length = math.prod(shape) * dtype.itemsize
    if stream.tell() + length > size:
        raise ValueError(f"an array of shape {shape} does not fit in {size} bytes")
    return NpyHeader(dtype, shape, "F" if fortran else "C", stream.tell(), length)


def map_npy(file: Path) -> NDArray[Any]:
    """A .npy file as a read-only memory map; OSError or ValueError where that cannot be."""
    if not file.is_file():  # a pipe would wait for ever, a device never end
        raise FileNotFoundError(f"{file}: no such file")
    with file.open("rb") as stream:
        size = file.stat().st_size
        header = parse_header(stream.read(HEADER), size)
        if header.offset + header.length != size:
            raise ValueError(f"{size - header.offset - header.length} bytes too many")
        return np.memmap(stream, header.dtype, "r", header.offset, header.shape, header.order)


def copy_npy(data: bytes, offset: int) -> tuple[NDArray[Any], int]:
    """The .npy stream at `offset` in `data` as an array of its own, and the offset of its end."""
    header = parse_header(data[offset : offset + HEADER], len(data) - offset)
    start = offset + header.offset
    array: NDArray[Any] = np.ndarray(
        header.shape, header.dtype, buffer=data, offset=start, order=header.order
    )
    return array.copy(order="K"), start + header.length
