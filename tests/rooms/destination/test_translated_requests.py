"""Arguments of a request as in other clients: accepted, or refused before it is sent."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr

import asyncdest_nb as ad
from raw_server import RawServer, answer
from translated_code import (
    ACCEPTED,
    COMPLETED,
    FIELDS,
    ROW,
    SETTINGS,
    SYNCHRONOUS,
    perform,
    poll,
    submitted,
    translated,
)


def asking(*given: Any, **options: Any) -> Any:
    async def function(request: Any, data: Any) -> Any:
        return await request(f"{data.settings.endpoint}/x", *given, **options)

    return function


@pytest.mark.parametrize(
    ("given", "options", "line"),
    [
        (({"method": "post", "searchParams": {"a": 1}},), {}, "params="),
        (({"method": "post", "body": "{}"},), {}, "json=… for a value, content=… for a text"),
        (({"method": "post", "timeout": 1000},), {}, "timeout_seconds=…, in seconds"),
        (({"method": "post", "responseType": "json"},), {}, "response.data is the JSON"),
        (({"method": "post", "skipResponseCloning": True},), {}, "leave it out"),
        (({"method": "post", "auth": ("u", "p")},), {}, "username="),
        ((), {"method": "POST", "data": {"a": {"b": 1}}}, "json=… for JSON"),
        ((), {"method": "POST", "data": "a=1"}, "content=… for a text"),
        ((), {"stream": True}, "to_file=True"),
        ((), {"method": "POST", "jsn": {}}, "did you mean 'json'"),
        (("POST",), {}, r"write request\(url, method=…"),
        (({"method": "post"}, {}), {}, r"write request\(url, method=…"),
        (({"method": "post"},), {"method": "PUT"}, "method twice"),
        ((), {"method": "POST", "json": object()}, "not JSON serializable"),
        ((), {"method": "POST", "json": {"when": [date(2024, 6, 1)]}}, "not JSON serializable"),
        ((), {"method": "POST", "json": {"key": SecretStr("sk-translated-2")}}, "not JSON"),
    ],
)
@pytest.mark.parametrize("is_plain", [False, True])
def test_an_unknown_option_of_a_request_is_refused_before_it_is_sent(
    session, given, options, line, is_plain
):
    function = asking(*given, **options)
    if is_plain:

        def function(request: Any, data: Any) -> Any:
            return request(f"{data.settings.endpoint}/x", *given, **options)

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=function))
        assert server.arrived == []
    assert list(run.results()["status"]) == ["failed"]
    assert pd.Series(run.results()["message"]).str.contains(line).all()
    assert run.retryable == 1


@pytest.mark.parametrize("url", [None, {"url": "http://127.0.0.1:1/x", "method": "post"}, b"/x"])
def test_a_url_that_is_none_is_refused(session, url):
    async def function(request: Any, data: Any) -> Any:
        return await request(url)

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=function))
        assert server.arrived == []
    assert "write request(url" in run.results()["message"][0]


def test_options_may_be_in_camel_case(session):
    function = asking({"method": "put", "throwHttpErrors": False, "timeoutSeconds": 5})
    with RawServer(answer(200, {"ok": True})) as server:
        run = submitted(session, server, translated(perform=function))
        assert server.arrived[0].method == "PUT"
    assert run.status == "completed"


def test_payloads_at_any_depth_are_sent_as_json(session):
    async def batch(request: Any, *, settings: Any, payload: Any) -> Any:
        body = {"operations": payload, "first": payload[0], "nested": [{"of": tuple(payload)}]}
        return await request(f"{settings.endpoint}/batch", {"method": "post", "json": body})

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(performBatch=batch), rows=2)
        body = json.loads(server.arrived[0].body)
    assert run.status == "completed"
    assert body == {"operations": [ROW, ROW], "first": ROW, "nested": [{"of": [ROW, ROW]}]}


def key_in_base_headers(*, settings: Any) -> Any:
    return {"headers": {"Authorization": f"Bearer {settings.api_key}"}}


@pytest.mark.parametrize(
    ("url", "options", "what"),
    [
        ("/x", lambda key: {"headers": {"Authorization": f"Bearer {key}"}}, "authorization"),
        ("/x", lambda key: {"headers": {"X-Key": str(key)}}, "x-key"),
        ("/x", lambda key: {"params": {"api_key": key}}, "the URL"),
        ("/x", lambda key: {"params": {"api_key": f"{key}"}}, "the URL"),
        ("/x?api_key={key}", lambda key: {}, "the URL"),
        ("/x", lambda key: {"json": {"api_key": key}}, "a secret setting is not JSON"),
    ],
)
def test_a_secret_in_a_text_is_refused_with_the_line_to_write(session, url, options, what):
    async def function(request: Any, *, settings: Any) -> Any:
        path = url.format(key=settings.api_key)
        named = {"json": {}, **options(settings.api_key)}
        return await request(f"{settings.endpoint}{path}", {"method": "post", **named})

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=function))
        assert server.arrived == []
    message = run.results()["message"][0]
    assert what in message
    assert "write settings.….get_secret_value()" in message


def test_a_secret_in_a_text_of_the_base_headers_is_refused_before_anything_is_sent(session):
    crm = ad.Destination(
        name="Example Async",
        slug="example-translated",
        settings=SETTINGS,
        extendRequest=key_in_base_headers,
        actions={"act": {"fields": FIELDS, "perform": perform, "poll": poll}},
    )
    with RawServer(ACCEPTED, COMPLETED) as server:
        with pytest.raises(ad.UsageError, match=r"write settings\.….get_secret_value\(\)"):
            submitted(session, server, crm)
        assert server.arrived == []
