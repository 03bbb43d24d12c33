"""What is sent, byte for byte, and results in every form that they come in."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest
from test_shapes import PEOPLE, described, sent

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi

FIELDS = {
    "id": {"label": "Id", "type": "string", "required": True},
    "name": {"label": "Name", "type": "string"},
    "amount": {"label": "Amount", "type": "number"},
    "since": {"label": "Since", "type": "datetime"},
}
ROWS = pd.DataFrame(
    {
        "id": ["12345678901234567890", "2", "3"],
        "name": ["Ä\u2028é, \"q\"\n🙂", None, np.nan],
        "amount": [Decimal("1.50"), None, np.nan],
        "since": [date(2026, 1, 2), pd.NaT, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)],
    }
)  # fmt: skip


def body_of(session: ad.Session, step: dict[str, Any], **action: Any) -> bytes:
    with DescribedApi(lambda call: {}) as api:
        description = {
            "name": "Golden",
            "base_url": api.url,
            "actions": {"send": {"fields": FIELDS, "submit": [{"url": "/x", **step}], **action}},
        }
        run = session.connect(ad.http_destination(description)).submit(ROWS, "send", again=True)
        run.wait(timeout=60)
        (call,) = api.calls
    return call.body


@pytest.mark.parametrize(
    ("nulls", "line"),
    [
        ("omit", b'{"id":"2"}\n'),
        ("null", b'{"id":"2","name":null,"amount":null,"since":null}\n'),
        ("empty", b'{"id":"2","name":"","amount":"","since":""}\n'),
        ({"sentinel": "#N/A"}, b'{"id":"2","name":"#N/A","amount":"#N/A","since":"#N/A"}\n'),
    ],
)
def test_a_null_is_sent_as_the_description_says(session: ad.Session, nulls: Any, line: bytes):
    first, second, _ = body_of(session, {"jsonl": {}}, nulls=nulls).splitlines(keepends=True)
    # U+2028 is a character of the text, and no end of a line.
    text = '{"id":"12345678901234567890","name":"Ä\u2028é, \\"q\\"\\n🙂","amount":1.5,'
    assert first.decode() == f'{text}"since":"2026-01-02"}}\n'
    assert second == line


def test_csv_has_the_columns_of_the_fields(session: ad.Session):
    assert body_of(session, {"csv": {}}, nulls={"sentinel": "#N/A"}).decode() == (
        "id,name,amount,since\n"
        '12345678901234567890,"Ä\u2028é, ""q""\n🙂",1.5,2026-01-02\n'
        "2,#N/A,#N/A,#N/A\n"
        "3,#N/A,#N/A,2026-01-02T03:04:05+00:00\n"
    )


def test_csv_may_have_other_columns_no_header_and_be_packed(session: ad.Session):
    columns = {"key": "{{ row_number }}", "name": "{{ row.name | trim | lower }}"}
    body = body_of(session, {"csv": {"columns": columns, "header": False, "gzip": True}})
    assert gzip.decompress(body).decode() == '1,"ä\u2028é, ""q""\n🙂"\n2,\n3,\n'


def test_a_form_and_a_json_text_in_json(session: ad.Session):
    form = {"size": "{{ batch.size }}", "to": "a&b", "ids": "{{ rows }}"}
    form_sent = parse_qs(body_of(session, {"form": form}, row="{{ row.id }}").decode())
    rows = '["12345678901234567890","2","3"]'
    assert form_sent == {"size": ["3"], "to": ["a&b"], "ids": [rows]}
    body = body_of(
        session,
        {"json": {"n": "{{ batch.size }}", "rows": "{{ rows }}"}},
        row="{{ row.id | json }}",
    )
    assert json.loads(body) == {"n": 3, "rows": ['"12345678901234567890"', '"2"', '"3"']}


def test_rows_with_nulls_are_not_sent_where_nulls_are_errors(session: ad.Session):
    with DescribedApi(lambda call: {}) as api:
        action = {"fields": FIELDS, "submit": [{"url": "/x", "jsonl": {}}], "nulls": "error"}
        description = {"name": "x", "base_url": api.url, "actions": {"send": action}}
        run = session.connect(ad.http_destination(description)).submit(ROWS, "send")
        run.wait(timeout=60)
    found = run.results()
    assert found["status"].tolist() == ["completed", "invalid", "invalid"]
    assert "name, amount, since: null, which this API does not take" in found.loc[1, "message"]


def packed(name: str, content: bytes) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        folder = tarfile.TarInfo("results")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


LINES = [{"key": f"r{at}", "ok": at != 1} for at in (3, 1, 0, 2)]
JSONL = "".join(f"{json.dumps(each)}\n" for each in LINES).encode()
CSV = b"\xef\xbb\xbfkey,ok\r\n" + b"".join(
    f"{each['key']},{str(each['ok']).lower()}\r\n".encode() for each in LINES
)


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ({"format": "jsonl"}, JSONL),
        ({"format": "csv"}, CSV),
        ({"format": "jsonl", "archive": "gzip"}, gzip.compress(JSONL)),
        ({"format": "json", "archive": "tar.gz"}, packed("a.json", json.dumps(LINES).encode())),
        ({"format": "jsonl", "archive": "tar.gz"}, packed("a.jsonl", JSONL)),
        ({"format": "json", "items": "all"}, json.dumps({"all": LINES}).encode()),
        ({"format": "csv"}, CSV.decode("utf-8-sig").encode("utf-16")),
        ({"format": "json", "archive": "gzip"}, gzip.compress(json.dumps(LINES).encode("utf-16"))),
    ],
    ids=["jsonl", "csv", "jsonl gz", "json tgz", "jsonl tgz", "json", "csv 16", "json gz 16"],
)
def test_results_are_read_where_they_are_without_credentials(
    session: ad.Session, source: dict[str, Any], content: bytes
):
    with DescribedApi(lambda call: (200, {"content-type": "application/x"}, content)) as bucket:

        def answer(call: ApiCall):
            assert call.headers["authorization"] == "Bearer tok-tok-tok-tok"
            if call.method == "POST":
                return {"id": 7}
            return {"state": "finished", "url": f"{bucket.url}/r?sig=s3cr3tS1gn4tur3"}

        with DescribedApi(answer) as api:
            destination = ad.http_destination(
                {
                    "name": "x",
                    "base_url": api.url,
                    "settings": {"token": {"label": "Token", "type": "password"}},
                    "auth": {"bearer": "{{ settings.token }}"},
                    "actions": {"send": job_with_results(source)},
                }
            )
            run = session.connect(destination, token="tok-tok-tok-tok").submit(PEOPLE, "send")
            run.wait(timeout=60)
        (call,) = bucket.calls
    assert "authorization" not in call.headers
    assert call.query == {"sig": "s3cr3tS1gn4tur3"}
    assert run.results()["status"].tolist() == ["completed", "failed", "completed", "completed"]
    assert "s3cr3t" not in str(run.results()) + repr(run)


def job_with_results(source: dict[str, Any]) -> dict[str, Any]:
    return {
        "fields": {"email": {"label": "Email", "type": "string"}},
        "handle": "id",
        "submit": [{"url": "/b", "json": "{{ rows }}", "extract": {"id": "id"}}],
        "poll": {
            "url": "/b/{{ id }}",
            "status": {"path": "state", "words": {"completed": "finished"}},
            "extract": {"results_url": "url"},
        },
        "results": {
            "sources": [
                {
                    "url": "{{ results_url }}",
                    "send_auth": False,
                    "match": {"by": "id", "path": "key", "row": "r{{ row_index }}"},
                    "outcome": {"path": "ok", "words": {"completed": True, "failed": False}},
                    **source,
                }
            ]
        },
    }


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"headers": {"x-key": "{{ settings.key }}"}}, "x-key", "k3y-k3y-k3y"),
        ({"bearer": "{{ settings.key }}"}, "authorization", "Bearer k3y-k3y-k3y"),
        (
            {"basic": {"username": "any", "password": "{{ settings.key }}"}},
            "authorization",
            "Basic " + base64.b64encode(b"any:k3y-k3y-k3y").decode(),
        ),
    ],
)
def test_requests_are_authorized(session: ad.Session, auth: Any, header: str, value: str):
    found = authorized(session, auth)
    assert found.headers[header] == value


def test_a_key_may_be_in_the_query(session: ad.Session):
    assert (
        authorized(session, {"query": {"key": "{{ settings.key }}"}}).query["key"] == "k3y-k3y-k3y"
    )


def authorized(session: ad.Session, auth: Any) -> ApiCall:
    with DescribedApi(lambda call: {}) as api:
        destination = ad.http_destination(
            {
                "name": "x",
                "base_url": api.url,
                "settings": {"key": {"label": "Key", "type": "password", "required": True}},
                "auth": auth,
                "actions": {"send": {"fields": FIELDS, "submit": [{"url": "/x", "jsonl": {}}]}},
            }
        )
        run = session.connect(destination, key="k3y-k3y-k3y").submit(ROWS, "send")
        run.wait(timeout=60)
        assert "k3y" not in repr(run) + str(run.results())
        return api.calls[0]


def test_the_reply_to_a_token_request_may_have_the_base_url(session: ad.Session):
    def answer(call: ApiCall):
        if call.path == "/v2/token":
            assert call.json == {
                "grant_type": "client_credentials",
                "client_id": "me",
                "client_secret": "s3cr3t-s3cr3t",
            }
            return {"access_token": "t0ken-t0ken", "rest_instance_url": f"{api.url}/rest/"}
        assert (call.path, call.headers["authorization"]) == ("/rest/rows", "Bearer t0ken-t0ken")
        return {}

    with DescribedApi(answer) as api:
        password = {"label": "Secret", "type": "password", "required": True}
        destination = ad.http_destination(
            {
                "name": "x",
                "base_url": "{{ token.rest_instance_url }}",
                "settings": {"auth_url": {"label": "URL", "type": "string"}, "secret": password},
                "auth": {
                    "oauth2": {
                        "token_url": "{{ settings.auth_url }}/v2/token",
                        "client_id": "me",
                        "client_secret": "{{ settings.secret }}",
                        "send": "json",
                        "keep": {"rest_instance_url": "rest_instance_url"},
                    }
                },
                "actions": {"send": {"fields": FIELDS, "submit": [{"url": "/rows", "jsonl": {}}]}},
            }
        )
        run = session.connect(destination, auth_url=api.url, secret="s3cr3t-s3cr3t").submit(
            ROWS, "send"
        )
        run.wait(timeout=60)
    assert set(run.results()["status"]) == {"completed"}


def test_the_rows_of_a_list_have_a_job_of_their_own(session: ad.Session):
    frame = pd.DataFrame({"email": ["a", "b", "c"], "list_id": ["L1", "L2", "L1"]})
    fields = {name: {"label": name, "type": "string"} for name in frame}
    with DescribedApi(lambda call: {}) as api:
        step = {"url": "/lists/{{ batch.list_id }}", "json": "{{ rows }}"}
        action = {"fields": fields, "batch_by": ["list_id"], "submit": [step]}
        sent(
            session,
            ad.http_destination({"name": "x", "base_url": api.url, "actions": {"send": action}}),
            frame,
        )
    assert sorted((call.path, call.json) for call in api.calls) == [
        ("/lists/L1", [{"email": "a"}, {"email": "c"}]),
        ("/lists/L2", [{"email": "b"}]),
    ]


def test_an_id_cannot_lead_to_another_place(session: ad.Session):
    def answer(call: ApiCall):
        assert call.path in ("/b", "/b/a%2Fb")
        return {"id": "a/b"} if call.method == "POST" else {"state": "finished"}

    with DescribedApi(answer) as api:
        action = job_with_results({})
        action["poll"].pop("extract")
        del action["results"]
        found = sent(session, described(api.url, **action))
    assert set(found.results()["status"]) == {"completed"}
