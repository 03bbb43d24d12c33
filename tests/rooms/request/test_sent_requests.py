"""What arrives of a request at a server on loopback, and what is refused before it is sent."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from asyncdest_nb.errors import UnknownName, UsageError
from asyncdest_nb.request import Client, api_key_auth, basic_auth, bearer_auth
from client_calls import KEY, ask, exchanged
from raw_server import RawServer, answer


def test_a_request_has_the_default_options_and_its_own():
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


def test_a_login_is_sent_as_basic_authentication_and_that_of_the_call_takes_precedence():
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
def test_a_base_url_with_a_query_is_refused_and_the_query_is_not_shown(rest: str):
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
        ({"url": "http://u:p@a.example"}, "contains a login"),
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


def test_an_unknown_option_is_named_with_the_most_similar_one():
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


def test_the_functions_for_credentials_take_texts_and_secrets():
    assert basic_auth("u", SecretStr("p")) == {"authorization": "Basic dTpw"}
    assert bearer_auth(SecretStr("t")) == {"authorization": "Bearer t"}
    assert api_key_auth("X-Key", SecretStr("k")) == {"X-Key": "k"}


def test_a_call_and_what_it_sent_are_freed_at_once():
    async def sent(url: str) -> weakref.ref[Any]:
        client = Client(options={"headers": {"authorization": "Bearer sk_live_51Hx9Qw"}})
        call, response = await exchanged(client, url, method="POST", json={"a": 1})
        assert response.ok
        assert len(call.exchanges) == 1
        return weakref.ref(call)

    with RawServer() as server:
        gc.disable()  # It frees objects in a circle, and takes long for all that there are.
        try:
            assert asyncio.run(sent(server.url))() is None
        finally:
            gc.enable()
