"""Words of an API in another case than the description has them: real HTTP to a small server."""

from __future__ import annotations

from typing import Any

import pytest
from test_shapes import PEOPLE, described

import asyncdest_nb as ad
from asyncdest_nb.api_description.model import StatusRule
from asyncdest_nb.api_description.status import status_of
from described_api import ApiCall, DescribedApi

ENTRY: dict[str, Any] = {
    "items": "$.rows",
    "match": {"by": "index", "path": "$.at"},
    "outcome": {"path": "$.ok", "words": {"completed": "true", "failed": "false"}},
}


def run_of(
    session: ad.Session, state: str, words: dict[str, Any], outcomes: list[Any], *, timeout: float
) -> ad.Run:
    """Submit PEOPLE to an API whose job is in this *state*, with these *outcomes*, and wait."""

    def answer(call: ApiCall) -> Any:
        rows = [{"at": at, "ok": ok} for at, ok in enumerate(outcomes)]
        return {"id": 7} if call.method == "POST" else {"state": state, "rows": rows}

    action = {
        "handle": "id",
        "submit": [{"url": "/jobs", "json": "{{ rows }}", "extract": {"id": "id"}}],
        "poll": {"url": "/jobs/{{ id }}", "status": {"path": "state", "words": words}},
        "results": {"sources": [ENTRY]},
    }
    with DescribedApi(answer) as api:
        run = session.connect(described(api.url, **action)).submit(PEOPLE, "send")
        run.wait(timeout=timeout)
        run.cancel()
    return run


@pytest.mark.parametrize("state", ["DONE", "Done", " done\n"])
def test_a_word_in_another_case_ends_a_job_as_the_listed_one_does(session: ad.Session, state: str):
    words = {"pending": "queued", "completed": "done"}
    run = run_of(session, state, words, [True, "FALSE", "True", " false "], timeout=30)
    statuses = ["completed", "failed", "completed", "failed"]
    assert run.results()["status"].tolist() == statuses


def test_words_of_two_states_that_differ_in_case_alone_stay_apart(session: ad.Session):
    words = {"failed": "Done", "completed": "done"}
    run = run_of(session, "done", words, [True] * 4, timeout=30)
    assert set(run.results()["status"]) == {"completed"}
    odd = run_of(session, "DONE", words, [True] * 4, timeout=0.5)
    assert set(odd.results()["status"]) == {"pending"}
    assert any("'DONE'" in each for each in odd.notices), odd.notices


@pytest.mark.parametrize(
    ("answer", "state", "word"),
    [
        ({"done": "True"}, "completed", "done"),
        ({"done": "FALSE"}, "pending", "not done"),
        ({"done": 1}, "pending", "$.done is 1"),
        ({"done": "yes"}, "pending", "$.done is 'yes'"),
        ({"done": True, "error": {"code": 0, "message": "", "details": []}}, "completed", "done"),
        ({"done": True, "error": {"code": 1}}, "failed", "done with an error: {'code': 1}"),
        ({"done": True, "error": "quota"}, "failed", "done with an error: 'quota'"),
        ({"done": "true", "error": [{}]}, "failed", "done with an error: [{}]"),
    ],
)
def test_done_is_a_boolean_perhaps_as_text_and_an_empty_error_is_none(
    answer: dict[str, Any], state: str, word: str
):
    rule = StatusRule.model_validate({"done": "$.done", "error": "$.error"})
    found = status_of(rule, answer, 200)
    assert (found.state, found.word) == (state, word)
