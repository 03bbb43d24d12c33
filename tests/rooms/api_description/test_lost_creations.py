"""Submissions whose reply was lost: they are found by what was sent with them."""

from __future__ import annotations

import hashlib

from test_shapes import PEOPLE, described, sent

import asyncdest_nb as ad
from described_api import RESET, ApiCall, DescribedApi

META = {
    "handle": {"name": "session_id", "value": "{{ batch.key }}"},
    "submit": [
        {
            "url": "/audience/users",
            "json": {
                "session": {
                    "session_id": "{{ session_id }}",
                    "estimated_num_total": "{{ batch.size }}",
                },
                "payload": {"schema": ["EMAIL_SHA256"], "data": "{{ rows }}"},
            },
        }
    ],
    "row": ["{{ row.email | trim | lower | sha256 }}"],
    "find": {
        "url": "/audience/sessions",
        "query": {"session_id": "{{ session_id }}"},
        "items": "data",
        "match": {"session_id": "{{ session_id }}"},
    },
    "poll": {
        "url": "/audience/sessions",
        "query": {"session_id": "{{ session_id }}"},
        "status": {"path": "data[0].stage", "words": {"pending": "matching", "completed": "done"}},
        "progress": "data[0].progress",
    },
}


def test_meta_takes_an_id_of_ours_and_a_lost_reply_makes_no_second_session(session: ad.Session):
    sessions = []

    def answer(call: ApiCall):
        if call.method == "POST":
            sessions.append(call.json)
            return RESET
        known = [each["session"]["session_id"] for each in sessions]
        assert call.query["session_id"] in known
        return {
            "data": [{"session_id": call.query["session_id"], "stage": "done", "progress": 100}]
        }

    with DescribedApi(answer) as api:
        found = sent(session, described(api.url, **META)).results()
    assert set(found["status"]) == {"completed"}
    assert len(sessions) == 1
    assert sessions[0]["session"]["estimated_num_total"] == 4
    hashed = [[hashlib.sha256(each.encode()).hexdigest()] for each in PEOPLE["email"]]
    assert sessions[0]["payload"]["data"] == hashed


OPENAI = {
    "handle": "batch_id",
    "submit": [
        {
            "name": "upload",
            "url": "/files",
            "multipart": {
                "purpose": "batch",
                "file": {"jsonl": {}, "filename": "{{ batch.key }}.jsonl"},
            },
            "extract": {"file_id": "id"},
        },
        {
            "name": "create",
            "url": "/batches",
            "json": {"input_file_id": "{{ file_id }}", "metadata": {"key": "{{ batch.key }}"}},
            "extract": {"batch_id": "id"},
        },
    ],
    "row": {"custom_id": "row-{{ row_index }}", "body": "{{ row }}"},
    "find": {
        "url": "/batches",
        "query": {"limit": 2},
        "items": "data",
        "pages": {"cursor": "last_id", "param": "after"},
        "match": {"metadata.key": "{{ batch.key }}"},
        "extract": {"batch_id": "id"},
    },
    "settle_seconds": 0.1,
    "poll": {
        "url": "/batches/{{ batch_id }}",
        "status": {
            "path": "status",
            "words": {"pending": ["validating"], "completed": "completed"},
        },
        "extract": {
            "output": {"path": "output_file_id", "optional": True},
            "errors": {"path": "error_file_id", "optional": True},
        },
    },
    "results": {
        "sources": [
            {
                "when": name,
                "url": f"/files/{{{{ {name} }}}}/content",
                "format": "jsonl",
                "match": {"by": "id", "path": "custom_id", "row": "row-{{ row_index }}"},
                "outcome": {
                    "path": "response.status_code",
                    "words": {"completed": 200},
                    "other": "failed",
                },
                "error": {"message": "response.body.error.message"},
                "retryable": [429],
            }
            for name in ("output", "errors")
        ]
    },
}


class OpenAI:
    """Files and batches; the reply to the first create is lost, and the list has two pages."""

    def __init__(self) -> None:
        self.uploads: list[bytes] = []
        self.batches: list[dict[str, object]] = []

    def __call__(self, call: ApiCall):
        if (call.method, call.path) == ("POST", "/files"):
            self.uploads.append(call.body)
            return {"id": f"file-{len(self.uploads)}"}
        if call.method == "POST":
            self.batches.append({"id": "batch_1", "metadata": call.json["metadata"]})
            return RESET
        if call.path == "/batches":
            others = [{"id": "batch_0", "metadata": None}]
            return (
                {"data": self.batches}
                if "after" in call.query
                else {"data": others, "last_id": "b"}
            )
        if call.path == "/batches/batch_1":
            return {"status": "completed", "output_file_id": "out", "error_file_id": ""}
        # The third row is missing, in a file that is whole; U+2028 is no end of a line.
        lines = [
            '{"custom_id":"row-3","response":{"status_code":200,"body":{"a":"x\u2028y"}}}',
            '{"custom_id":"row-0","response":{"status_code":429,"body":{"error":{"message":"slow"}}}}',
            '{"custom_id":"row-1","response":{"status_code":200,"body":{}}}',
        ]
        return "\n".join(lines) + "\n"


def test_openai_s_job_is_found_by_its_key_and_a_row_without_a_line_is_unknown(session: ad.Session):
    openai = OpenAI()
    with DescribedApi(openai) as api:
        found = sent(session, described(api.url, **OPENAI)).results()
        assert api.asked("GET", "/files//content") == []
    assert len(openai.batches) == 1
    assert b'{"custom_id":"row-0","body":{"email":"u0@x.de"}}\n' in openai.uploads[0]
    assert found["status"].tolist() == ["failed", "completed", "unknown", "completed"]
    assert found.loc["a", "message"] == "slow"
