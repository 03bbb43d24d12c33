"""Requests against servers on loopback that misbehave, over every transport there is.

The table of broken exchanges is the heart: what an error is called must follow from
what happened, whatever the transport calls it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import importlib.util
import inspect
import json
import socket
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

import asyncdest_nb as ad
from asyncdest_nb.errors import (
    HTTPError,
    NotSent,
    ReplyLost,
    ReplyTimeout,
    RequestFailed,
    UnknownName,
    UsageError,
)
from asyncdest_nb.request import (
    MASK,
    AiohttpTransport,
    Call,
    Client,
    Effect,
    Redactor,
    Response,
    Transport,
    Unplugged,
    api_key_auth,
    basic_auth,
    bearer_auth,
    effect_of,
    read_retry_after,
)
from asyncdest_nb.request.wire import Body
from raw_server import (
    Answer,
    RawServer,
    answer,
    close,
    cut_body,
    cut_headers,
    drip,
    flood,
    not_http,
    raw,
    reset,
    silence,
)

KEY = 'sk_live_Zq81+/"x7Wf'
NewTransport = Callable[[], Transport]


def httpx_of_one() -> Transport:
    return httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=1))


def aiohttp_of_one() -> Transport:
    return AiohttpTransport(max_connections=1)


def pyreqwest() -> Transport:
    from pyreqwest.compatibility.httpx import HttpxTransport

    return HttpxTransport()


def pyreqwest_of_one() -> Transport:
    from pyreqwest.client import ClientBuilder
    from pyreqwest.compatibility.httpx import HttpxTransport

    return HttpxTransport(ClientBuilder().max_connections(1).build())


TRANSPORTS: list[NewTransport] = [AiohttpTransport, httpx.AsyncHTTPTransport]
OF_ONE: list[NewTransport] = [aiohttp_of_one, httpx_of_one]
if importlib.util.find_spec("pyreqwest"):
    TRANSPORTS.append(pyreqwest)
    OF_ONE.append(pyreqwest_of_one)

every_transport = pytest.mark.parametrize("new_transport", TRANSPORTS)


async def exchanged(client: Client, url: str, **options: Any) -> tuple[Call, Any]:
    """Make one call and return it with its response or its error, the client closed."""
    call = client.call()
    outcome: Any = None
    try:
        outcome = await call(url, **options)
    except Exception as error:
        outcome = error
    finally:
        await client.aclose()
    return call, outcome


def ask(url: str, *, client: Client | None = None, **options: Any) -> Any:
    """Return the response to one request, or the error it raised."""
    return asyncio.run(exchanged(client or Client(timeout_seconds=5), url, **options))[1]


def answered(given_answer: Answer, **options: Any) -> Any:
    """Return the response to a GET that is answered so."""
    with RawServer(given_answer) as server:
        return ask(server.url, **options)


# ------------------------------------------------------- the table of broken exchanges


@every_transport
@pytest.mark.parametrize("body", [{"json": {"id": 1}}, {}], ids=["body", "no body"])
@pytest.mark.parametrize(
    ("happened", "error"),
    [
        pytest.param(reset, ReplyLost, id="read, then reset"),
        pytest.param(close, ReplyLost, id="read, then closed"),
        pytest.param(cut_headers, ReplyLost, id="headers cut"),
        pytest.param(cut_body, ReplyLost, id="body cut"),
        pytest.param(not_http, ReplyLost, id="not HTTP"),
        pytest.param(silence, ReplyTimeout, id="silence"),
        pytest.param(drip, ReplyTimeout, id="a byte at a time"),
    ],
)
def test_a_request_that_arrived_is_never_reported_as_not_sent(
    new_transport: NewTransport, happened: Answer, error: type[RequestFailed], body: dict[str, Any]
):
    patience = 0.5 if error is ReplyTimeout else 10
    client = Client(timeout_seconds=patience, transport=new_transport())
    with RawServer(happened) as server:
        call, outcome = asyncio.run(exchanged(client, server.url, method="POST", **body))
    assert type(outcome) is error
    assert len(server.arrived) == 1
    assert [each.effect for each in call.exchanges] == [Effect.UNKNOWN]


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def unanswering() -> Iterator[str]:
    """An address where a connection is never made: the backlog is full."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextlib.contextmanager
def unknown() -> Iterator[str]:
    """A name that resolves to nothing (RFC 6761)."""
    yield "http://nobody.invalid"


@every_transport
@pytest.mark.parametrize("nowhere", [refusing, unanswering, unknown])
def test_a_request_that_never_left_is_reported_as_not_sent(
    new_transport: NewTransport, nowhere: Callable[[], contextlib.AbstractContextManager[str]]
):
    client = Client(timeout_seconds=1, transport=new_transport())
    with nowhere() as url:
        call, outcome = asyncio.run(exchanged(client, url, method="POST", json={"id": 1}))
    assert type(outcome) is NotSent
    assert [each.effect for each in call.exchanges] == [Effect.NONE]


@pytest.mark.parametrize("new_transport", TRANSPORTS[:2])
def test_a_request_without_a_body_to_where_nothing_listens_is_not_sent(
    new_transport: NewTransport,
):
    with refusing() as url:
        assert type(ask(url, client=Client(transport=new_transport()), method="POST")) is NotSent


@pytest.mark.parametrize("new_transport", OF_ONE)
def test_a_request_that_found_no_free_connection_is_not_sent(new_transport: NewTransport):
    async def second(url: str) -> Exception:
        client = Client(timeout_seconds=5, transport=new_transport())
        first = asyncio.create_task(client.call()(url, method="POST", json=1))
        await asyncio.to_thread(server.has_arrived.wait, 5)
        with pytest.raises(RequestFailed) as raised:
            await client.call()(url, method="POST", json=2, timeout_seconds=0.3)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await client.aclose()
        return raised.value

    with RawServer(silence) as server:
        error = asyncio.run(second(server.url))
    assert type(error) is NotSent
    assert [each.body for each in server.arrived] == [b"1"]


class Broken(httpx.AsyncBaseTransport):
    """Raise an error, before or after the body was taken."""

    def __init__(self, error: Exception, *, is_taken: bool) -> None:
        self._error = error
        self._is_taken = is_taken

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._is_taken:
            await request.aread()
        raise self._error


@pytest.mark.parametrize("name", ["ConnectError", "ConnectTimeout", "PoolTimeout"])
def test_not_connected_is_not_believed_once_the_body_was_taken(name: str):
    error = getattr(httpx, name)("no")
    for is_taken, kind in [(False, NotSent), (True, RequestFailed)]:
        client = Client(transport=Broken(error, is_taken=is_taken))
        outcome = ask("http://a.example", client=client, method="POST", json=1)
        assert isinstance(outcome, kind)
        assert isinstance(outcome, ReplyLost) == is_taken


def test_an_error_nobody_foresaw_is_a_lost_reply():
    client = Client(transport=Broken(ZeroDivisionError("odd"), is_taken=True))
    outcome = ask("http://a.example", client=client, method="POST", json=1)
    assert type(outcome) is ReplyLost
    assert "ZeroDivisionError: odd" in str(outcome)


@every_transport
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("body", [{"json": 1}, {}], ids=["body", "no body"])
@pytest.mark.parametrize("dead", [reset, close])
def test_nothing_is_sent_twice_when_a_kept_connection_turns_out_dead(
    new_transport: NewTransport, method: str, body: dict[str, Any], dead: Answer
):
    async def twice(url: str) -> None:
        client = Client(transport=new_transport())
        await client.call()(url, method=method, **body)
        with pytest.raises(ReplyLost):
            await client.call()(url, method=method, **body)
        await client.aclose()

    with RawServer(answer(200), dead, answer(200)) as server:
        asyncio.run(twice(server.url))
    assert len(server.arrived) == 2


def test_a_body_can_be_taken_once():
    async def take(body: Body) -> list[bytes]:
        return [chunk async for chunk in body]

    body = Body(b"1")
    assert body.is_untouched
    assert asyncio.run(take(body)) == [b"1"]
    assert not body.is_untouched
    with pytest.raises(httpx.StreamConsumed):
        asyncio.run(take(body))


def test_a_rehearsal_sends_nothing_and_shows_what_would_be_sent():
    client = Client(transport=Unplugged())
    call, outcome = asyncio.run(exchanged(client, "http://a.example/x", method="POST", json=[1]))
    assert type(outcome) is NotSent
    (exchange,) = call.exchanges
    assert (exchange.method, exchange.url, exchange.request_body, exchange.effect) == (
        "POST",
        "http://a.example/x",
        "[1]",
        Effect.NONE,
    )


def test_a_cancelled_request_is_on_record_as_unknown():
    async def cancelled(url: str) -> Call:
        client = Client()
        call = client.call()
        task = asyncio.create_task(call(url, method="POST", json=1))
        await asyncio.to_thread(server.has_arrived.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await client.aclose()
        return call

    with RawServer(silence) as server:
        call = asyncio.run(cancelled(server.url))
    assert [each.effect for each in call.exchanges] == [Effect.UNKNOWN]


# --------------------------------------------------------------------- what is sent


def test_a_request_carries_the_base_options_and_its_own():
    options = {
        "base_url": "",
        "headers": {"X-Api-Key": SecretStr(KEY.replace('"', "")), "x-a": "1", "x-b": "2"},
    }
    with RawServer() as server:
        options["base_url"] = SecretStr(server.url + "/v1/")
        own = {"x-a": None, "X-B": "3"}
        ask(
            "/jobs?a=1",
            client=Client(options=options),
            method="post",
            json={"name": "Žofie"},
            headers=own,
            params={"b": "2 3", "c": None},
        )
    (arrived,) = server.arrived
    assert (arrived.method, arrived.target) == ("POST", "/v1/jobs?a=1&b=2+3")
    assert arrived.body == '{"name":"Žofie"}'.encode()
    assert arrived.headers["content-type"] == "application/json"
    assert arrived.headers["x-api-key"] == KEY.replace('"', "")
    assert arrived.headers["x-b"] == "3"
    assert "x-a" not in arrived.headers
    assert arrived.headers["user-agent"].startswith("asyncdest-nb/")


def test_a_login_is_sent_as_basic_authentication_and_the_calls_own_wins():
    async def both(url: str) -> None:
        client = Client(options={"base_url": url, "username": "u", "password": SecretStr("päss")})
        await client.call()("/")
        await client.call()("/", username="v")
        await client.aclose()

    with RawServer() as server:
        asyncio.run(both(server.url))
    assert [each.headers["authorization"] for each in server.arrived] == [
        basic_auth("u", "päss")["authorization"],
        basic_auth("v", "")["authorization"],
    ]


def test_only_trusted_origins_get_headers_and_login():
    async def everywhere(client: Client, urls: list[str]) -> None:
        for url in urls:
            await client.call()(url, method="PUT", content="a,b")
        await client.aclose()

    with RawServer() as home, RawServer() as named, RawServer() as foreign:
        options = {
            "base_url": home.url,
            "headers": {"x-tenant": "7"},
            "username": "u",
            "password": "p",
        }
        client = Client(options=options, trusted=[named.url + "/some/path"])
        elsewhere = f"//127.0.0.1:{foreign.url.rpartition(':')[2]}/x"
        urls = [home.url, named.url, foreign.url + "?sig=1", elsewhere]
        asyncio.run(everywhere(client, urls))
    for trusted in (home, named):
        assert {"authorization", "x-tenant"} <= trusted.arrived[0].headers.keys()
    assert len(foreign.arrived) == 2
    for arrived in foreign.arrived:
        assert not {"authorization", "x-tenant"} & arrived.headers.keys()


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.evil.example/",
        "http://api.example@evil.example/",
        "https://api.example/",
        "http://api.example:81/",
        "http://evil.example\\@api.example/",
        "http://evil.example#@api.example/",
        "//evil.example/",
    ],
)
def test_no_spelling_of_another_origin_gets_credentials(url: str):
    seen = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    options = {"base_url": "http://api.example", "headers": bearer_auth(KEY)}
    client = Client(options=options, transport=httpx.MockTransport(record))
    outcome = ask(url, client=client)
    assert isinstance(outcome, UsageError) or "authorization" not in seen[0].headers


def test_cookies_are_not_kept():
    async def twice(url: str) -> None:
        client = Client()
        await client.call()(url)
        await client.call()(url)
        await client.aclose()

    with RawServer(answer(200, "", {"set-cookie": "session=1; Path=/"})) as server:
        asyncio.run(twice(server.url.replace("127.0.0.1", "localhost")))
    assert len(server.arrived) == 2
    assert "cookie" not in server.arrived[1].headers


@pytest.mark.parametrize("throw", [True, False])
def test_a_redirect_is_not_followed(throw: bool):
    with RawServer() as foreign:
        target = foreign.url + "/take?sig=secret"
        with RawServer(answer(307, "", {"location": target})) as server:
            client = Client(options={"base_url": server.url, "headers": bearer_auth(KEY)})
            outcome = ask("/jobs", client=client, method="POST", json=1, throw_http_errors=throw)
    assert foreign.arrived == []
    assert outcome.status == 307
    if throw:
        assert f"moved to {foreign.url}/take: correct the endpoint; redirects are not" in str(
            outcome
        )


@pytest.mark.parametrize("rest", ["?key=sk_1234567890", "/v1?a=1", "#part"])
def test_a_base_with_a_query_is_refused_as_it_would_get_lost_and_is_not_shown(rest: str):
    with pytest.raises(UsageError, match="would get lost: leave it out") as caught:
        Client(options={"base_url": f"http://a.example{rest}"})
    assert "sk_1234567890" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"json": {"a": float("nan")}}, "cannot send this as JSON"),
        ({"json": {"a": "\ud800"}}, "lone surrogate"),
        ({"json": {"a": object()}}, "not JSON serializable; for a payload write payload.as_json()"),
        ({"json": 1, "content": "a"}, "not both"),
        ({"url": "/jobs"}, "a path with base_url set"),
        ({"url": "ftp://a.example"}, "use an http:// or https:// URL"),
        ({"url": "http://u:p@a.example"}, "holds a login"),
        ({"url": "http://a.example:x"}, "is not a URL"),
        ({"method": "GET IT"}, "is not an HTTP method"),
        ({"headers": {"x-a": "1\r\nx-b: 2"}}, "the header x-a is not printable"),
        ({"headers": {"x a": "1"}}, "cannot be the name of a header"),
        ({"timeout_seconds": 0}, "must be a number above 0"),
        ({"timeout_seconds": float("inf")}, "must be a number above 0"),
    ],
)
def test_a_callers_fault_is_raised_before_anything_is_sent(options: dict[str, Any], message: str):
    with RawServer() as server:
        outcome = ask(**{"url": server.url, "method": "POST", **options})
    assert isinstance(outcome, UsageError)
    assert message in str(outcome)
    assert "nothing was sent" in str(outcome)
    assert server.connections == 0


def test_an_unknown_option_is_named_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'base_url'"):
        Client(options={"baseurl": "http://a.example"})


def test_a_client_stays_on_its_event_loop():
    async def on_two_loops(url: str) -> None:
        client = Client()
        await client.call()(url)
        with pytest.raises(UsageError, match="another event loop"):
            await asyncio.to_thread(asyncio.run, client.call()(url))
        await client.aclose()

    with RawServer() as server:
        asyncio.run(on_two_loops(server.url))
    assert len(server.arrived) == 1


def test_a_closed_client_sends_nothing():
    client = Client()
    asyncio.run(client.aclose())
    assert "closed" in str(ask("http://a.example", client=client))


# ------------------------------------------------------------------- what comes back


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
def test_a_body_is_read_as_its_type_says(given_answer: Answer, data: Any):
    response = answered(given_answer)
    assert (response.data, response.problem) == (data, None)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('{"id": 1', "the answer says it is JSON but is not: '{\"id\": 1'"),
        ("OK", "the answer says it is JSON but is not: 'OK'"),
        ("<html><body>Bad gateway", "an HTML page instead of an answer: '<html><body>Bad gateway'"),
        ("[" * 100_000, "the answer is JSON nested too deep to read"),
        ("[" * 300 + "]" * 300, "the answer is JSON nested too deep to read"),
        ('{"n": ' + "9" * 5000 + "}", "the answer holds a number too long to read"),
    ],
)
def test_a_body_that_is_not_what_it_says_has_no_data_but_a_problem(body: str, problem: str):
    response = answered(json_answer(body))
    assert response.data is None
    assert response.problem.startswith(problem)
    assert response.ok


@pytest.mark.parametrize(
    "kind", [None, "json", "text/plain", "text/html", "application/xml+x", "?"]
)
@pytest.mark.parametrize("value", [{"id": 1}, [], [1, "a"], {}])
def test_json_is_read_whatever_the_content_type_says(kind: str | None, value: Any):
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
def test_a_text_that_is_no_json_object_or_array_stays_a_text(body: str, kind: str | None):
    response = answered(answer(200, body, {} if kind is None else {"content-type": kind}))
    assert (response.data, response.text, response.problem) == (body, body, None)


def test_a_body_is_there_as_bytes_too():
    body = "Größe;1\n".encode("latin-1") + bytes(range(256))
    response = answered(answer(200, body, {"content-type": "text/csv; charset=latin-1"}))
    assert response.content == body
    assert response.text == body.decode("latin-1")


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
def test_a_location_is_absolute_and_a_request_to_it_goes_exactly_there(location: str, target: str):
    async def follow(host: str) -> Any:
        client = Client(options={"base_url": f"{host}/api/v1"}, timeout_seconds=5)
        accepted = await client.call()("/jobs", method="POST", json=1)
        await client.call()(accepted.location)
        await client.aclose()
        return accepted.location

    server = RawServer()
    host = server.url
    server._answers = (answer(202, "", {"location": location.format(host=host)}), answer(200))
    with server:
        found = asyncio.run(follow(host))
    assert found == target.format(host=host)
    assert server.arrived[1].target == target.removeprefix("{host}")


def test_a_location_elsewhere_and_without_a_scheme_has_the_scheme_of_the_request():
    response = answered(answer(201, "", {"location": "//jobs.example/5"}))
    assert response.location == "http://jobs.example/5"


@pytest.mark.parametrize("headers", [{}, {"location": ""}, {"location": "http://[::1"}])
def test_an_answer_that_points_nowhere_has_no_location(headers: dict[str, str]):
    assert answered(answer(201, "", headers)).location is None


def test_a_header_may_have_64_kb():
    assert answered(answer(200, "", {"x-long": "v" * 65_000})).headers["x-long"] == "v" * 65_000


def test_an_html_page_is_a_problem_whatever_its_type():
    response = answered(answer(200, "\n<!DOCTYPE html>\n<p>Sign in", {"content-type": "text/html"}))
    assert response.problem == "an HTML page instead of an answer: '<!DOCTYPE html> <p>Sign in'"
    assert response.data == response.text


def test_an_answer_without_an_end_is_cut_off():
    outcome = answered(flood, method="POST", json=1, timeout_seconds=60)
    assert type(outcome) is ReplyLost
    assert "larger than 192 MiB" in str(outcome)


def test_an_answer_packed_twice_is_not_unpacked():
    twice = gzip.compress(gzip.compress(b"\0" * 2**20))
    outcome = answered(answer(200, twice, {"content-encoding": "gzip, gzip"}), method="POST")
    assert type(outcome) is ReplyLost
    assert "more than one content-encoding" in str(outcome)


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


def test_an_error_status_is_returned_if_so_asked():
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
    ("said", "seconds"),
    [
        ({"Date": "Wed, 14 Jul 2027 03:33:20 GMT"}, 10),
        ({"Date": "Tue, 14 Jul 2015 03:33:00 GMT"}, 600),
        ({"Date": "Wed, 14 Jul 2027 03:33:31 GMT"}, 0),
        ({"Date": "yesterday"}, 600),
        ({}, 600),
    ],
)
def test_a_date_to_come_back_at_is_of_the_clock_that_wrote_it(said: dict[str, str], seconds: float):
    headers = {"Retry-After": "Wed, 14 Jul 2027 03:33:30 GMT", **said}
    assert read_retry_after(headers, now=NOW) == seconds


def test_an_answer_may_take_a_minute_by_default():
    assert (
        str(inspect.signature(ad.Session.connect).parameters["timeout_seconds"].default) == "60.0"
    )
    assert Client()._base.timeout_seconds == 60


def test_no_retry_after_is_none():
    assert read_retry_after({}, now=NOW) is None


@pytest.mark.parametrize(
    ("effect", "statuses"),
    [
        (Effect.APPLIED, [200, 201, 202, 204, 299]),
        (Effect.NONE, [301, 302, 307, 308, 400, 401, 403, 404, 409, 410, 422, 425, 429, 499, 501]),
        (Effect.UNKNOWN, [100, 300, 303, 304, 305, 306, 408, 500, 502, 503, 504, 599, 999]),
    ],
)
def test_what_a_status_says_about_the_effect(effect: Effect, statuses: list[int]):
    for status in statuses:
        assert effect_of("POST", status, retry_after=None) is effect
        assert effect_of("GET", status, retry_after=None) is Effect.NONE
    assert effect_of("POST", 503, retry_after=0.0) is Effect.NONE


# ----------------------------------------------------------------------- secrets


def echo(text: str) -> Answer:
    return answer(400, json.dumps({"error": text}), {"content-type": "application/json"})


@pytest.mark.parametrize(
    "spelled",
    [
        KEY,
        httpx.QueryParams({"k": KEY}).__str__()[2:],
        KEY.replace("/", "\\/"),
        json.dumps(KEY)[1:-1],
        basic_auth("user", KEY)["authorization"],
        f"invalid key {KEY[:8]}...{KEY[-4:]}",
        f"starts with {KEY[:6]}",
        KEY.replace('"', "&quot;"),
    ],
)
def test_a_secret_is_masked_however_it_is_spelled(spelled: str):
    client = Client(
        options={"username": "user", "password": KEY, "headers": {"x-api-key": KEY}},
        trusted=["http://127.0.0.1"],
    )
    with RawServer(echo(f"<{spelled}>")) as server:
        call, error = asyncio.run(exchanged(client, server.url, method="POST", json={"k": spelled}))
    shown = f"{error} {error.excerpt} {call.exchanges} {client!r} {call!r}"
    assert MASK in error.excerpt
    assert not any(KEY[at : at + 6] in shown for at in range(len(KEY) - 5))
    assert basic_auth("user", KEY)["authorization"].split()[1] not in shown


def test_an_echoed_secret_is_there_for_code_and_masked_where_it_is_shown():
    client = Client(secrets=[KEY, "987654321"])
    echoed = {"key": KEY, "nested": [{KEY: KEY}], "number": 987654321, "id": 1}
    with RawServer(answer(200, echoed, {"x-echo": KEY})) as server:
        response = ask(server.url, client=client)
    assert response.data == json.loads(response.content) == json.loads(response.text) == echoed
    assert response.headers["x-echo"] == KEY
    nested = [{MASK: MASK}]
    assert client.kept(response.data) == {"key": MASK, "nested": nested, "number": MASK, "id": 1}
    assert KEY not in f"{response!r} {response}"


def test_a_short_secret_does_not_destroy_data():
    client = Client(secrets=["demo"])
    with RawServer(answer(400, {"id": "demo-17"})) as server:
        call, response = asyncio.run(exchanged(client, server.url, throw_http_errors=False))
    assert response.data == {"id": "demo-17"}
    assert call.exchanges[0].answer == f'{{"id": "{MASK}-17"}}'


def test_credentials_given_to_one_call_are_masked_too():
    with RawServer(echo(f"bad token {KEY}")) as server:
        call, error = asyncio.run(exchanged(Client(), server.url, headers=bearer_auth(KEY)))
    assert KEY not in f"{error} {call.exchanges}"
    assert call.exchanges[0].request_headers["authorization"] == MASK
    assert call.mask(f"a {KEY} b") == f"a {MASK} b"


def test_signatures_in_urls_are_not_shown():
    for given_answer in (
        answer(403, "no"),
        not_http,
        reset,
        answer(302, "", {"location": "/?s=sigN"}),
    ):
        with RawServer(given_answer) as server:
            call, error = asyncio.run(exchanged(Client(), server.url + "/f?X-Sig=sigN&n=1"))
        assert "sigN" not in f"{error} {call.exchanges}"
        assert call.exchanges[0].url == server.url + f"/f?X-Sig={MASK}&n={MASK}"


@every_transport
@pytest.mark.parametrize("given_answer", [answer(500, "x"), reset, not_http])
def test_an_error_carries_no_other_exception_and_no_secret(
    new_transport: NewTransport, given_answer: Answer
):
    with RawServer(given_answer) as server:
        options = {"base_url": server.url, "headers": bearer_auth(KEY)}
        client = Client(options=options, transport=new_transport())
        error = ask("/", client=client, method="POST", json={"k": KEY})
    assert error.__cause__ is None
    assert error.__context__ is None
    shown = "".join(traceback.format_exception(error)) + repr(vars(error))
    assert KEY not in shown


def test_a_refusal_to_send_does_not_show_the_secret_either():
    client = Client(secrets=[KEY])
    error = ask("http://a.example", client=client, json={KEY: {1, 2}}, headers={"x": KEY + "\n"})
    assert isinstance(error, UsageError)
    assert KEY not in "".join(traceback.format_exception(error))
    assert error.__context__ is None


# The mark tells them from the words of this source, of which Hypothesis makes texts, too: the
# watch over secrets would find those in every notebook.
secrets = st.text(min_size=5, max_size=19).map("§{}".format)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(secrets, min_size=1, max_size=3), st.data())
def test_no_run_of_six_characters_of_a_secret_stays_in_a_text(
    found: list[str], draw: st.DataObject
):
    pieces = st.sampled_from([*found, *(each[1:7] for each in found), "a", " "])
    text = "".join(draw.draw(st.lists(pieces, max_size=6)))
    limit = draw.draw(st.none() | st.integers(0, 40))
    stripped = [each.strip() for each in found]
    runs = {each[at : at + 6] for each in stripped for at in range(len(each) - 5)}
    shown = Redactor(found).text(text, limit=limit)
    assert not any(run in part for run in runs for part in shown.split(MASK))


def test_a_text_is_cut_after_masking_not_in_the_middle_of_a_secret():
    assert Redactor(["abcdefghij"]).text("1234abcdefghij", limit=6) == f"1234{MASK}…"
    assert Redactor(["abcdefghij"]).text("1234", limit=6) == "1234"


def test_the_functions_for_credentials_take_texts_and_secrets():
    assert basic_auth("u", SecretStr("p")) == {"authorization": "Basic dTpw"}
    assert bearer_auth(SecretStr("t")) == {"authorization": "Bearer t"}
    assert api_key_auth("X-Key", SecretStr("k")) == {"X-Key": "k"}


def test_a_raw_answer_reaches_the_client_as_it_was_sent():
    response = answered(raw(b"HTTP/1.1 200 Fine\r\ncontent-type: text/plain\r\n\r\nuntil the end"))
    assert response.data == "until the end"


SIGNED = {
    "https://b.s3.amazonaws.com/r.csv?X-Amz-Expires=60&X-Amz-Signature={}": "4f9c1e77",
    "https://b.s3.amazonaws.com/r.csv?x-amz-security-token={}&b=1": "FwoG%2BabC",
    "https://storage.googleapis.com/r?X-Goog-Signature={}#top": "0a1b",
    "https://d111.cloudfront.net/r?Expires=1&Signature={}&Key-Pair-Id=K1": "nitfHRCrtziwO2HwPfWw~y",
    "https://a.blob.core.windows.net/r?sv=2020&sig={}": "Jo9%2FQ%3D",
    "/go?to=https%3A%2F%2Fa.net%2Fr%3Fsig%3D{}%26b%3D1": "Jo9Q",
    'before "https://a.net/r?a=1\\u0026sig={}" and after': "Jo9Q",
    "<a href='https://a.net/r?a=1&amp;sig={}'>": "Jo9Q",
}


@pytest.mark.parametrize(("text", "signature"), SIGNED.items())
def test_the_signature_of_a_url_is_not_shown_and_not_kept(text, signature):
    signed, masked = text.format(signature), text.format(MASK)
    assert Redactor().text(signed) == masked
    assert Redactor().kept({"a": [signed, 1, None]}) == {"a": [masked, 1, None]}
    assert signature not in Redactor().text(signed, limit=len(text) - 2)


@pytest.mark.parametrize("text", ["sig=5", "?design=5", "https://a.net/?signature_id=7&sign=8", ""])
def test_what_is_no_signature_is_left_alone(text):
    assert Redactor().text(text) == text
    assert Redactor().kept(text) == text
