"""What arrives of a cell: runs against a server of the standard library that keeps the bodies."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Any, Literal, NamedTuple, NewType

import numpy as np
import pandas as pd
import pytest
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    PastDate,
    PastDatetime,
    RootModel,
    create_model,
)
from typing_extensions import TypeAliasType, TypedDict

import asyncdest_nb as ad


def named(value: object) -> str:
    """Name a case, the same in every process: no address in memory, nor a number of 400 digits."""
    return re.sub(r" at 0x\w+", "", str(value))[:80]


class Recorder(ThreadingHTTPServer):
    """Keep each row that arrives, and answer that it is done."""

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


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


class Address(BaseModel):
    since: date | None = None


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


class Values(ad.Payload):
    """A field of every type that could read a value as another one."""

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
    """Return what arrived of one cell in *field*; of an invalid row, why it is."""
    # Before 3.1 pandas cannot infer the type of a very large integer.
    dtype = object if isinstance(value, int) and abs(value) > 2**64 else None
    rows, results = sent(recorder, pd.DataFrame({field: [value]}, dtype=dtype))
    return rows[0][field] if rows else str(results["message"].iloc[0])


def of_type(recorder: Recorder, annotation: Any, value: Any, **options: Any) -> Any:
    """Return what arrived of one cell in a field of a type; of an invalid row, why it is."""
    field: Any = (annotation, ad.field("One", **options))
    payload = create_model("One", __base__=ad.Payload, one=field)
    cells = pd.Series([value], dtype=object)
    rows, results = sent(recorder, pd.DataFrame({"one": cells}), payload)
    return rows[0]["one"] if rows else str(results["message"].iloc[0])


IDS = pd.DataFrame({"text": [1001.0, np.nan, 1003.0, 1002.5]})

CUTS = {
    "whole": IDS,
    "slice": IDS.iloc[:1],
    "chunk": IDS.iloc[2:3],
    "dropna": IDS.dropna().iloc[:2],
    "object": IDS.astype(object),
    "replaced": IDS.replace({np.nan: None}).astype(object),
    "Float64": IDS.astype("Float64"),
    "float32": IDS.astype("float32"),
    "pyarrow": IDS.astype("double[pyarrow]"),
    "category": IDS.astype("category"),
    "mixed": pd.DataFrame({"text": [1001.0, "A-17", None]}, dtype=object),
    "sparse": IDS.dropna().astype(pd.SparseDtype("float64")),
}


@pytest.mark.parametrize("cut", CUTS)
def test_an_id_is_the_same_text_whatever_the_other_rows_are(recorder, cut):
    rows, _ = sent(recorder, CUTS[cut])
    first = 0 if cut != "chunk" else 2
    assert rows[0]["text"] == {0: "1001", 2: "1003"}[first]
    assert "1001.0" not in json.dumps(rows)


def test_an_id_is_the_same_text_in_every_place_of_a_payload(recorder):
    frame = pd.DataFrame({"id": [1001.0, 1002.0], "tags": [[1.0, 2.5], [3.0]]})
    rows, _ = sent(
        recorder,
        frame,
        text={"@template": "u-{{id}}-{{tags}}"},
        texts={"@path": "$.tags"},
        named={"id": {"@path": "$.id"}},
        either={"@path": "$.id"},
        decimal={"@path": "$.id"},
        anything={"id": {"@path": "$.id"}, "text": {"@template": "{{id}}"}},
    )
    assert rows[0] == {
        "text": "u-1001-1,2.5",
        "texts": ["1", "2.5"],
        "named": {"id": "1001"},
        "either": 1001,
        "decimal": "1001",
        "anything": {"id": 1001, "text": "1001"},
    }
    assert "1001.0" not in json.dumps(rows)


class Person(BaseModel):
    id: str
    friends: list[Person] = []
    since: date | None = None


@dataclass
class Order:
    id: str
    due: datetime


class Line(NamedTuple):
    id: str
    due: date


class Item(TypedDict):
    id: str
    due: date


class Card(BaseModel):
    kind: Literal["card"]
    id: str
    due: datetime


class Bank(BaseModel):
    kind: Literal["bank"]
    id: str
    since: datetime


class Size(Enum):
    SMALL = "1001"


Identity = NewType("Identity", str)
Days = TypeAliasType("Days", list[date])

TYPES: list[tuple[Any, Any, Any]] = [
    (Person, {"id": 1001.0}, {"id": "1001"}),
    (Person, {"id": 1, "friends": [{"id": 2.5}]}, {"id": "1", "friends": [{"id": "2.5"}]}),
    (list[Person], [{"id": 1e-7, "since": "20240601"}], [{"id": "1e-7", "since": "2024-06-01"}]),
    (Person | str, {"id": "a", "since": "20240601"}, {"id": "a", "since": "2024-06-01"}),
    (Order, {"id": 1001.0, "due": "20240601"}, {"id": "1001", "due": "2024-06-01T00:00:00"}),
    (Line, [1001.0, "20240601"], ["1001", "2024-06-01"]),
    (Item, {"id": 2.5, "due": "20240601"}, {"id": "2.5", "due": "2024-06-01"}),
    (
        Card | Bank,
        {"kind": "bank", "id": 1001.0, "since": "20240601"},
        {"kind": "bank", "id": "1001", "since": "2024-06-01T00:00:00"},
    ),
    (RootModel[dict[str, datetime]], {"a": "20240601"}, {"a": "2024-06-01T00:00:00"}),
    (tuple[str, date], [1001.0, "20240601"], ["1001", "2024-06-01"]),
    (Sequence[str], [1e-7], ["1e-7"]),
    (Mapping[str, datetime], {"a": "20240601"}, {"a": "2024-06-01T00:00:00"}),
    (dict[datetime, str], {"20240601": 1.0}, {"2024-06-01T00:00:00": "1"}),
    (dict[str, str], {1e-7: 2.5}, {"1e-7": "2.5"}),
    (Days, ["20240601"], ["2024-06-01"]),
    (str | list[str], 1e-7, "1e-7"),
    (Literal["1001"], 1001.0, "1001"),
    (Size, 1001.0, "1001"),
    (list[Any], np.array([1001.0, 2.5]), [1001, 2.5]),
    (list[str], np.ma.array([1001.0, 2.5], mask=[False, False]), ["1001", "2.5"]),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), TYPES, ids=named)
def test_a_value_is_read_the_same_way_in_every_type(recorder, annotation, value, expected):
    arrived = of_type(recorder, annotation, value)
    assert json.dumps(arrived) == json.dumps(expected)  # 1001.0 is equal to 1001.


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Person, {"id": "a", "friends": [{"id": 2.0**60}]}),
        (Order, {"id": 2.0**60, "due": "2024-06-01"}),
        (RootModel[list[str]], [2.0**60]),
        (tuple[int, str], [1, 2.0**60]),
        (Sequence[str], [2.0**60]),
        (Mapping[str, str], {"a": 2.0**60}),
        (dict[str, str], {2.0**60: "a"}),
        (str | list[str], [2.0**60]),
        (Identity, 2.0**60),
        (list[str], np.array([123456789], dtype="float32")),
    ],
    ids=named,
)
def test_lost_digits_are_found_in_every_type(recorder, annotation, value):
    assert "digits may be lost" in of_type(recorder, annotation, value)


def test_a_constant_of_numpy_is_the_same_text_too(recorder):
    rows, _ = sent(recorder, pd.DataFrame({"integer": [1]}), text=np.float64(1001.0))
    assert rows[0]["text"] == "1001"


def test_an_id_is_the_same_text_in_a_csv_file():
    demo = ad.simulate("salesforce-bulk", duration_seconds=0.1)
    frame = pd.DataFrame({"Customer_Id__c": [1001.0, 1002.0], "LastName": ["Ada", "Grace"]})
    with demo, ad.Session() as session:
        run = session.connect(demo).submit(
            frame, "upsert", object="Contact", external_id="Customer_Id__c"
        )
        assert run.wait(60) == "completed"
        kept = [record["Customer_Id__c"] for record in demo.records["Contact"]]
    assert sorted(kept) == ["1001", "1002"]


def test_an_id_of_lost_digits_is_invalid_in_a_csv_file():
    demo = ad.simulate("salesforce-bulk", duration_seconds=0.1)
    frame = pd.DataFrame({"Customer_Id__c": [2.0**60, 1002.0], "LastName": ["Ada", "Grace"]})
    with demo, ad.Session() as session:
        run = session.connect(demo).submit(
            frame, "upsert", object="Contact", external_id="Customer_Id__c"
        )
        run.wait(60)
        assert list(run.results()["status"]) == ["invalid", "completed"]
    assert "digits may be lost; read the column as text" in run.results()["message"].iloc[0]


@pytest.mark.parametrize("field", ["text", "integer", "either", "decimal"])
@pytest.mark.parametrize(
    "value",
    [
        2.0**53,
        -(2.0**53),
        12345678901234567890.0,
        1e300,
        np.float32(2**24),
        np.float32(123456789),
        np.float16(2048),
    ],
)
def test_a_float_that_may_stand_for_several_integers_is_invalid(recorder, field, value):
    assert "digits may be lost; read the column as text" in one(recorder, value, field)


@pytest.mark.parametrize("values", [[2.0**60], {"id": 2.0**60}])
def test_lost_digits_are_found_inside_a_value_too(recorder, values):
    field = "texts" if isinstance(values, list) else "named"
    assert "digits may be lost" in one(recorder, values, field)


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", "double[pyarrow]", "object"])
def test_lost_digits_are_found_in_a_template(recorder, dtype):
    frame = pd.DataFrame({"id": pd.Series([2.0**60], dtype=dtype)})
    rows, results = sent(recorder, frame, text={"@template": "u-{{id}}"})
    assert rows == []
    assert list(results["status"]) == ["invalid"]
    assert "digits may be lost" in results["message"].iloc[0]


def test_the_last_float_below_the_limit_is_an_id(recorder):
    assert one(recorder, 2.0**53 - 1, "text") == "9007199254740991"


def test_a_large_amount_is_a_number_like_others(recorder):
    frame = pd.DataFrame({"number": [1e17, 2.5], "anything": [{"sum": 1e17}, {"sum": 2.5}]})
    rows, _ = sent(recorder, frame)
    assert rows == [
        {"number": 1e17, "anything": {"sum": 1e17}},
        {"number": 2.5, "anything": {"sum": 2.5}},
    ]


@pytest.mark.parametrize(
    "value",
    [
        2**53 + 1,
        12345678901234567,
        10**400,
        "12345678901234567",
        " 12345678901234567 ",
        "12345678901234567.0",
        Decimal("12345678901234567.5"),
    ],
)
def test_an_integer_that_a_number_cannot_keep_is_invalid(recorder, value):
    assert "more digits than a number can hold" in one(recorder, value, "number")


@pytest.mark.parametrize("field", ["day", "moment", "text_day", "days", "address"])
def test_digits_are_a_day_and_never_seconds(recorder, field):
    value: Any = {"days": ["20240601"], "address": {"since": "20240601"}}.get(field, "20240601")
    expected = {
        "moment": "2024-06-01T00:00:00",
        "days": ["2024-06-01"],
        "address": {"since": "2024-06-01"},
    }
    assert one(recorder, value, field) == expected.get(field, "2024-06-01")


@pytest.mark.parametrize("field", ["day", "moment", "text_day", "text_moment"])
@pytest.mark.parametrize(
    "value", [20240601, 20240601.0, 1717200000.5, True, "1717200000", "1.5e9", "-5", "20241399"]
)
def test_a_number_is_no_date(recorder, field, value):
    told = one(recorder, value, field)
    assert "is a number, not a date" in told or "digits alone are a date only" in told


@pytest.mark.parametrize("value", ["1717200000.", ".5", "+1_7", " 1717200000000 "])
@pytest.mark.parametrize("annotation", [date, datetime, PastDatetime, date | datetime])
def test_a_number_is_no_date_in_any_spelling(recorder, annotation, value):
    assert "is a number, not a date" in of_type(recorder, annotation, value)


TIMES: list[tuple[Any, Any, Any]] = [
    (datetime | str, 20240601, "20240601"),
    (date | str, 1717200000000, "1717200000000"),
    (datetime | str, "20240601", "20240601"),
    (datetime | int, 20240601, 20240601),
    (datetime | int, "36000", 36000),
    (datetime | int, "1e9", 1000000000),
    (datetime | float, "1.5", 1.5),
    (datetime | int, "20240601", "2024-06-01T00:00:00"),
    (datetime | list[str], "20240601", "2024-06-01T00:00:00"),
    (date | list[date], ["20240601"], ["2024-06-01"]),
    (PastDate, "20240601", "2024-06-01"),
    (PastDatetime, "20240601", "2024-06-01T00:00:00"),
    (
        Annotated[datetime, BeforeValidator(lambda day: datetime(1970, 1, day))],
        2,
        "1970-01-02T00:00:00",
    ),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), TIMES, ids=named)
def test_what_may_be_a_date_among_others_is_none_as_a_number(recorder, annotation, value, expected):
    assert of_type(recorder, annotation, value) == expected


@pytest.mark.parametrize("annotation", [AwareDatetime, datetime | list[str], date | Literal["no"]])
def test_a_number_is_no_date_in_a_type_that_only_takes_dates(recorder, annotation):
    assert "is a number, not a date" in of_type(recorder, annotation, 20240601)


@pytest.mark.parametrize("value", [20240601, "1717200000000", pd.Period("2024-06", "M")])
def test_a_number_or_a_month_is_no_time_of_day(recorder, value):
    told = of_type(recorder, str, value, format="time")
    assert "not a date or time" in told or "must be a valid time" in told
    assert of_type(recorder, str, "10:30", format="time") == "10:30"


@pytest.mark.parametrize("annotation", [Identity, str | list[str]])
def test_the_format_of_a_day_is_read_in_every_type_of_text(recorder, annotation):
    day = pd.Timestamp("2024-06-01")
    assert of_type(recorder, annotation, day, format="date") == "2024-06-01"


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.to_datetime(["2024-06-01"]), "2024-06-01"),
        (pd.to_datetime(["2024-06-01"]).as_unit("s"), "2024-06-01"),
        (pd.to_datetime(["2024-06-01"]).tz_localize("Europe/Berlin"), "2024-06-01"),
        (pd.Series([date(2024, 6, 1)]), "2024-06-01"),
    ],
)
@pytest.mark.parametrize("field", ["day", "text_day"])
def test_a_field_for_days_takes_midnights(recorder, column, expected, field):
    rows, _ = sent(recorder, pd.DataFrame({field: column}))
    assert rows == [{field: expected}]


@pytest.mark.parametrize("field", ["day", "text_day"])
def test_a_field_for_days_takes_no_other_time_of_day(recorder, field):
    rows, results = sent(recorder, pd.DataFrame({field: pd.to_datetime(["2024-06-01 10:30"])}))
    assert rows == []
    assert list(results["status"]) == ["invalid"]


@pytest.mark.parametrize(
    "dtype",
    ["float32", "Float32", "float[pyarrow]", "category", "object", "Sparse[float32, nan]"],
)
def test_a_float32_is_written_as_it_is_printed(recorder, dtype):
    price = pd.Series([19.99, 0.1, np.nan], dtype="float32")
    cells: Any = [*price.to_numpy()] if dtype == "object" else price
    frame = pd.DataFrame({"number": pd.Series(cells, dtype=dtype)})
    frame["text"], frame["texts"] = frame["number"], [price.to_numpy()[:2]] * 3
    rows, _ = sent(recorder, frame)
    assert rows[0] == {"number": 19.99, "text": "19.99", "texts": ["19.99", "0.1"]}
    assert rows[1]["number"] == 0.1


def test_nothing_else_is_rewritten_on_the_way(recorder):
    kept = {
        "text": " 007 ",
        "texts": ["1001.0", "1e5", "2024-06-01", "20240601", "nan", "None", "true"],
        "named": {"1.0": "0x10"},
        "integer": 2**70,
        "number": 0.1 + 0.2,
        "decimal": "1.10",
        "anything": {"id": "1001.0", "day": "20240601", "big": 2**70, "list": [1, [2.5, None]]},
    }
    rows, _ = sent(recorder, pd.DataFrame([kept]))
    assert rows == [kept]


ODD_COLUMNS: list[list[Any]] = [
    [2**63, 1, None],
    [-(2**70), 2.5, None],
    [10**400, 0.5, None],
    [True, 1, "x"],
    [[1], {"a": 2**80}, "\ud800"],
    [2**53 + 1, 0.5, 1],
    [1e308, -1e308, 0],
]


@pytest.mark.parametrize("answers", ODD_COLUMNS, ids=named)
def test_results_hold_whatever_a_destination_answered(tmp_path, answers):
    async def perform(request, data):
        return answers[data.payload.integer]

    action = ad.Action(title="Odd", payload=Values, perform=perform)
    odd = ad.Destination(name="Odd", slug="odd", actions={"odd": action})
    with ad.Session(path=tmp_path / "odd.sqlite") as session:
        run = session.connect(odd).submit(pd.DataFrame({"integer": [0, 1, 2]}), "odd")
        run.wait(30)
        for result, answer in zip(run.results()["result"], answers, strict=True):
            if isinstance(answer, int | float):
                assert result == answer
        run.failed()
        run.export(tmp_path / "odd.run")
    loaded = ad.load(tmp_path / "odd.run")
    assert len(loaded.results()) == 3
    assert repr(loaded.results())
    loaded.failed()
