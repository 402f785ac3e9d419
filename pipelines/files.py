"""Checked local files: what the pure readers take, and how a gzip proves that it is whole.

Belongs here: the description of a local input file and checks that need only its bytes. Finding
and downloading files is `assets/object_store.py`.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipelines.errors import FileDamaged

CHUNK = 1 << 20
_COMPRESSED = 1 << 16  # bytes of a gzip at a time: what is left over is copied, so keep it small
_GZIP_WRAPPER = 31  # zlib: 15 window bits + 16 = expect a gzip header, check CRC and length
_BLANK = re.compile(rb"\n(?=\n)")


@dataclass(frozen=True)
class LocalFile:
    """An input file on this machine: `name` is its path below the source's root.

    `role` is what its delivery says of it beside its name, for example `amortized`; '' for nothing.
    """

    path: str
    name: str
    size: int
    etag: str
    role: str = ""

    @property
    def is_gzip(self) -> bool:
        """By its name, as the publishers mark it."""
        return self.path.lower().endswith(".gz")


def decompressed(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The content of a gzip in pieces of about a megabyte, every member's CRC and length checked.

    Raises:
        FileDamaged: cut off, a flipped bit, or something after the last member that is no gzip.
    """
    inflate = zlib.decompressobj(_GZIP_WRAPPER)
    started = members = 0
    data = file.read(_COMPRESSED)
    try:
        while data:
            started = 1
            out = inflate.decompress(data, CHUNK)
            if out:
                yield out
            if inflate.eof:
                members += 1
                data = (inflate.unused_data or file.read(_COMPRESSED)).lstrip(b"\0")
                while not data and (more := file.read(_COMPRESSED)):
                    data = more.lstrip(b"\0")
                inflate = zlib.decompressobj(_GZIP_WRAPPER)
                started = 0
            else:
                data = inflate.unconsumed_tail or file.read(_COMPRESSED)
    except zlib.error as error:
        raise FileDamaged(name, f"the gzip is damaged in member {members + 1}: {error}") from error
    if started or not members:
        raise FileDamaged(name, "the gzip is cut off before its end")


def content(file: LocalFile) -> Iterator[bytes]:
    """The decompressed bytes of a file in pieces; a gzip is checked on the way.

    Raises:
        FileDamaged: see `decompressed`.
    """
    with Path(file.path).open("rb") as raw:
        if file.is_gzip:
            yield from decompressed(raw, file.name)
        else:
            while piece := raw.read(CHUNK):
                yield piece


def check_gzip(path: str | Path) -> None:
    """Read a gzip to its end and check the CRC and length of every member.

    DuckDB checks neither: a file with one flipped bit reads clean there, with a wrong sum.

    Raises:
        FileDamaged: names the file.
    """
    with Path(path).open("rb") as raw:
        for _ in decompressed(raw, str(path)):
            pass


def count_lines(file: LocalFile) -> int:
    """The newlines of a file, and one for a last line without: a gzip is checked on the way.

    As many as records were read prove that no record swallowed another; where they differ,
    `count_records` tells newlines inside quotes and blank lines from lost ones, at three times
    the cost.

    Raises:
        FileDamaged: see `decompressed`.
    """
    lines = 0
    last = b"\n"
    for piece in content(file):
        lines += piece.count(b"\n")
        last = piece[-1:]
    return lines + (last != b"\n")


def count_records(file: LocalFile) -> int:
    r"""The records of a CSV with its header, counted from the bytes alone: no CSV reader involved.

    A newline inside quotes is part of a field; blank lines are not records; the last record may
    lack its newline. `a\n"b\nc"\n` has two. A gzip is checked on the way, so that one pass over
    the bytes proves both the file and the number of its lines.

    Raises:
        FileDamaged: the file ends inside quotes, or is damaged.
    """
    records = inside = 0
    before = b"\n"
    for piece in content(file):
        text = piece
        if inside or b'"' in piece:
            # Parts alternate between outside and inside of quotes; "" in a field is an empty part.
            # The quote left in their place keeps a line of quoted fields from looking blank.
            parts = piece.split(b'"')
            text = b'"' * inside + b'"'.join(parts[inside::2])
            inside = (inside + len(parts) - 1) % 2
        text = before + text.replace(b"\r", b"")
        records += text.count(b"\n", 1)
        if b"\n\n" in text:
            records -= len(_BLANK.findall(text))
        before = text[-1:]
    if inside:
        raise FileDamaged(file.name, "it ends inside a quoted field")
    return records + (before != b"\n")
