"""Bodies read as lines, JSON lines, CSV and archives; the libraries of Python are the judges."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asyncdest_nb.errors import ProtocolError
from asyncdest_nb.request import ReadableBody, readable, utf8_file
from client_calls import answered
from raw_server import answer

# Python's own splitlines ends lines at all of these.
ODD = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029\ufeff"
texts = st.text(st.one_of(st.sampled_from(ODD + '\n\\",ž😀'), st.characters(codec="utf-8")))


class Body(ReadableBody):
    def __init__(self, content: bytes) -> None:
        self.content = content

    def open(self) -> BinaryIO:
        return io.BytesIO(self.content)


def archive_of(files: dict[str, bytes], mode: Any = "w:gz") -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode=mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


@settings(max_examples=300, deadline=None)
@given(st.lists(texts.map(lambda text: text.replace("\n", ""))), st.booleans())
@example(["a\u2028b\x85c\rd"], True)
def test_only_the_byte_of_a_line_feed_ends_a_line(lines: list[str], is_ended: bool):
    written = "\n".join(lines) + ("\n" if is_ended and lines else "")
    # A byte order mark is no part of the text, nor a carriage return before a line feed.
    ended = written.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    expected = ended if ended[-1] or written == "\ufeff" else ended[:-1]
    assert list(Body(written.encode()).lines()) == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(texts, st.one_of(texts, st.integers(), st.none()), max_size=3)))
def test_json_lines_are_read_as_they_were_written(values: list[Any]):
    for end in ("\n", "\r\n", "\n\n"):
        for is_ascii in (False, True):
            written = end.join(json.dumps(each, ensure_ascii=is_ascii) for each in values)
            assert list(Body(written.encode()).jsonl()) == values
            assert list(Body(gzip.compress((written + end).encode())).jsonl()) == values


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(texts.map(lambda text: text.replace("\0", "")), min_size=2, max_size=2), max_size=4
    ),
    st.sampled_from([",", ";", "\t"]),
)
def test_csv_is_read_as_it_was_written(rows: list[list[str]], delimiter: str):
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["id", "né"], *rows])
    content = b"\xef\xbb\xbf" + written.getvalue().encode()
    found = list(Body(content).csv_rows(delimiter=delimiter))
    assert found == [{"id": row[0], "né": row[1]} for row in rows]


MÜ = "email,n\r\nmü@x.org,1\r\n"


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("to_file", [False, True])
@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (MÜ.encode(), None),
        (MÜ.encode("cp1252"), "windows-1252"),
        (MÜ.encode(), "ISO-8859-1"),  # Java's servers call everything so.
        (MÜ.encode(), "utf-16"),
        (MÜ.encode("utf-16"), None),
        (MÜ.encode("utf-16"), "utf-8"),
        (MÜ.encode("utf-16-be"), "UTF-16BE"),
        (b"\xef\xbb\xbf" + MÜ.encode(), "latin1"),
        (MÜ.encode(), "klingon"),
        (MÜ.encode(), "hex"),
    ],
)
def test_a_file_is_read_in_the_encoding_that_it_has(
    content: bytes, charset: str | None, *, to_file: bool, is_packed: bool
):
    kind = "text/csv" if charset is None else f'text/csv; charset="{charset}"'
    body = gzip.compress(content) if is_packed else content
    response = answered(answer(200, body, {"content-type": kind}), to_file=to_file)
    assert list(response.csv_rows()) == [{"email": "mü@x.org", "n": "1"}]
    assert list(response.lines()) == MÜ.split("\r\n")[:-1]


def test_a_file_in_an_archive_is_read_in_the_encoding_that_it_has():
    files = {"a.csv": MÜ.encode(), "b.csv": MÜ.encode("utf-16")}
    found = [list(file.csv_rows()) for file in Body(archive_of(files)).files()]
    assert found == [[{"email": "mü@x.org", "n": "1"}]] * 2


def test_half_a_character_is_replaced_whatever_the_encoding():
    halves = "a\ud800b\n".encode("utf-16", "surrogatepass")
    assert list(Body(halves).lines()) == ["a\ufffdb"]
    assert list(Body(b"a\xffb\n").lines()) == ["a\ufffdb"]
    assert list(Body("é\n".encode("latin-1")).lines(encoding="latin-1")) == ["é"]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_the_files_of_an_archive_are_read_one_after_the_other(mode: str, form: int):
    files = {
        "a/1.json": b'[{"id": 1}]',
        "../../etc/passwd": b"x\ny",
        "n" * 90 + "/" + "m" * 90: b"id,a\n1,2\n",
        "empty": b"",
        "unread": b"z" * 3_000_000,
        "last": b"{}\n",
    }
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        folder = tarfile.TarInfo("a")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    found: dict[str, Any] = {}
    for file in Body(written.getvalue()).files():
        assert file.size == len(files[file.name])
        if file.name == "unread":
            continue
        is_csv = file.name.startswith("n")
        found[file.name] = list(file.csv_rows()) if is_csv else list(file.lines())
    assert found == {
        "a/1.json": ['[{"id": 1}]'],
        "../../etc/passwd": ["x", "y"],
        "n" * 90 + "/" + "m" * 90: [{"id": "1", "a": "2"}],
        "empty": [],
        "last": ["{}"],
    }


def _all(body: ReadableBody) -> list[Any]:
    return [line for file in body.files() for line in file.lines()]


@pytest.mark.parametrize(
    ("content", "read", "message"),
    [
        (b'{"a": 1}\n{"a": \n', lambda body: list(body.jsonl()), "line 2 of the answer should be"),
        (b"[" * 5_000 + b"\n", lambda body: list(body.jsonl()), "line 1 of the answer"),
        (b"a,b\n1\n", lambda body: list(body.csv_rows()), "line 2 of the answer has 1 cells"),
        (b'a,b\n1,"2\n', lambda body: list(body.csv_rows()), "should be CSV but is not"),
        (gzip.compress(b"a\n" * 999)[:-9], lambda body: list(body.lines()), "it is truncated"),
        (b"\x1f\x8bnot a gzip", lambda body: list(body.lines()), "should be gzip but is not"),
        (b"no archive" * 100, _all, "should be a tar but is not"),
        (archive_of({"a": b"x" * 9_000})[:-60], _all, "it is truncated"),
        (archive_of({"a": b"x" * 9_000}, "w")[:5_000], _all, "should be a tar but is not"),
    ],
    ids=["json", "deep", "cells", "quotes", "cut gzip", "no gzip", "no tar", "cut tgz", "cut tar"],
)
def test_what_cannot_be_read_is_said(content: bytes, read: Any, message: str):
    with pytest.raises(ProtocolError, match=message):
        read(Body(content))


def test_bombs_are_not_read_to_their_end(monkeypatch: pytest.MonkeyPatch):
    bomb = gzip.compress(b"0" * 3_000_000)
    monkeypatch.setattr(readable, "MAX_LINE_BYTES", 1_000_000)
    with pytest.raises(ProtocolError, match="a line of the answer has more than"):
        list(Body(bomb).lines())
    monkeypatch.setattr(readable, "MAX_SAVED_BYTES", 2_000_000)
    monkeypatch.setattr(utf8_file, "MAX_SAVED_BYTES", 2_000_000)
    with pytest.raises(ProtocolError, match="larger than"):
        list(Body(gzip.compress(b"0\n" * 1_500_000)).lines())
    # A header with a long name says itself how much is to be read of it.
    name = tarfile.TarInfo("x")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 2_900_000
    header = name.tobuf(tarfile.GNU_FORMAT)
    with pytest.raises(ProtocolError, match="larger than"):
        _all(Body(gzip.compress(header + b"n" * 1_900_000)))


def test_two_readers_of_one_body_do_not_disturb_each_other():
    body = Body(b"1\n2\n3\n")
    pairs: Iterator[tuple[str, str]] = zip(body.lines(), body.lines(), strict=True)
    assert list(pairs) == [("1", "1"), ("2", "2"), ("3", "3")]
