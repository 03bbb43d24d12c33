"""Rows that arrive at a server of the standard library, which keeps their bodies."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NewType

import pandas as pd
from pydantic import BaseModel, create_model

import asyncdest_nb as ad


def case_name(value: object) -> str:
    """Return the name of a case without addresses in memory: it is the same in every process."""
    return re.sub(r" at 0x\w+", "", str(value))[:80]


class Recorder(ThreadingHTTPServer):
    """Keeps each row that arrives, and answers 200."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorder

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.rows += json.loads(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


class Address(BaseModel):
    since: date | None = None


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


class Values(ad.Payload):
    """A field of every type that could change a value."""

    text: str | None = ad.field("Text")
    texts: list[str] | None = ad.field("Texts")
    named: dict[str, str] | None = ad.field("Named")
    integer: int | None = ad.field("Integer")
    either: str | int | None = ad.field("Either")
    number: float | None = ad.field("Number")
    decimal: Decimal | None = ad.field("Decimal")
    day: date | None = ad.field("Day")
    days: list[date] | None = ad.field("Days")
    moment: datetime | None = ad.field("Moment")
    text_day: str | None = ad.field("Day as text", format="date")
    text_moment: str | None = ad.field("Moment as text", format="date-time")
    address: Address | None = ad.field("Address")
    anything: dict[str, Any] | None = ad.field("Anything")


async def perform_batch(request, data):
    await request("/rows", method="POST", json=[each.as_json() for each in data.payload])


def sent(
    recorder: Recorder, frame: pd.DataFrame, payload: type[ad.Payload] = Values, **mapping: Any
) -> tuple[list[Any], pd.DataFrame]:
    """Return the rows that arrived of *frame*, and the results."""
    action = ad.Action(title="Keep", payload=payload, perform_batch=perform_batch)
    keeper = ad.Destination(
        name="Keeper",
        slug="keeper",
        settings=Settings,
        actions={"keep": action},
        extend_request=lambda data: {"base_url": data.settings.endpoint},
    )
    with ad.Session() as session:
        run = session.connect(keeper, endpoint=recorder.url).submit(frame, "keep", mapping=mapping)
        run.wait(30)
        return recorder.rows, run.results()


def one(recorder: Recorder, value: Any, field: str) -> Any:
    """Return the value that arrived for one cell in *field*, or why its row is invalid."""
    # Before 3.1 pandas cannot infer the type of a very large integer.
    dtype = object if isinstance(value, int) and abs(value) > 2**64 else None
    rows, results = sent(recorder, pd.DataFrame({field: [value]}, dtype=dtype))
    return rows[0][field] if rows else str(results["message"].iloc[0])


def of_type(recorder: Recorder, annotation: Any, value: Any, **options: Any) -> Any:
    """Return the value that arrived for a cell in a field of a type, or why it is invalid."""
    field: Any = (annotation, ad.field("One", **options))
    payload = create_model("One", __base__=ad.Payload, one=field)
    cells = pd.Series([value], dtype=object)
    rows, results = sent(recorder, pd.DataFrame({"one": cells}), payload)
    return rows[0]["one"] if rows else str(results["message"].iloc[0])


Identity = NewType("Identity", str)
