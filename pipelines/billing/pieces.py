"""A gzip's text as CSV files of some 64 MB, cut where a record ends.

DuckDB reads a gzip on one core and cannot tell a damaged one. A thread that unpacks one piece
ahead checks it and counts its lines on the way, while DuckDB reads the piece before on every core.
A piece is deleted once it is read: a bill never lies unpacked on the disk.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.files import LocalFile, content

PIECE = 128 << 20
"""Enough for every core, little enough for two of them to stay in memory on their way."""


@dataclass(frozen=True)
class Piece:
    """A part of a file's text: whole records, if the file's quotes are in order."""

    path: Path
    lines: int
    """Its newlines, and one for a last line without."""


class _Writer:
    """The piece that is being written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = self.lines = self.quotes = 0
        self._out = path.open("wb")
        self._last = b"\n"

    def write(self, data: bytes) -> None:
        self._out.write(data)
        self.size += len(data)
        self.lines += data.count(b"\n")
        self.quotes += data.count(b'"')
        self._last = data[-1:] or self._last

    def finish(self) -> Piece:
        self._out.close()
        return Piece(self.path, self.lines + (self._last != b"\n"))


def cut(file: LocalFile, folder: Path) -> Iterator[Piece]:
    """Unpack a file piece by piece, each of about `PIECE` bytes; who reads them deletes them.

    A piece ends at a newline before which the quotes are even, so outside of a quoted field. A
    stray quote makes that wrong: then the piece ends inside a field, which its reader must report,
    or goes on to the end of the file.

    Raises:
        FileDamaged: the gzip is cut off or has a flipped bit; earlier pieces were handed out.
    """
    number = 0
    writer = _Writer(folder / "unpacked-0.csv")
    try:
        for data in content(file):
            block = data
            end = block.rfind(b"\n") + 1 if writer.size + len(block) >= PIECE else 0
            if end and (writer.quotes + block.count(b'"', 0, end)) % 2 == 0:
                writer.write(block[:end])
                yield writer.finish()
                number += 1
                writer = _Writer(folder / f"unpacked-{number}.csv")
                block = block[end:]
            writer.write(block)
    finally:
        piece = writer.finish()
    if piece.lines or not number:
        yield piece
    else:
        piece.path.unlink()
