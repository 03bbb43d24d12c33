"""The forms in which a function may be written; others are refused when it is defined."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

import asyncdest_nb as ad
from raw_server import RawServer
from translated_code import ROW, SYNCHRONOUS, by_keyword, submitted, translated


async def by_position(request: Any, settings: Any, payload: Any, state_context: Any) -> Any:
    assert state_context.get_request_context("nothing") is None
    return await request(f"{settings.endpoint}/x", method="POST", json=payload)


async def one_object(request: Any, data: Any) -> Any:
    return await request(f"{data.settings.endpoint}/x", method="POST", json=data.payload)


async def anything(*given: Any) -> Any:
    request, data = given
    return await one_object(request, data)


def without_await(request: Any, data: Any) -> Any:
    response = request(f"{data.settings.endpoint}/x", {"method": "post", "json": data.payload})
    assert response.data.ok is True
    return response


def plain_by_keyword(request: Any, *, payload: Any, settings: Any) -> Any:
    return request(f"{settings.endpoint}/x", method="POST", json=payload)


class Callable:
    async def __call__(self, request: Any, *, settings: Any, payload: Any) -> Any:
        return await request(f"{settings.endpoint}/x", method="POST", json=payload)

    async def method(self, request: Any, data: Any) -> Any:
        return await one_object(request, data)


async def with_a_prefix(prefix: str, request: Any, data: Any) -> Any:
    return await one_object(request, data)


@pytest.mark.parametrize(
    "function",
    [
        by_keyword,
        by_position,
        one_object,
        anything,
        without_await,
        plain_by_keyword,
        Callable(),
        Callable().method,
        partial(with_a_prefix, "x"),
        lambda request, data: one_object(request, data),
        lambda request, *, settings, payload: request(
            f"{settings.endpoint}/x", method="POST", json=payload
        ),
    ],
)
def test_a_function_may_be_written_in_any_of_these_forms(session, function):
    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=function))
        assert run.status == "completed", run.results()["message"][0]
        assert json.loads(server.arrived[0].body) == ROW


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda data: None, r"takes \(data\); it is called with \(request, data\)"),
        (lambda request, *, settings, payloads: None, "by name: settings, payload"),
        (lambda request, settings, payload, auth: None, "by name: settings, payload"),
        (lambda *, request, data: None, r"it is called with \(request, data\)"),
        (Callable.method, r"takes \(self, request.*it is called with \(request, data\)"),
        ("perform", "give the function itself"),
    ],
)
@pytest.mark.parametrize("name", ["perform", "performBatch", "poll", "cancel", "check"])
def test_a_function_that_cannot_be_called_is_refused_when_it_is_defined(name, function, problem):
    functions = {"perform": by_keyword, name: function}
    with pytest.raises(ad.UsageError, match=problem):
        translated(**functions)


def test_the_error_for_a_request_that_was_not_awaited_shows_the_await(session):
    async def forgetful(request: Any, data: Any) -> Any:
        response = request(f"{data.settings.endpoint}/x", method="POST", json={})
        return response.data

    async def chained(request: Any, data: Any) -> Any:
        return request(f"{data.settings.endpoint}/x", method="POST").then(lambda answer: answer)

    for function in (forgetful, chained):
        with RawServer(SYNCHRONOUS) as server:
            run = submitted(session, server, translated(perform=function))
            assert server.arrived == []
        assert run.status == "failed"
        assert "write await request" in run.results()["message"][0]
