"""Answers that no documentation has: nothing is guessed, and nothing completes by them."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_shapes import EMAIL, KLAVIYO, PEOPLE, described, sent

import asyncdest_nb as ad
from asyncdest_nb.api_description.look_up import looker
from asyncdest_nb.api_description.outcomes import Listed, placer, reconciled
from asyncdest_nb.api_description.results_model import ResultRule, ResultSource, RowMatch
from described_api import ApiCall, DescribedApi

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
FAILED = {"url": "/x", "outcome": "failed", "error": "why", "match": {"by": "index", "path": "i"}}


def outcomes(entries: list[Any], *, count: int, counts: dict[str, Any], **rule: Any):
    source = ResultSource.model_validate(rule.pop("source", FAILED))
    listed = Listed(count)
    listed.add(source, entries, keys=rule.pop("keys", ()))
    results = ResultRule.model_validate({"unlisted": "completed", **rule})
    return reconciled(listed, rule=results, end="completed", counts=counts, why="ended")


@given(st.lists(JSON | st.fixed_dictionaries({"i": JSON, "why": JSON}), max_size=5), JSON)
def test_entries_of_any_form_have_an_outcome_for_each_row(entries: list[Any], counted: Any):
    found = outcomes(entries, count=3, counts={"failed": counted})
    assert len(found) == 3
    failed = sum(each.status == "failed" for each in found)
    if any(each.status == "completed" for each in found):
        assert str(counted).removesuffix(".0") == str(failed)


@given(st.lists(st.integers(-3, 9), max_size=8), st.integers(0, 8))
def test_rows_are_completed_only_if_every_failure_is_of_a_row_and_counted(
    places: list[int], counted: int
):
    found = outcomes([{"i": each} for each in places], count=6, counts={"failed": counted})
    # A place after the last row may mean that all places are shifted.
    is_shifted = any(each > 5 for each in places)
    listed = {each for each in places if 0 <= each < 6 and not is_shifted}
    assert [each.status == "failed" for each in found] == [at in listed for at in range(6)]
    is_sound = counted == len(listed) and all(0 <= each < 6 for each in places)
    others = {found[at].status for at in range(6) if at not in listed}
    assert others <= ({"completed"} if is_sound else {"unknown"})


@pytest.mark.parametrize("place", ["1", 1, 1.0, " 1 "])
def test_a_number_may_be_written_as_text(place: Any):
    found = outcomes([{"i": place, "why": "no"}], count=2, counts={"failed": "1"})
    assert [each.status for each in found] == ["completed", "failed"]


@pytest.mark.parametrize(
    "place", [None, True, [1], {"i": 1}, "1.5", "one", -1, 2, 10**30, "9" * 99]
)
def test_what_names_no_row_leaves_all_rows_unknown(place: Any):
    found = outcomes([{"i": place, "why": "no"}], count=2, counts={"failed": 1})
    assert {each.status for each in found} == {"unknown"}
    assert "1 result is of no row that was sent: no" in found[0].message


def test_several_errors_of_a_row_are_one_failure():
    entries = [{"i": 0, "why": "no phone"}, {"i": 0, "why": "no name"}, {"i": 0, "why": "no name"}]
    found = outcomes(entries, count=2, counts={"failed": 1})
    assert [each.status for each in found] == ["failed", "completed"]
    assert found[0].error is not None
    assert found[0].error.message == "no phone | no name"


@pytest.mark.parametrize(
    ("by", "path", "entry", "row"),
    [
        ({"by": "line"}, "n", {"n": 2}, 0),
        ({"by": "line", "first": 1}, "n", {"n": "2"}, 1),
        ({"by": "index", "first": 1}, "n", {"n": 2}, 1),
        ({"by": "pointer"}, "n", {"n": "/data/1/email"}, 1),
        ({"by": "pointer", "under": "/rows"}, "n", {"n": "/v/0/rows/2/x"}, 2),
    ],
)
def test_a_row_is_found(by: dict[str, Any], path: str, entry: Any, row: int):
    match = RowMatch.model_validate({**by, "path": path})
    assert list(placer(match, count=3, keys=())(entry, 0)) == [row]


@given(JSON, st.sampled_from(["$", "a", "a.b", "a[0].b", "a[*].b", "$.a[*][*]", "a | lower"]))
def test_a_path_leads_somewhere_or_nowhere_in_any_json(value: Any, path: str):
    looker(path)(value)


def klaviyo(session: ad.Session, poll: Any, errors: Any = None, **change: Any) -> ad.Run:
    polls = itertools.chain([poll], itertools.repeat(DONE))

    def answer(call: ApiCall):
        if call.method == "POST":
            return 202, {"data": {"id": "j-1"}}
        if call.path.endswith("import-errors"):
            return {"data": []} if errors is None else errors
        return next(polls)

    with DescribedApi(answer) as api:
        return sent(session, described(api.url, **{**copy.deepcopy(KLAVIYO), **change}))


DONE = {"data": {"attributes": {"status": "complete", "failed_count": 0}}}


@pytest.mark.parametrize(
    "poll",
    [
        [],
        None,
        "complete",
        {"data": []},
        {"data": {"attributes": {"status": None}}},
        {"data": {"attributes": {"status": ["complete-ish"]}}},
        {"data": {"attributes": {"status": {"complete": True}}}},
        {"data": {"attributes": {"status": "completely"}}},
        {"data": {"attributes": {"status": True}}},
        (200, {"content-type": "text/html"}, "<html>maintenance</html>"),
        (404, {"message": "not there yet"}),
        (503, {"message": "down"}),
    ],
)
def test_an_odd_answer_to_a_poll_ends_nothing(session: ad.Session, poll: Any):
    run = klaviyo(session, poll)
    assert set(run.results()["status"]) == {"completed"}


@pytest.mark.parametrize("odd", [{}, [], {"data": {}}, {"data": "none"}, {"data": 3}, "<html>"])
def test_results_that_are_no_list_are_asked_for_again(session: ad.Session, odd: Any):
    errors = itertools.chain([odd], itertools.repeat({"data": []}))
    polls: list[str] = []

    def answer(call: ApiCall):
        polls.append(call.path)
        if call.method == "POST":
            return 202, {"data": {"id": "j-1"}}
        return next(errors) if call.path.endswith("import-errors") else DONE

    with DescribedApi(answer) as api:
        run = sent(session, described(api.url, **KLAVIYO))
    assert set(run.results()["status"]) == {"completed"}
    assert sum(path.endswith("import-errors") for path in polls) == 2


@pytest.mark.parametrize(
    "pages",
    [
        {"next_url": "next"},
        {"cursor": "cursor", "param": "after"},
        {"number": "page", "param": "page"},
        {"number": "offset", "param": "offset"},
    ],
)
def test_pages_that_go_round_in_a_circle_are_not_read_for_ever(session: ad.Session, pages: Any):
    results = copy.deepcopy(KLAVIYO["results"])
    results["sources"][0]["pages"] = pages
    asked: list[ApiCall] = []

    def answer(call: ApiCall):
        if call.method == "POST":
            return 202, {"data": {"id": "j-1"}}
        if not call.path.endswith("import-errors"):
            return {"data": {"attributes": {"status": "complete", "failed_count": 2}}}
        asked.append(call)
        if len(asked) > 3:
            return {"data": []}
        return {
            "data": [{"source": {"pointer": "/profiles/data/0"}}],
            "next": call.path,
            "cursor": "c",
        }

    with DescribedApi(answer) as api:
        run = sent(session, described(api.url, **{**KLAVIYO, "results": results}))
    assert len(asked) <= 10
    assert "completed" not in set(run.results()["status"])


@pytest.mark.parametrize("unlisted", ["completed", "failed", "unknown"])
def test_of_pages_that_never_end_what_is_listed_counts_and_the_rest_is_unknown(
    session: ad.Session, unlisted: str
):
    results = {**copy.deepcopy(KLAVIYO["results"]), "unlisted": unlisted}
    asked: list[ApiCall] = []

    def answer(call: ApiCall):
        if call.method == "POST":
            return 202, {"data": {"id": "j-1"}}
        if not call.path.endswith("import-errors"):
            return {"data": {"attributes": {"status": "complete", "failed_count": 1}}}
        asked.append(call)
        error = {"source": {"pointer": "/profiles/data/1"}, "detail": "bad phone"}
        return {"data": [error], "links": {"next": call.path}}

    with DescribedApi(answer) as api:
        found = sent(session, described(api.url, **{**KLAVIYO, "results": results})).results()
    assert found["status"].tolist() == ["unknown", "failed", "unknown", "unknown"]
    assert "round in a circle" in found["message"].iloc[0]
    assert found["message"].iloc[1] == "bad phone"
    assert len(asked) <= 20


@pytest.mark.parametrize(
    "reply", [{}, [], {"data": {"id": None}}, {"data": {"id": ""}}, {"data": 7}]
)
def test_a_job_without_an_id_is_held_and_the_answer_is_shown(session: ad.Session, reply: Any):
    with DescribedApi(lambda call: (202, reply)) as api:
        run = session.connect(described(api.url, **KLAVIYO)).submit(PEOPLE, "send")
        run.wait(timeout=30)
    assert set(run.results()["status"]) == {"unknown"}
    assert "submit[0]: accepted without job_id" in run.results()["message"].iloc[0]


def test_results_that_are_gone_are_named_and_their_rows_unknown(session: ad.Session):
    results = {**copy.deepcopy(KLAVIYO["results"]), "keep_seconds": 3600}

    def answer(call: ApiCall):
        if call.method == "POST":
            return 202, {"data": {"id": "j-1"}}
        return (410, {"detail": "gone"}) if call.path.endswith("import-errors") else DONE

    with DescribedApi(answer) as api:
        found = sent(session, described(api.url, **{**KLAVIYO, "results": results})).results()
    assert set(found["status"]) == {"unknown"}
    assert "this API keeps results for 3,600 seconds" in found["message"].iloc[0]


def test_pages_in_the_order_of_the_rows_may_be_equal(session: ad.Session):
    results = {
        "sources": [
            {
                "url": "/results",
                "items": "items",
                "pages": {"number": "page", "param": "$page"},
                "match": {"by": "order"},
                "outcome": {"path": "status", "words": {"completed": "OK"}, "other": "failed"},
            }
        ]
    }
    pages = []

    def answer(call: ApiCall):
        if call.method == "POST":
            return 202, {"data": {"id": "j-1"}}
        if call.path != "/results":
            return DONE
        pages.append(call.query["$page"])
        return {"items": [{"status": "OK"}, {"status": "OK"}]}

    with DescribedApi(answer) as api:
        found = sent(session, described(api.url, **{**KLAVIYO, "results": results})).results()
    assert pages == ["1", "2"]
    assert set(found["status"]) == {"completed"}


def test_a_next_page_keeps_the_key_and_another_host_does_not_get_it(session: ad.Session):
    def entries(call: ApiCall):
        return {"data": [], "links": {"next": None}}

    def answer(call: ApiCall):
        if call.method == "POST":
            return 202, {"data": {"id": "j-1"}}
        if not call.path.endswith("import-errors"):
            return DONE
        more = {"1": "?cursor=2", "2": f"{other.url}/more"}[call.query.get("cursor", "1")]
        return {"data": [], "links": {"next": more}}

    with DescribedApi(entries) as other, DescribedApi(answer) as api:
        destination = ad.http_destination(
            {
                "name": "x",
                "base_url": api.url,
                "settings": {"key": {"label": "Key", "type": "password"}},
                "auth": {"query": {"key": "{{ settings.key }}"}},
                "actions": {"send": {"fields": EMAIL, **KLAVIYO}},
            }
        )
        run = session.connect(destination, key="k3y-k3y-k3y").submit(PEOPLE, "send")
        run.wait(timeout=60)
    assert {call.query.get("key") for call in api.calls} == {"k3y-k3y-k3y"}
    assert [call.query for call in other.calls] == [{}]
    assert set(run.results()["status"]) == {"completed"}
