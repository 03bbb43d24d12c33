"""A description is refused that leaves in doubt what is secret, and what became of rows."""

from __future__ import annotations

from typing import Any

import pytest
from test_contradictions import job, statuses
from test_mistakes import GOOD, mistakes, put

import asyncdest_nb as ad

SECRET = {"label": "Token", "type": "password", "required": True}


@pytest.mark.parametrize(
    ("auth", "settings", "place"),
    [
        ({"bearer": "{{ settings.host }}"}, {}, "settings.host.type"),
        ({"bearer": "k3y-k3y-k3y"}, {}, "auth.bearer"),
        ({"headers": {"x-key": "k3y"}}, {}, "auth.headers"),
        ({"query": {"key": "{{ settings.host }}"}}, {}, "settings.host.type"),
        ({"basic": {"username": "{{ settings.host }}"}}, {}, "settings.host.type"),
        ({"basic": {"username": "u", "password": "k3y"}}, {}, "auth.basic"),
        (
            {"oauth2": {"token_url": "t", "client_id": "{{ settings.t }}", "client_secret": "k"}},
            {"t": SECRET},
            "auth.oauth2.client_secret",
        ),
    ],
)  # fmt: skip
def test_a_credential_that_nobody_would_mask_is_named(auth, settings, place):
    def change(given: Any, _: Any) -> None:
        given["settings"] |= settings
        given["auth"] = auth

    assert [each.partition(": ")[0] for each in mistakes(change)] == [place]


def test_a_credential_in_a_plain_header_is_named():
    def change(given: Any, _: Any) -> None:
        given["headers"] = {"Authorization": "Bearer k3y-k3y-k3y"}

    assert [each.partition(": ")[0] for each in mistakes(change)] == ["headers.Authorization"]


@pytest.mark.parametrize(
    "auth",
    [
        {"basic": {"username": "{{ settings.t }}", "password": "X"}},
        {"basic": {"username": "{{ settings.host }}/token", "password": "{{ settings.t }}"}},
        {"headers": {"x-account": "{{ settings.host }}", "x-key": "Key {{ settings.t }}"}},
        {"oauth2": {"token_url": "/t", "client_id": "me", "client_secret": "{{ settings.t }}"}},
    ],
)
def test_what_goes_with_a_secret_need_not_be_one(auth):
    given = {**GOOD, "settings": {**GOOD["settings"], "t": SECRET}, "auth": auth}
    assert ad.http_destination(given).name == "My API"


def test_a_job_says_what_its_end_means_for_rows():
    def change(given: Any, action: Any) -> None:
        del action["results"]

    [found] = mistakes(change)
    assert found.startswith("actions.send.results: is missing")


@pytest.mark.parametrize(
    ("file", "place"), [({"json": "{{ rows }}"}, "match"), ({"jsonl": {}}, "match.first")]
)
def test_a_line_is_one_of_a_file_that_is_sent(file, place):
    def change(given: Any, action: Any) -> None:
        del action["submit"][0]["json"]
        action["submit"][0] |= file
        action["results"]["sources"][0]["match"] = {"by": "line", "path": "line"}

    [found] = mistakes(change)
    assert found.startswith(f"actions.send.results.sources[0].{place}: ")


@pytest.mark.parametrize(
    ("place", "value", "mistake"),
    [
        (["row"], {"email": "x"}, "row: nothing in it is of the row"),
        (
            ["results", "sources", 0, "match"],
            {"by": "field", "path": "email", "row": "email"},
            "results.sources[0].match.row: it is the same for all rows",
        ),
        (["cancel"], {"method": "POST", "url": "/cancel"}, "cancel: nothing that is sent says"),
    ],
)
def test_rows_and_jobs_are_told_apart_by_what_is_sent(place, value, mistake):
    [found] = mistakes(put(*place, value=value))
    assert found.startswith(f"actions.send.{mistake}")


@pytest.mark.parametrize(
    ("unlisted", "counts", "expected"),
    [
        ("unknown", {}, "unknown"),
        ("completed", {}, "completed"),
        ("completed", {"failed": "failed"}, "completed"),
        ("completed", {"total": "failed"}, "unknown"),
    ],
)
def test_a_job_without_outcomes_of_rows_ends_as_the_description_says(
    session, unlisted, counts, expected
):
    action = job("ok", {})
    action["poll"]["counts"] = counts
    found, _ = statuses(session, **action | {"results": {"unlisted": unlisted}})
    assert found == [expected] * 4
