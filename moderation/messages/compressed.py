"""Compressed inputs: recognised by their first bytes, unpacked as they are read, stopped when they unpack to far too much."""

from __future__ import annotations

import io
import zlib
from pathlib import PurePath

import pyarrow as pa

from moderation.errors import DataError
from moderation.limits import MAX_UNPACKED_RATIO, UNPACKED_GRACE_BYTES
from moderation.messages.batch import Readable

_CODECS = ((b"\x1f\x8b", "gzip"), (b"BZh", "bz2"), (b"\x28\xb5\x2f\xfd", "zstd"))
_SUFFIXES = (".gz", ".bz2", ".zst")
_PIECE_BYTES = 16 * 1024  # what is lost before damage: a piece comes out whole or not at all


def codec_of(head: bytes) -> str | None:
    """What an input is compressed with, by its first bytes; None when it is not, or not in a way that is known here."""
    return next((codec for magic, codec in _CODECS if head.startswith(magic)), None)


def inner_name(name: str) -> str:
    """The name without what compression added to it: ``chats.csv.gz`` is ``chats.csv``."""
    path = PurePath(name)
    return str(path.with_suffix("")) if path.suffix.lower() in _SUFFIXES else name


class Unpacked:
    """The unpacked bytes of a compressed stream, with the memory of one read.

    Args:
        packed: The compressed bytes, from the first one; several streams may follow each other.
        codec: What `codec_of` told.
        name: What errors call the input.
    """

    def __init__(self, packed: Readable, codec: str, name: str) -> None:
        self._packed = _Counted(packed)
        self._stream = _opened(self._packed, codec)
        self._name = name
        self._size = 0
        self._broken = False

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; fewer, or none, only at the end or before damage, which the next call reports.

        Raises:
            DataError: What follows is damaged or missing, or all is `MAX_UNPACKED_RATIO` times longer than what it came from.
        """
        if self._broken:
            raise DataError(f"{self._name}: the compressed data are damaged or end too early")
        pieces: list[bytes] = []
        while size:
            try:
                piece = self._stream.read(min(size, _PIECE_BYTES))
            except (OSError, EOFError, zlib.error) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise
                self._broken = True
                break
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
            self._size += len(piece)
            if self._size > UNPACKED_GRACE_BYTES + MAX_UNPACKED_RATIO * self._packed.size:
                raise DataError(f"{self._name}: unpacks to more than {MAX_UNPACKED_RATIO:,} times its size; is it a bomb?")
        return b"".join(pieces) or (self.read(size) if self._broken else b"")


def _opened(packed: io.RawIOBase, codec: str) -> Readable:
    if codec == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=packed)
    if codec == "bz2":
        import bz2

        return bz2.BZ2File(packed)
    stream: Readable = pa.CompressedInputStream(pa.PythonFile(packed, "r"), codec)
    return stream


class _Counted(io.RawIOBase):
    """A file, as Arrow wants one, that knows how much of it was read. Closing it does not close the stream."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.size = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        block = self._stream.read(size)
        self.size += len(block)
        return block
