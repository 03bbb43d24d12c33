"""A client with an open connection may have sent, however a function reaches it."""

from __future__ import annotations

import functools
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import asyncdest_nb as ad
from bank import Bank, Vendor, require_unknown, run_of


def in_a_namespace(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    holder = SimpleNamespace(client=vendor)

    def perform(request: Any, data: Any) -> Any:
        found = holder
        found.client.create(data.payload.user_id)
        raise KeyError("id")

    return perform


def in_a_context_variable(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    holder = ContextVar("holder", default=vendor)

    def perform(request: Any, data: Any) -> Any:
        holder.get().create(data.payload.user_id)
        raise KeyError("id")

    return perform


def in_a_slot(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    class Holder:
        __slots__ = ("client",)

    holder = Holder()
    holder.client = vendor  # type: ignore[attr-defined]

    def perform(request: Any, data: Any) -> Any:
        holder.client.create(data.payload.user_id)  # type: ignore[attr-defined]
        raise KeyError("id")

    return perform


def in_a_class(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    class Holder:
        client = vendor

    def perform(request: Any, data: Any) -> Any:
        vars(Holder)["client"].create(data.payload.user_id)
        raise KeyError("id")

    return perform


def in_a_cache(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    @functools.lru_cache
    def client() -> Vendor:
        return vendor

    def perform(request: Any, data: Any) -> Any:
        client().create(data.payload.user_id)
        raise KeyError("id")

    return perform


def in_a_generator(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    def sending() -> Iterator[None]:
        while True:
            vendor.create((yield))  # type: ignore[func-returns-value, arg-type]

    sender: Any = sending()
    next(sender)

    def perform(request: Any, data: Any) -> Any:
        sender.send(data.payload.user_id)
        raise KeyError("id")

    return perform


def under_the_name_of_another(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(json.dumps)
    def dumps(value: str) -> None:
        send(value)

    def perform(request: Any, data: Any) -> Any:
        dumps(data.payload.user_id)
        raise KeyError("id")

    return perform


def by_name(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    names = {"__builtins__": __builtins__, "send": send}
    source = """def perform(request, data):
        globals()["send"](data.payload.user_id)
        raise KeyError("id")"""
    exec(source, names)
    return names["perform"]


def in_a_text(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    class Name(str):
        def create(self) -> None:
            send(self)

    name = Name("u-1")

    def perform(request: Any, data: Any) -> Any:
        name.create()
        raise KeyError("id")

    return perform


def in_a_worker(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    waiting = deque[str]()

    def work() -> None:
        while not waiting:
            time.sleep(0.01)
        send(waiting[0])
        waiting.clear()

    threading.Thread(target=work, daemon=True).start()

    def perform(request: Any, data: Any) -> Any:
        waiting.append(data.payload.user_id)
        while waiting:
            time.sleep(0.01)
        raise KeyError("id")

    return perform


def through_a_pipe(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    reading, writing = os.pipe()
    lines, pipe = os.fdopen(reading), os.fdopen(writing, "w")
    ended: list[bool] = []

    def work() -> None:
        with lines:
            send(lines.readline().strip())
        ended.append(True)

    threading.Thread(target=work, daemon=True).start()

    def perform(request: Any, data: Any) -> Any:
        pipe.write(f"{data.payload.user_id}\n")
        pipe.close()
        while not ended:
            time.sleep(0.01)
        raise KeyError("id")

    return perform


def in_a_clause_that_is_always_run(vendor: Vendor, send: Callable[..., Any]) -> Any:
    def perform(request: Any, data: Any) -> Any:
        try:
            return {"x": 1}["id"]  # type: ignore[index]
        finally:
            send(data.payload.user_id)

    return perform


def in_a_clause_that_lets_it_pass(vendor: Vendor, send: Callable[..., Any]) -> Any:
    async def perform(request: Any, data: Any) -> Any:
        try:
            await request(f"{data.settings.endpoint}/refused", method="POST", json={})
        except ad.HTTPError:
            send(data.payload.user_id)
            raise

    return perform


def before_a_refusal(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    async def perform(request: Any, data: Any) -> Any:
        send(data.payload.user_id)
        await request(f"{data.settings.endpoint}/refused", method="POST", json={})

    return perform


def by_a_base_class(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    class Base:
        client = vendor

        def sent(self, text: str) -> None:
            self.client.create(text)

    class Sender(Base):
        def sent(self, text: str) -> None:
            super().sent(text)

        def __call__(self, request: Any, data: Any) -> Any:
            super().sent(data.payload.user_id)
            raise KeyError("id")

    return Sender()


def by_a_helper_that_fails_the_second_time(vendor: Vendor, send: Callable[..., Any]) -> Any:
    def sent(row: dict[str, str]) -> None:
        send(row["id"])

    def perform(request: Any, data: Any) -> Any:
        for row in [{"id": data.payload.user_id}, {}]:
            sent(row)

    return perform


WAYS = [
    in_a_namespace,
    in_a_context_variable,
    in_a_slot,
    in_a_class,
    in_a_cache,
    in_a_generator,
    under_the_name_of_another,
    by_name,
    in_a_text,
    in_a_worker,
    through_a_pipe,
    in_a_clause_that_is_always_run,
    in_a_clause_that_lets_it_pass,
    before_a_refusal,
    by_a_base_class,
    by_a_helper_that_fails_the_second_time,
]


@pytest.mark.parametrize("way", WAYS)
def test_a_client_with_an_open_connection_may_have_sent_however_it_is_reached(
    session: ad.Session, bank: Bank, vendor: Vendor, way: Callable[..., Any]
):
    require_unknown(run_of(session, bank, way(vendor, vendor.create)))
    assert bank.applied == ["u-1"]


def test_a_named_pipe_may_send(session: ad.Session, bank: Bank, tmp_path: Path):
    os.mkfifo(tmp_path / "outbox")
    end = os.open(tmp_path / "outbox", os.O_RDONLY | os.O_NONBLOCK)

    def perform(request: Any, data: Any) -> Any:
        with open(f"{tmp_path}/outbox", "w") as outbox:
            outbox.write(data.payload.user_id)
        request(f"{data.settings.endpoint}/refused", method="POST", json={})

    require_unknown(run_of(session, bank, perform))
    assert os.read(end, 100) == b"u-1"
    os.close(end)
