"""Mistakes before anything could be sent: the row was not applied, and may be sent again."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import urllib.request
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from bank import Bank, Payload, Vendor, run_of


def helper(payload: Payload) -> str:
    return json.dumps({"user": payload.user_id["name"]})  # type: ignore[index]


def key_error(request: Any, data: Any) -> Any:
    return {"x": 1}["name"]  # type: ignore[index]


def in_a_helper(request: Any, data: Any) -> Any:
    return helper(data.payload)


async def type_error(request: Any, data: Any) -> Any:
    body = json.dumps({"user": data.payload.user_id, "at": pd.Timestamp("2024-06-01")})
    await request(data.settings.endpoint, method="POST", json=json.loads(body))


async def attribute_error(request: Any, data: Any) -> Any:
    await request(data.settings.endpoint, method="POST", json={"x": data.payload.nobody})


async def division(request: Any, data: Any) -> Any:
    await request(data.settings.endpoint)  # It reads alone.
    await asyncio.sleep(0)
    rows = [1 / number for number in range(3)]
    await request(data.settings.endpoint, method="POST", json=rows)


def before_another_client(request: Any, data: Any) -> Any:
    body = json.dumps({"user": data.payload.nobody})
    urllib.request.urlopen(data.settings.endpoint, body.encode())


@pytest.mark.parametrize(
    "perform",
    [key_error, in_a_helper, type_error, attribute_error, division, before_another_client],
)
def test_a_mistake_before_anything_could_be_sent_is_not_applied(
    session: ad.Session, bank: Bank, perform: Callable[..., Any]
):
    run = run_of(session, bank, perform)
    assert run.counts["failed"] == 1, run.results()
    assert run.retryable == 1
    assert bank.applied == []


def test_a_mistake_that_uses_only_the_url_of_an_object_is_not_applied(
    session: ad.Session, bank: Bank
):
    async def perform(request: Any, data: Any) -> Any:
        url = f"{bank.url}/{data.payload.nobody}"
        await request(url, method="POST", json={})

    assert run_of(session, bank, perform).retryable == 1
    assert bank.applied == []


def before_a_helper_sends(vendor: Vendor) -> Callable[..., Any]:
    def sent(payload: Any) -> None:
        vendor.create(payload.nobody)

    def perform(request: Any, data: Any) -> Any:
        sent(data.payload)

    return perform


def before_a_method_sends(vendor: Vendor) -> Callable[..., Any]:
    class Sender:
        def __init__(self) -> None:
            self.client = vendor

        async def __call__(self, request: Any, data: Any) -> Any:
            self.client.create(data.payload.nobody)

    return Sender()


def before_a_decorated_function_sends(vendor: Vendor) -> Callable[..., Any]:
    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def inner(request: Any, data: Any) -> Any:
            return await function(request, data)

        return inner

    @decorated
    async def perform(request: Any, data: Any) -> Any:
        body = data.payload.nobody
        vendor.create(body)

    return perform


def before_a_client_that_is_given_sends(vendor: Vendor) -> Callable[..., Any]:
    def perform(client: Vendor, request: Any, data: Any) -> Any:
        body = data.payload.nobody
        client.create(body)

    return functools.partial(perform, vendor)


def in_another_case(vendor: Vendor) -> Callable[..., Any]:
    def perform(request: Any, data: Any) -> Any:
        if data.payload.user_id == "u-2":
            vendor.create("u-2")
        else:
            raise ValueError("no")

    return perform


def in_a_function_that_imports(vendor: Vendor) -> Callable[..., Any]:
    def perform(request: Any, data: Any) -> Any:
        import urllib.request

        body = os.environ["A_VARIABLE_THAT_NOBODY_HAS_SET"]
        urllib.request.urlopen(data.settings.endpoint, body.encode())

    return perform


def in_a_function_that_reads_a_file(vendor: Vendor) -> Callable[..., Any]:
    def perform(request: Any, data: Any) -> Any:
        with open(__file__) as file:
            return json.loads(file.read())

    return perform


def with_an_object_that_is_no_client(vendor: Vendor) -> Callable[..., Any]:
    class Names:
        def __init__(self) -> None:
            self.count = 0

        def named(self, text: str) -> str:
            self.count += 1
            return f"{text}-{self.count}"

    names = Names()

    def perform(request: Any, data: Any) -> Any:
        return {names.named(data.payload.user_id): 1}["id"]

    return perform


async def refused_after_a_library(request: Any, data: Any) -> Any:
    import colorsys
    import platform

    body = {"node": platform.node(), "hue": colorsys.rgb_to_hsv(1, 0, 0)}
    await request(f"{data.settings.endpoint}/refused", method="POST", json=body)


def refused(vendor: Vendor) -> Callable[..., Any]:
    return refused_after_a_library


@pytest.mark.parametrize(
    "way",
    [
        before_a_helper_sends,
        before_a_method_sends,
        before_a_decorated_function_sends,
        before_a_client_that_is_given_sends,
        in_another_case,
        in_a_function_that_imports,
        in_a_function_that_reads_a_file,
        with_an_object_that_is_no_client,
        refused,
    ],
)
def test_a_mistake_before_a_client_is_used_is_not_applied(
    session: ad.Session, bank: Bank, vendor: Vendor, way: Callable[[Vendor], Callable[..., Any]]
):
    run = run_of(session, bank, way(vendor))
    assert run.counts["failed"] == 1, run.results()
    assert run.retryable == 1
    assert bank.applied == []
