"""Answers that parsers may fail on, byte by byte, from a raw server on loopback.

Each answer comes after the request was applied. So the exchange is recorded, and no row
may be sent again.
"""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import asyncdest_nb as ad
from asyncdest_nb.errors import ReplyLost
from asyncdest_nb.request import Client, Effect, Response
from raw_server import Answer, RawServer, raw

ACCEPTED = b'{"operation_id": "op-1"}'


def bytes_of(headers: bytes, body: bytes = ACCEPTED, *, line: bytes = b"HTTP/1.1 202 OK") -> bytes:
    """Return an answer with these raw *headers*, each of which ends in CRLF."""
    return b"%s\r\n%scontent-length: %d\r\n\r\n%s" % (line, headers, len(body), body)


def odd(headers: bytes, body: bytes = ACCEPTED, **options: Any) -> Answer:
    return raw(bytes_of(headers, body, **options))


JSON = b"content-type: application/json\r\n"

# The operation id in these is not affected: they are read as usual.
READABLE = {
    "charset in two parts": odd(
        b"content-type: application/json; charset*=utf-8''x; charset*0=y\r\n"
    ),
    "charset without an end": odd(b'content-type: application/json; charset="utf-8\r\n'),
    "charset of a codec that is none": odd(
        b"content-type: application/json; charset=undefined\r\n"
    ),
    "charset longer than a file name": odd(
        b"content-type: application/json; charset=" + b"x" * 5000 + b"\r\n"
    ),
    "content type of bytes": odd(b"content-type: \xff\xfe\x80;;;===\r\n"),
    "content type of nothing": odd(b"content-type:\r\n"),
    "content type twice": odd(JSON + JSON),
    "cookies": odd(JSON + b"set-cookie: \xff=;;\xfe; expires=Never, ==; =\r\nset-cookie:\r\n"),
    "dates": odd(JSON + b"date: Sun, 99 Foo 0000 99:99:99 +99999999\r\nexpires: -1\r\n"),
    "a wait in no form": odd(JSON + b"retry-after: \xff\r\n"),
    "a wait without a year": odd(JSON + b"retry-after: Sun, 31 Feb 0000 00:00:00 GMT\r\n"),
    "a location that is no URL": odd(JSON + b"location: http://[::1\r\n"),
    "a location with a port that is none": odd(JSON + b"location: //h:99999999/\xff\r\n"),
    "links": odd(JSON + b"link: <<<\xff>; rel=\r\n"),
    "headers of 64 kB": odd(JSON + b"x-long: " + b"v" * 65_000 + b"\r\n"),
    "a phrase of bytes": odd(JSON, line=b"HTTP/1.1 202 Gr\xf6\xdfe \xff"),
    "a status without a phrase": odd(JSON, line=b"HTTP/1.1 202"),
    "a charset that JSON has not": odd(b"content-type: application/json; charset=utf-16\r\n"),
    "a charset of another kind": odd(b"content-type: application/json; charset=punycode\r\n"),
    "a gzip of two members": odd(
        JSON + b"content-encoding: gzip\r\n",
        gzip.compress(ACCEPTED[:9]) + gzip.compress(ACCEPTED[9:]),
    ),
    "gzip by its old name": odd(JSON + b"content-encoding: x-gzip\r\n", gzip.compress(ACCEPTED)),
    "gzip that no header names": odd(JSON, gzip.compress(ACCEPTED)),
    "an encoding that packs nothing": odd(JSON + b"content-encoding: UTF-8\r\n"),
    "a thousand headers": odd(JSON + b"".join(b"x-%d: y\r\n" % each for each in range(1000))),
    "a disposition": odd(JSON + b"content-disposition: attachment; filename*=x'y'%ff%\r\n"),
}

# Nobody can know the operation id, or whether it was applied.
UNREADABLE = {
    "no gzip": odd(JSON + b"content-encoding: gzip\r\n"),
    "half a gzip": odd(JSON + b"content-encoding: gzip\r\n", b"\x1f\x8b\x08\x00\x00\x00"),
    "a gzip that ends after its data": odd(
        JSON + b"content-encoding: gzip\r\n", gzip.compress(ACCEPTED + b" " * 5_000)[:-8]
    ),
    "half a gzip that no header names": odd(JSON, gzip.compress(ACCEPTED + b" " * 5_000)[:-8]),
    "a packing nobody asked for": odd(JSON + b"content-encoding: br\r\n", b"\x0b\x02\x80hi\x03"),
    "packed twice": odd(JSON + b"content-encoding: gzip, gzip\r\n"),
    "broken JSON": odd(JSON, b'{"operation_id": '),
    "JSON without an end": odd(JSON, b"[" * 100_000),
    "a number of 5,000 digits": odd(JSON, b'{"operation_id": ' + b"9" * 5_000 + b"}"),
    "a header of a megabyte": odd(JSON + b"x-long: " + b"v" * 2**20 + b"\r\n"),
    "a header without a name": odd(JSON + b": x\r\n"),
    "a length that is none": raw(b"HTTP/1.1 202 OK\r\ncontent-length: many\r\n\r\n" + ACCEPTED),
    "two lengths": raw(
        b"HTTP/1.1 202 OK\r\ncontent-length: 2\r\ncontent-length: 9\r\n\r\n" + ACCEPTED
    ),
    "chunks without a length": raw(
        b"HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n" + ACCEPTED
    ),
    "a body that breaks off": raw(b"HTTP/1.1 202 OK\r\ncontent-length: 500\r\n\r\n" + ACCEPTED),
    "a status of four digits": odd(JSON, line=b"HTTP/1.1 2020 OK"),
}


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


class Row(ad.Payload):
    user_id: str = ad.field("User ID")


async def perform(request, data):
    response = await request(data.settings.endpoint, method="POST", json=data.payload.as_json())
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": response.data["operation_id"]}])


async def poll(request, data):
    done = ad.AsyncOperationResult(status="completed")
    return ad.AsyncPollResponse.of([done for _ in data.async_contexts])


def destination(perform: Any = perform) -> ad.Destination:
    action = ad.Action(title="Send", payload=Row, perform=perform, poll=poll)
    return ad.Destination(name="Odd", slug="odd", settings=Settings, actions={"send": action})


def sent(session: ad.Session, server: RawServer, perform: Any = perform) -> ad.Run:
    """Send one row and return its run once that is done."""
    crm = session.connect(destination(perform), endpoint=server.url, timeout_seconds=20)
    run = crm.submit(pd.DataFrame({"user_id": ["u-1"]}), "send")
    run.wait(timeout=60)
    assert run.is_at_rest
    return run


@pytest.mark.parametrize("given_answer", READABLE.values(), ids=READABLE)
def test_an_answer_with_odd_headers_is_read(session: ad.Session, given_answer: Answer):
    with RawServer(given_answer) as server:
        run = sent(session, server)
        assert run.results()["status"].tolist() == ["completed"]
        assert len(server.arrived) == 1


@pytest.mark.parametrize("given_answer", UNREADABLE.values(), ids=UNREADABLE)
def test_a_row_with_an_unreadable_answer_may_have_been_applied(
    session: ad.Session, given_answer: Answer
):
    with RawServer(given_answer) as server:
        run = sent(session, server)
        assert run.results()["status"].tolist() == ["unknown"]
        assert run.results()["retryable"].isna().all()
        assert len(server.arrived) == 1


def test_the_error_of_a_function_ends_with_the_problem_of_its_answer(
    session: ad.Session,
):
    with RawServer(odd(JSON, b"<<busy>>")) as server:
        run = sent(session, server)
        (message,) = run.results()["message"]
        assert "TypeError" in message
        assert message.endswith("; the answer should be JSON but is not: '<<busy>>'")


class Odd(BaseException):
    """An error of a class that asyncio and the engine do not know."""


class Unprintable(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError("not even its text")

    __repr__ = __str__


@pytest.mark.parametrize(
    "error",
    [
        KeyError("id"),
        Odd("odd"),
        Unprintable(),
        SystemExit(1),
        asyncio.CancelledError(),
        TimeoutError(),
        MemoryError(),
        RecursionError(),
        ConnectionRefusedError("of something else"),
        ExceptionGroup("both", [ValueError(1), TypeError(2)]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_a_function_after_its_request_does_not_count_as_not_sent(
    session: ad.Session, error: BaseException
):
    async def raising(request, data):
        await request(data.settings.endpoint, method="POST", json={})
        raise error

    with RawServer(odd(JSON)) as server:
        run = sent(session, server, raising)
        assert run.results()["status"].tolist() == ["unknown"]
        assert run.results()["retryable"].isna().all()
        assert len(server.arrived) == 1


NAMES = [
    b"content-type",
    b"set-cookie",
    b"date",
    b"retry-after",
    b"location",
    b"content-encoding",
    b"content-location",
    b"link",
    b"www-authenticate",
    b"x-odd",
]
VALUES = st.one_of(
    st.binary(max_size=40),
    st.text(alphabet="charset*0=;'\"%utf-8application/json, \t", max_size=60).map(str.encode),
    st.datetimes().map(lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT").encode()),
)


@pytest.mark.slow
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    status=st.sampled_from([200, 201, 202, 204, 299]),
    fields=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=5),
    body=st.one_of(st.just(ACCEPTED), st.binary(max_size=60), st.text(max_size=40).map(str.encode)),
)
def test_no_answer_makes_an_applied_request_count_as_not_sent(
    status: int, fields: list[tuple[bytes, bytes]], body: bytes
):
    headers = b"".join(
        b"%s: %s\r\n" % (name, value.translate(None, b"\r\n")) for name, value in fields
    )
    line = b"HTTP/1.1 %d OK" % status

    async def exchange(url: str) -> tuple[Any, list[Effect]]:
        client = Client(timeout_seconds=20, secrets=["sk-secret-1"])
        call = client.call()
        try:
            outcome: Any = await call(url, method="POST", json={"id": 1}, throw_http_errors=False)
        except Exception as error:
            outcome = error
        await client.aclose()
        return outcome, [each.effect for each in call.exchanges]

    with RawServer(odd(headers, body, line=line)) as server:
        outcome, effects = asyncio.run(exchange(server.url))
    assert isinstance(outcome, Response | ReplyLost), repr(outcome)
    assert effects == [Effect.APPLIED if isinstance(outcome, Response) else Effect.UNKNOWN]
