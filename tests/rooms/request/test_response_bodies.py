"""How the body of a response is read; a server on loopback sends the bytes."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from asyncdest_nb.errors import ReplyLost
from client_calls import answered
from raw_server import Answer, answer, flood, raw


def json_answer(text: str | bytes) -> Answer:
    return answer(200, text, {"content-type": "application/json; charset=utf-8"})


@pytest.mark.parametrize(
    ("given_answer", "data"),
    [
        (answer(200, {"id": 1}), {"id": 1}),
        (answer(200, '{"id": 1}', {"content-type": "application/problem+json"}), {"id": 1}),
        (
            json_answer('{"a": NaN, "b": [Infinity, -Infinity, 1e999]}'),
            {"a": None, "b": [None] * 3},
        ),
        (json_answer(b'\xef\xbb\xbf{"id": 1}'), {"id": 1}),
        (json_answer('{"a": "\\ud83d\\ude00 \\ud800"}'), {"a": "😀 \ufffd"}),
        (json_answer(b'{"a": "\xff"}'), {"a": "\ufffd"}),
        (json_answer('{"a": "two\nlines,\ta tab and \0"}'), {"a": "two\nlines,\ta tab and \0"}),
        (answer(200, "ä".encode("latin-1"), {"content-type": "text/csv; charset=latin1"}), "ä"),
        (answer(200, "ä", {"content-type": "text/plain; charset=klingon"}), "ä"),
        (answer(200, "ä", {"content-type": "text/plain; charset=hex"}), "ä"),
        (answer(200, '{"id": 1}', {"content-type": "text/plain"}), {"id": 1}),
        (json_answer('{"id": "ä"}'.encode("utf-16")), {"id": "ä"}),
        (answer(200, "OK", {"content-type": "text/html; charset=UTF-8"}), "OK"),
        (answer(200, gzip.compress(b"abc"), {"content-encoding": "gzip"}), "abc"),
        (json_answer(""), None),
        (answer(204), None),
    ],
)
def test_a_body_is_read_by_its_content_type(given_answer: Answer, data: Any):
    response = answered(given_answer)
    assert (response.data, response.problem) == (data, None)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('{"id": 1', "the answer should be JSON but is not: '{\"id\": 1'"),
        ("OK", "the answer should be JSON but is not: 'OK'"),
        ("<html><body>Bad gateway", "an HTML page instead of an answer: '<html><body>Bad gateway'"),
        ("[" * 100_000, "the answer is JSON nested too deep to read"),
        ("[" * 300 + "]" * 300, "the answer is JSON nested too deep to read"),
        ('{"n": ' + "9" * 5000 + "}", "the answer holds a number too long to read"),
    ],
)
def test_a_body_that_does_not_fit_its_content_type_has_no_data_but_a_problem(
    body: str, problem: str
):
    response = answered(json_answer(body))
    assert response.data is None
    assert response.problem.startswith(problem)
    assert response.ok


@pytest.mark.parametrize(
    "kind", [None, "json", "text/plain", "text/html", "application/xml+x", "?"]
)
@pytest.mark.parametrize("value", [{"id": 1}, [], [1, "a"], {}])
def test_json_is_read_under_any_content_type(kind: str | None, value: Any):
    headers = {} if kind is None else {"content-type": kind}
    response = answered(answer(200, f" {json.dumps(value)}\n", headers))
    assert (response.data, response.problem) == (value, None)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("17", "text/plain"),
        ("true", "text/plain"),
        ('"a"', None),
        ("OK", None),
        ("[note] done", "text/plain"),
        ('{"id": 1', "text/plain"),
        ('{"id": 1}\n{"id": 2}\n', "text/plain"),
        ('{"id": 1}\n', "application/x-ndjson"),
        ('{"id": 1}\n', "application/jsonl"),
        ("[1]\n", "text/csv"),
        ("[" * 300 + "]" * 300, "text/plain"),
    ],
)
def test_a_text_other_than_a_json_object_or_array_stays_a_text(body: str, kind: str | None):
    response = answered(answer(200, body, {} if kind is None else {"content-type": kind}))
    assert (response.data, response.text, response.problem) == (body, body, None)


def test_a_body_is_available_as_bytes_too():
    body = "Größe;1\n".encode("latin-1") + bytes(range(256))
    response = answered(answer(200, body, {"content-type": "text/csv; charset=latin-1"}))
    assert response.content == body
    assert response.text == body.decode("latin-1")


def test_an_html_page_is_a_problem_whatever_its_type():
    response = answered(answer(200, "\n<!DOCTYPE html>\n<p>Sign in", {"content-type": "text/html"}))
    assert response.problem == "an HTML page instead of an answer: '<!DOCTYPE html> <p>Sign in'"
    assert response.data == response.text


def test_an_answer_without_an_end_is_cut_off():
    outcome = answered(flood, method="POST", json=1, timeout_seconds=60)
    assert type(outcome) is ReplyLost
    assert "larger than 192 MiB" in str(outcome)


def test_an_answer_that_is_compressed_twice_is_not_decompressed():
    twice = gzip.compress(gzip.compress(b"\0" * 2**20))
    outcome = answered(answer(200, twice, {"content-encoding": "gzip, gzip"}), method="POST")
    assert type(outcome) is ReplyLost
    assert "more than one content-encoding" in str(outcome)


def test_a_raw_answer_reaches_the_client_as_it_was_sent():
    response = answered(raw(b"HTTP/1.1 200 Fine\r\ncontent-type: text/plain\r\n\r\nuntil the end"))
    assert response.data == "until the end"
