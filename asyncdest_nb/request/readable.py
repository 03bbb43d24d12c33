"""Bodies as lines, JSON lines, CSV, and files in an archive, without all of it in memory."""

from __future__ import annotations

import codecs
import csv
import io
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from ..errors import ProtocolError
from .content import TooLarge, UnreadableContent
from .json_text import read_json_text
from .saved_body import MAX_SAVED_BYTES
from .utf8_file import unpacked_file, utf8_file

MAX_LINE_BYTES = 64 * 2**20
MAX_TAR_HEADER_BYTES = 2**20  # A header with a long name is read whole.


class ReadableBody:
    """Bytes that can be read from their beginning in several ways.

    All of them raise ProtocolError for bytes that are not what they should be, or too many.
    A body that ends early, but cleanly, has fewer lines: count them.
    """

    __slots__ = ()

    def open(self) -> BinaryIO:
        """Return a file of the bytes as they arrived, to be read in binary mode."""
        raise NotImplementedError

    def _charset(self) -> str | None:
        """Return what the encoding is called; None = nothing is said of it."""
        return None

    def _utf8_file(self, encoding: str | None) -> BinaryIO:
        return utf8_file(self.open, encoding or self._charset())

    def lines(self, *, encoding: str | None = None) -> Iterator[str]:
        r"""Yield the lines, without their ends; the last may have none.

        Only ``\n`` ends a line, and a ``\r`` before it belongs to the end: U+2028,
        U+0085 and a ``\r`` alone may be in JSON texts. A byte order mark is left out.
        *encoding* is used where the bytes are not UTF-8; None = as the header content-type has it.
        """
        with _readable(), self._utf8_file(encoding) as file:
            mark = codecs.BOM_UTF8
            while line := file.readline(MAX_LINE_BYTES + 1):
                if len(line) > MAX_LINE_BYTES:
                    raise ProtocolError(
                        f"a line of the answer has more than {MAX_LINE_BYTES // 2**20} MiB"
                    )
                ended = line.removesuffix(b"\n")
                ended = ended.removesuffix(b"\r") if ended is not line else line
                yield ended.removeprefix(mark).decode("utf-8", "replace")
                mark = b""

    def jsonl(self) -> Iterator[Any]:
        """Yield the JSON value of each line that is not blank."""
        for number, line in enumerate(self.lines(), start=1):
            if line.strip():
                value, problem = read_json_text(line)
                if problem is not None:
                    raise ProtocolError(f"line {number} of the answer {problem}")
                yield value

    def csv_rows(
        self, *, delimiter: str = ",", encoding: str | None = None
    ) -> Iterator[dict[str, str]]:
        """Yield the rows as dicts of texts, by the names in the first row.

        A quoted cell may hold ends of lines. A name that is there twice is left out: nobody
        can know which of the cells it means. A row with more or fewer cells than the first, and
        an end inside of quotes, raise ProtocolError. The *encoding* is as in ``lines``.
        """
        with _readable(), self._utf8_file(encoding) as file:
            text = io.TextIOWrapper(file, "utf-8", errors="replace", newline="")
            # TextIOWrapper gives lines to csv with the ends that they have.
            rows = csv.reader(_without_mark(text), delimiter=delimiter, strict=True)
            names = next(rows, [])
            unclear = [name for name, count in Counter(names).items() if count > 1]
            for cells in rows:
                if cells and len(cells) != len(names):
                    raise ProtocolError(
                        f"line {rows.line_num} of the answer has {len(cells)} cells, and the "
                        f"first has {len(names)}"
                    )
                if cells:  # A blank line has none.
                    row = dict(zip(names, cells, strict=True))
                    for name in unclear:
                        del row[name]
                    yield row

    def files(self) -> Iterator[ArchivedFile]:
        """Yield the files in a tar or tar.gz; read each before you ask for the next.

        Nothing is written under their names. Folders, links and devices are left out.
        """
        with _readable(), unpacked_file(self.open()) as file:
            stream = _BoundedHeaders(file)
            with tarfile.open(fileobj=stream, mode="r|", bufsize=tarfile.BLOCKSIZE) as archive:
                while (member := stream.next_of(archive)) is not None:
                    content = archive.extractfile(member) if _is_plain(member) else None
                    if content is not None:
                        yield ArchivedFile(member.name, member.size, content)


class ArchivedFile(ReadableBody):
    """A file in an archive, which can be read once. ``name`` is as the archive has it."""

    __slots__ = ("_content", "name", "size")

    def __init__(self, name: str, size: int, content: Any) -> None:
        self.name = name
        self.size = size
        self._content = content

    def __repr__(self) -> str:
        return f"<ArchivedFile of {self.size:,} bytes>"

    def open(self) -> BinaryIO:
        """Return the file to be read."""
        return io.BufferedReader(_ForwardFile(self._content))


class _ForwardFile(io.RawIOBase):
    """A file that is read forwards: those of tarfile fail if they are asked for more."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._file.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


class _BoundedHeaders(io.RawIOBase):
    """Reads a file for tarfile, which reads headers whole, however long they claim to be."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MAX_TAR_HEADER_BYTES
        self._skipped = 0

    def next_of(self, archive: tarfile.TarFile) -> tarfile.TarInfo | None:
        """Return the next member of *archive*, which is read from this; None = it has ended."""
        self._left = MAX_TAR_HEADER_BYTES + self._skipped
        member = archive.next()
        # It may be read, or skipped when the one after it is asked for.
        self._skipped = 0 if member is None else member.size
        self._left = MAX_SAVED_BYTES
        return member

    def read(self, size: int = -1) -> bytes:
        found = self._file.read(size)
        self._left -= len(found)
        if self._left < 0:
            raise TooLarge
        return found


def _is_plain(member: tarfile.TarInfo) -> bool:
    """Whether a member is a file whose bytes are all in the archive."""
    return member.isreg() and not member.issparse()


def _without_mark(text: io.TextIOWrapper) -> Iterator[str]:
    mark = "\ufeff"
    while line := text.readline(MAX_LINE_BYTES):
        yield line.removeprefix(mark)
        mark = ""


@contextmanager
def _readable() -> Iterator[None]:
    """Raise ProtocolError for what the libraries raise."""
    try:
        yield
    except TooLarge:
        raise ProtocolError(
            f"the answer is larger than {MAX_SAVED_BYTES // 2**20:,} MiB once decompressed"
        ) from None
    except UnreadableContent as error:
        raise ProtocolError(str(error)) from None
    except tarfile.TarError as error:
        raise ProtocolError(f"the answer should be a tar but is not: {error}") from None
    except csv.Error as error:
        raise ProtocolError(f"the answer should be CSV but is not: {error}") from None
