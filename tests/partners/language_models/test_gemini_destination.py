"""The destination gemini-batches against the simulated Gemini, which was written apart from it."""

from __future__ import annotations

import io
import json
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from gemini_rows import genai_client
from recorded_requests import recorded_requests

MODEL = "gemini-2.5-flash"
OFTEN = SquareRoot(minimum=0.05, cost=0.001)
CREATE = "POST /{version}/models/{model}:batchGenerateContent"
UPLOAD = "POST /upload/{version}/files"
PROMPT = {"@template": "Say {{word}}"}
STATUS = {"succeeded": "completed", "refused": "completed"}


class Address(BaseModel):
    """A part of an answer."""

    city: str
    tags: list[str]


class Review(BaseModel):
    """An answer."""

    stars: int
    mood: Literal["good", "bad"] | None
    address: Address | None = None


def frame(rows):
    return pd.DataFrame({"word": [f"w{at:05d}" for at in range(rows)]})


def submit(session, simulator, rows=20, action="generate", **options):
    options = {"prompt": PROMPT, "model": MODEL, "schedule": OFTEN, **options}
    return session.connect(simulator).submit(frame(rows), action, **options)


def fates(simulator):
    """Return what became of each word in the last job that had it."""
    return {
        json.loads(row["payload"])["contents"][0]["parts"][-1]["text"].removeprefix("Say "): row[
            "fate"
        ]
        for job in simulator.operations
        for row in job["rows"]
    }


def check(run, simulator):
    """Compare each outcome with what the simulator stored, and return the results."""
    results, stored = run.results(with_frame=True), fates(simulator)
    expected = [STATUS.get(stored[word], "failed") for word in results["word"]]
    assert list(results["status"]) == expected
    done = results[(results["status"] == "completed") & results["refusal"].isna()]
    # The model repeats the prompt, so an answer shows whose it is.
    assert all(word in text for word, text in zip(done["word"], done["text"], strict=True))
    return results


@pytest.mark.slow
def test_every_row_has_its_own_outcome_in_spite_of_throttling_and_lost_replies(session):
    lost = {CREATE: ["reset", 503], "GET /{version}/files/{name}:download": ["cut"]}
    with ad.simulate(
        "gemini-batches", duration_seconds=(0.1, 0.4), failing=0.03, overloaded=0.02, refusing=0.01,
        throttle_share=0.2, retry_after_seconds=0.1, lost_replies=lost,
    ) as simulator:  # fmt: skip
        run = submit(session, simulator, 1_500, batch_size=500)
        run.wait(timeout=60)
        results = check(run, simulator)
        assert len(simulator.operations) == 3  # No job twice.
        again = run.retry(schedule=OFTEN)
        again.wait(timeout=60)
        left = check(again, simulator)
        sent_again = sum(len(job["rows"]) for job in simulator.operations[3:])
    assert sent_again == results["retryable"].fillna(False).sum() > 10
    assert set(left["retryable"].dropna()) == {False}
    refused = results[results["refusal"].notna()]
    assert set(refused["message"]) == {"the model refused to answer"}
    assert set(results["error_code"].dropna()) > {"INVALID_ARGUMENT", "INTERNAL"}


@pytest.mark.parametrize("fate", ["reset", 503])
def test_an_upload_whose_reply_is_lost_is_repeated(session, fate):
    with ad.simulate(
        "gemini-batches", duration_seconds=0.1, failing=0, lost_replies={UPLOAD: [fate]}
    ) as simulator:
        run = submit(session, simulator, 3)
        assert run.wait(timeout=30) == "completed"
        assert len(simulator.operations) == 1


def test_a_part_of_an_upload_that_is_refused_leaves_no_doubt_about_the_job(session):
    with ad.simulate(
        "gemini-batches", duration_seconds=0.1, failing=0, lost_replies={UPLOAD: [None, 429]}
    ) as simulator:
        run = submit(session, simulator, 3)
        assert run.wait(timeout=30) == "completed"
        # No list of jobs is asked for one whose reply might be lost.
        assert "GET /{version}/batches" not in simulator.requests
        assert (simulator.requests[UPLOAD], len(simulator.operations)) == ({200: 3, 429: 1}, 1)


def test_answers_of_a_schema_become_columns(session):
    with ad.simulate(
        "gemini-batches", duration_seconds=0.1, failing=0, broken_json_schema=True
    ) as simulator:
        run = submit(session, simulator, output_schema=Review)
        assert run.wait(timeout=30) == "completed"
    results = run.results()
    assert results["stars"].between(0, 100).all()
    assert set(results["mood"].dropna()) <= {"good", "bad"}
    assert (results["output_tokens"] > 0).all()
    assert set(results["stop_reason"]) == {"STOP"}


def test_an_answer_that_is_cut_off_says_so(session):
    with ad.simulate("gemini-batches", duration_seconds=0.1, failing=0) as simulator:
        run = submit(session, simulator, 3, max_tokens=2)
        run.wait(timeout=30)
    assert set(run.results()["message"]) == {"cut off at max_tokens"}


def test_texts_are_embedded_in_a_file_with_their_keys(session):
    with ad.simulate("gemini-batches", duration_seconds=0.1, failing=0.2) as simulator:
        options = {"prompt": {"@path": "$.word"}, "dimensions": 4, "model": "embed"}
        run = submit(session, simulator, 30, "embed", **options)
        run.wait(timeout=30)
        stored = {
            json.loads(row["payload"])["content"]["parts"][0]["text"]: row["fate"]
            for row in simulator.operations[0]["rows"]
        }
    results = run.results(with_frame=True)
    for _, row in results.iterrows():
        assert row["status"] == STATUS.get(stored[row["word"]], "failed")
        assert np.shape(row["embedding"]) == ((4,) if row["status"] == "completed" else ())


@pytest.mark.parametrize(
    ("knobs", "code"), [({"failing_jobs": 1}, "INTERNAL"), ({"expiring": 1}, "expired")]
)
def test_the_rows_of_a_job_without_results_may_be_sent_again(session, knobs, code):
    with ad.simulate("gemini-batches", duration_seconds=0.1, failing=0, **knobs) as simulator:
        run = submit(session, simulator)
        assert run.wait(timeout=30) == "failed"
        results = run.results()
        assert (set(results["error_code"]), results["retryable"].all()) == ({code}, True)


def test_a_cancelled_job_cancels_its_rows(session):
    with ad.simulate("gemini-batches", duration_seconds=30, pending_share=0.001) as simulator:
        run = submit(session, simulator)
        run.wait(timeout=0.3)
        run.cancel()
        run.wait(timeout=30)
    assert set(run.results()["status"]) == {"canceled"}


def test_a_missing_result_is_unknown_and_an_unknown_state_is_no_end(session):
    with ad.simulate(
        "gemini-batches", duration_seconds=0.5, failing=0.5, truncate_results=0.25,
        unknown_status="BATCH_STATE_RESTING", partial_state=True,
    ) as simulator:  # fmt: skip
        run = submit(session, simulator)
        run.wait(timeout=30)
        assert run.counts["unknown"] == 5
        assert "Google counts" in run.operations[0].message
        assert len(simulator.operations) == 1


def test_tokens_are_counted_by_the_vendor_and_what_it_would_refuse_is_found(session, tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    with ad.simulate("gemini-batches") as simulator:
        connection = session.connect(simulator)
        images = {"image": [str(picture), "https://example.com/a.png"], **frame(2)}
        preview = connection.preview(
            pd.DataFrame(images), "generate", prompt=PROMPT, model=MODEL, image={"@path": "$.image"}
        )
        assert "Gemini does not fetch images" in str(preview)
        assert preview.estimate().input_tokens > 0
        assert simulator.requests["POST /{version}/models/{model}:countTokens"] == {200: 1}
        invalid = {"type": "object", "properties": {"a": {"enum": [1, 2]}}}
        run = submit(session, simulator, 2, output_schema=invalid)
        run.wait(timeout=30)
        assert set(run.results()["status"]) == {"invalid"}
        assert "Gemini takes a choice of texts alone" in run.results()["message"][0]
        assert simulator.operations == []


def essence(sent, job="batches/none", *, leaves=()):
    """Return what of a request matters, but for the name of the *job*, which is drawn."""
    names = {"x-goog-api-key", "x-goog-upload-command", "x-goog-upload-protocol"} - set(leaves)
    path = sent.path.replace(job.removeprefix("batches/"), "JOB")
    given = {name: sent.headers.get(name) for name in names}
    return sent.method, path, sent.query, given, sent.document or sent.body


def our_requests(session, simulator, *, is_cancelled):
    connection = session.connect("gemini-batches", **simulator.settings)
    run = connection.submit(frame(2), "generate", prompt=PROMPT, model=MODEL, schedule=OFTEN)
    if is_cancelled:
        run.wait(timeout=0.3)
        run.cancel()
    run.wait(timeout=30)
    (job,) = simulator.jobs
    return job, by_call(simulator.requests[2:], job)


def by_call(requests, job):
    """Return the last request of each kind."""
    return {each.path.replace(job.removeprefix("batches/"), "JOB"): each for each in requests}


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_the_same_is_sent_as_by_the_client_of_the_vendor(session, is_cancelled):
    knobs = {"duration_seconds": 30 if is_cancelled else 0, "pending_share": 0.001, "failing": 0}
    with recorded_requests("gemini-batches", **knobs) as ours:
        own_job, own = our_requests(session, ours, is_cancelled=is_cancelled)
        start, file = ours.requests[:2]
    with (
        recorded_requests("gemini-batches", **knobs) as theirs,
        genai_client(**theirs.settings) as client,
    ):
        key = own[f"/v1/models/{MODEL}:batchGenerateContent"].document["batch"]["displayName"]
        config = {"mime_type": "application/jsonl", "display_name": key}
        named = client.files.upload(file=io.BytesIO(file.body), config=config).name
        job = client.batches.create(model=MODEL, src=named, config={"display_name": key})
        if is_cancelled:
            client.batches.cancel(name=job.name)
        found = client.batches.get(name=job.name)
        if not is_cancelled:
            client.files.download(file=found.dest.file_name)
        first, second, *rest = theirs.requests
        others = by_call(rest, job.name)
    assert essence(start)[:4] == essence(first)[:4]
    # Theirs writes the same in snake case, with a size that the headers have too.
    assert start.document["file"] == {"displayName": key, "mimeType": "application/jsonl"}
    # Ours has the key in the part of an upload too, as it goes to the same host.
    leaves = ("x-goog-api-key", "x-goog-upload-protocol")
    own_file, their_file = (essence(each, leaves=leaves) for each in (file, second))
    assert own_file == their_file
    mine = {key: essence(each, own_job) for key, each in own.items()}
    assert mine == {key: essence(each, job.name) for key, each in others.items()}


def test_a_schema_is_the_one_that_the_client_of_the_vendor_makes(session):
    with recorded_requests("gemini-batches", duration_seconds=0, failing=0) as ours:
        run = session.connect("gemini-batches", **ours.settings).submit(
            frame(1), "generate", prompt=PROMPT, model=MODEL, output_schema=Review,
            temperature=0.5, max_tokens=50, system="Be short.", schedule=OFTEN,
        )  # fmt: skip
        run.wait(timeout=30)
        sent = json.loads(ours.requests[1].body)["request"]
    with (
        recorded_requests("gemini-batches") as theirs,
        genai_client(**theirs.settings) as client,
    ):
        config = {"temperature": 0.5, "max_output_tokens": 50, "system_instruction": "Be short."}
        form = {"response_mime_type": "application/json", "response_schema": Review}
        row = {"contents": "Say w00000", "config": {**config, **form}}
        client.batches.create(model=MODEL, src=[row])
        batch = json.loads(theirs.requests[0].body)["batch"]
        expected = batch["inputConfig"]["requests"]["requests"][0]["request"]

    def plain(schema):
        """Return *schema* without descriptions, and in one spelling of the order."""
        if isinstance(schema, list):
            return [plain(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        spelled = {"property_ordering": "propertyOrdering"}
        found = {spelled.get(name, name): plain(each) for name, each in schema.items()}
        return {name: each for name, each in found.items() if name not in ("description", "title")}

    for request in (sent, expected):
        request["generationConfig"] = plain(request["generationConfig"])
    assert sent == expected
