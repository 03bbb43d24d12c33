"""Status and headers of a response: location, waits, errors, and the effect of the request."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import httpx
import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import HTTPError
from asyncdest_nb.request import (
    Client,
    Effect,
    Response,
    effect_of,
    is_moved,
    read_retry_after,
)
from client_calls import answered, ask
from raw_server import RawServer, Writer, answer


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/api/v1/jobs/5", "{host}/api/v1/jobs/5"),
        ("jobs/5?a=b", "{host}/api/v1/jobs/5?a=b"),
        ("../v2/jobs/5", "{host}/api/v2/jobs/5"),
        ("?next=2", "{host}/api/v1/jobs?next=2"),
        ("{host}/api/v1/jobs/5", "{host}/api/v1/jobs/5"),
        ("/a%2Fb/c%20d", "{host}/a%2Fb/c%20d"),
        ("/a%7Eb/%41", "{host}/a%7Eb/%41"),
    ],
)
def test_a_location_is_an_absolute_url_that_can_be_requested(location: str, target: str):
    async def follow(host: str) -> Any:
        client = Client(options={"base_url": f"{host}/api/v1"}, timeout_seconds=5)
        accepted = await client.call()("/jobs", method="POST", json=1)
        await client.call()(accepted.location)
        await client.aclose()
        return accepted.location

    async def accept(writer: Writer) -> None:
        await answer(202, "", {"location": location.format(host=server.url)})(writer)

    with RawServer(accept, answer(200)) as server:
        found = asyncio.run(follow(server.url))
    assert found == target.format(host=server.url)
    assert server.arrived[1].target == target.removeprefix("{host}")


def test_a_location_without_a_scheme_gets_the_scheme_of_the_request():
    response = answered(answer(201, "", {"location": "//jobs.example/5"}))
    assert response.location == "http://jobs.example/5"


@pytest.mark.parametrize("headers", [{}, {"location": ""}, {"location": "http://[::1"}])
def test_an_answer_without_a_usable_location_has_none(headers: dict[str, str]):
    assert answered(answer(201, "", headers)).location is None


def test_a_header_may_have_64_kb():
    assert answered(answer(200, "", {"x-long": "v" * 65_000})).headers["x-long"] == "v" * 65_000


def test_headers_are_found_in_lower_case():
    response = answered(answer(202, "", {"Operation-Location": "/jobs/1"}))
    assert response.headers["operation-location"] == "/jobs/1"


def test_an_error_status_is_raised_with_an_excerpt_and_its_wait():
    body, headers = "no \n such\tfield " * 100, {"retry-after": "7"}
    error = answered(answer(422, body, headers), method="POST", json=1)
    assert type(error) is HTTPError
    assert (error.status, error.retry_after) == (422, 7)
    assert " answered 422 Unprocessable Content: no such field no such" in str(error)
    assert len(error.excerpt) <= 301


def test_an_error_status_is_returned_with_throw_http_errors_false():
    response = answered(answer(404, {"error": "gone"}), throw_http_errors=False)
    assert isinstance(response, Response)
    assert (response.status, response.ok, response.data) == (404, False, {"error": "gone"})


NOW = 1_784_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3),
        ("0", 0),
        (" 1.5 ", 1.5),
        ("-5", 0),
        ("601", 600),
        ("9" * 5000, 600),
        ("Tue, 14 Jul 2026 03:33:30 GMT", 10),
        ("Tuesday, 14-Jul-26 03:33:30 GMT", 10),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 -0000", 600),
        ("2026-07-14T03:33:30Z", 10),
        ("2026-07-14T05:33+02:00", 0),
        (str(int(NOW) + 20), 20),  # Some answer the time, not the seconds until then.
        (f"{int(NOW)}500", 0.5),  # Some in milliseconds.
        (str(int(NOW) - 20), 0),
        ("soon", None),
        ("", None),
        ("١٢", None),
        ("inf", None),
        ("1e3", None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(value: str, seconds: float | None):
    assert read_retry_after({"Retry-After": value}, now=NOW) == seconds


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ({"Date": "Wed, 14 Jul 2027 03:33:20 GMT"}, 10),
        ({"Date": "Tue, 14 Jul 2015 03:33:00 GMT"}, 600),
        ({"Date": "Wed, 14 Jul 2027 03:33:31 GMT"}, 0),
        ({"Date": "yesterday"}, 600),
        ({}, 600),
    ],
)
def test_a_date_in_retry_after_is_relative_to_the_date_of_the_answer(
    date: dict[str, str], seconds: float
):
    headers = {"Retry-After": "Wed, 14 Jul 2027 03:33:30 GMT", **date}
    assert read_retry_after(headers, now=NOW) == seconds


def test_an_answer_may_take_a_minute_by_default():
    limits = []

    def record(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"])
        return httpx.Response(200)

    connect = inspect.signature(ad.Session.connect)
    assert str(connect.parameters["timeout_seconds"].default) == "60.0"
    ask("http://a.example", client=Client(transport=httpx.MockTransport(record)))
    assert limits[0]["pool"] == 54  # 90 % of the time for a whole exchange.


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1500"}, 1.5),
        ({"Retry-After": "2", "retry-after-ms": "1500"}, 2),
        ({"RateLimit-Reset": "12"}, 12),
        ({"X-RateLimit-Reset": str(int(NOW) + 12)}, 12),
        ({"X-Rate-Limit-Reset": f"{int(NOW) + 12}250"}, 12.25),
        ({"X-RateLimit-Reset": "2026-07-14T03:33Z"}, None),  # A minute begins, and it is past.
        ({"X-RateLimit-Reset": "0"}, None),
        ({"X-RateLimit-Reset": "6m0s"}, None),
        ({"Retry-After": "0", "X-RateLimit-Reset": "12"}, 0),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "12"}, 12),
    ],
)
def test_a_429_may_say_otherwise_when_requests_are_taken_again(
    headers: dict[str, str], seconds: float | None
):
    assert read_retry_after(headers, now=NOW, status=429) == seconds
    if seconds != 1.5 and "Retry-After" not in headers:
        assert read_retry_after(headers, now=NOW, status=200) is None


def test_no_retry_after_is_none():
    assert read_retry_after({}, now=NOW) is None


@pytest.mark.parametrize(
    ("effect", "statuses"),
    [
        (Effect.APPLIED, [200, 201, 202, 204, 299]),
        (Effect.NONE, [400, 401, 403, 404, 409, 410, 422, 425, 429, 499, 501]),
        (Effect.UNKNOWN, [100, 300, 302, 303, 304, 305, 306, 408, 500, 502, 503, 504, 599, 999]),
    ],
)
def test_the_status_decides_the_effect_of_a_request(effect: Effect, statuses: list[int]):
    for status in statuses:
        assert effect_of("POST", status, retry_after=None) is effect
        assert effect_of("GET", status, retry_after=None) is Effect.NONE
    assert effect_of("POST", 503, retry_after=0.0) is Effect.NONE
    assert effect_of("POST", 302, retry_after=None, is_moved=True) is Effect.NONE


@pytest.mark.parametrize(
    ("status", "location", "moved"),
    [
        *((status, "https://b/v2", True) for status in (301, 307, 308)),
        *((status, None, True) for status in (301, 307, 308)),
        (302, "https://a/v1/", True),
        (302, "http://www.a:8080/v1?b=1", True),
        (302, "http://a/v1/7", False),
        (302, "http://a/login?next=/v1", False),
        (302, None, False),
        (303, "http://a/v1/", False),
    ],
)
def test_a_302_to_another_path_does_not_say_that_a_request_has_moved(
    status: int, location: str | None, *, moved: bool
):
    assert is_moved(status, "http://a/v1?sig=1", location) is moved


# The examples of RFC 3986, section 5.4, for the base http://a/b/c/d;p?q.
RFC_EXAMPLES = """
g:h g:h
g http://a/b/c/g
./g http://a/b/c/g
g/ http://a/b/c/g/
/g http://a/g
//g http://g
?y http://a/b/c/d;p?y
g?y http://a/b/c/g?y
#s http://a/b/c/d;p?q#s
g#s http://a/b/c/g#s
g?y#s http://a/b/c/g?y#s
;x http://a/b/c/;x
g;x http://a/b/c/g;x
g;x?y#s http://a/b/c/g;x?y#s
. http://a/b/c/
./ http://a/b/c/
.. http://a/b/
../ http://a/b/
../g http://a/b/g
../.. http://a/
../../ http://a/
../../g http://a/g
../../../g http://a/g
../../../../g http://a/g
/./g http://a/g
/../g http://a/g
g. http://a/b/c/g.
.g http://a/b/c/.g
g.. http://a/b/c/g..
..g http://a/b/c/..g
./../g http://a/b/g
./g/. http://a/b/c/g/
g/./h http://a/b/c/g/h
g/../h http://a/b/c/h
g;x=1/./y http://a/b/c/g;x=1/y
g;x=1/../y http://a/b/c/y
g?y/./x http://a/b/c/g?y/./x
g?y/../x http://a/b/c/g?y/../x
g#s/./x http://a/b/c/g#s/./x
g#s/../x http://a/b/c/g#s/../x
"""


def test_locations_are_resolved_as_the_rfc_does():
    examples = [line.split(" ") for line in RFC_EXAMPLES.strip().splitlines()]
    answers = [answer(302, "", {"location": location}) for location, _ in examples]

    async def all_of(url: str) -> list[Any]:
        client = Client()
        options = {"throw_http_errors": False}
        found = [(await client.call()(url, **options)).location for _ in examples]
        await client.aclose()
        return found

    with RawServer(*answers) as server:
        found = asyncio.run(all_of(f"{server.url}/b/c/d;p?q"))
        host = server.url
    expected = [target.replace("http://a", host) for _, target in examples]
    differing = {
        location: (got, wanted)
        for (location, _), got, wanted in zip(examples, found, expected, strict=True)
        if got != wanted
    }
    assert differing == {}


def test_the_content_of_a_response_is_its_bytes_whatever_its_charset_says():
    body = "ž\r\n\x00".encode() + b"\xff\xfe"
    for charset in ("", "; charset=latin-1", "; charset=utf-16", "; charset=nonsense"):
        response = answered(answer(200, body, {"content-type": f"text/csv{charset}"}))
        assert response.content == body
