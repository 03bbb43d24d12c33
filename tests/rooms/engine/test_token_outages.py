"""A token endpoint that refuses, is down or answers nonsense: real HTTP to a small server."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi

ROWS = 20
REFUSED = (400, {"error": "invalid_grant"})
PAGE = (200, "<html>Back at noon</html>")


class Account:
    """An API whose tokens are for *uses* requests each; ``failing`` is what /token answers."""

    def __init__(self, *, uses: int = 5) -> None:
        self.failing: list[Any] = []
        self.asked = self.refused = self.accepted = 0
        self._uses = uses
        self._left: dict[str, int] = {}

    def __call__(self, call: ApiCall) -> Any:
        if call.path == "/token":
            return self._token()
        token = call.headers.get("authorization", "")
        if self._left.get(token, 0) < 1:
            self.refused += 1
            return 401, {"error": "expired"}
        self._left[token] -= 1
        if call.method == "POST":
            self.accepted += 1
            return {"id": f"job-{self.accepted}"}
        return {"status": "done"}

    def _token(self) -> Any:
        self.asked += 1
        if self.asked > 1 and self.failing:
            return self.failing.pop(0) if len(self.failing) > 1 else self.failing[0]
        self._left[f"Bearer token-{self.asked}"] = self._uses
        return {"access_token": f"token-{self.asked}", "expires_in": 3600}


POLLED = {
    "handle": "job",
    "submit": [{"url": "/jobs", "json": {"rows": "{{ rows }}"}, "extract": {"job": "$.id"}}],
    "poll": {
        "url": "/jobs/{{ job }}",
        "status": {"path": "$.status", "words": {"pending": "open", "completed": "done"}},
    },
    "results": {"unlisted": "completed"},
}
SECRET = {"client_secret": "{{ settings.secret }}"}
AT_ONCE = {"submit": [{"url": "/jobs", "json": {"rows": "{{ rows }}"}}]}


def connected(session: ad.Session, url: str, how: Any = POLLED) -> ad.Connection:
    action = {"fields": {"id": {"label": "ID", "type": "string"}}, **how}
    api = {
        "name": "Api",
        "base_url": url,
        "settings": {"secret": {"label": "Secret", "type": "password"}},
        "auth": {"oauth2": {"token_url": f"{url}/token", "client_id": "me", **SECRET}},
        "actions": {"send": action},
    }
    return session.connect(ad.http_destination(api), secret="s3cret-of-a-client")


def submitted(crm: ad.Connection, rows: int = ROWS) -> ad.Run:
    frame = pd.DataFrame({"id": [f"u-{at}" for at in range(rows)]})
    return crm.submit(frame, "send", batch_size=1)


def test_a_token_endpoint_that_refuses_is_asked_seldom_and_the_dead_token_is_sent_no_more(
    session: ad.Session,
):
    account = Account()
    account.failing = [REFUSED]
    with DescribedApi(account) as api:
        run = submitted(connected(session, api.url, AT_ONCE), rows=120)
        assert run.wait(timeout=30) == "partial"
    assert run.counts["completed"] == account.accepted == 5
    assert run.counts["failed"] == run.retryable == 115
    # The waits are 1, 2, 4 … seconds: the eighth would begin after two minutes.
    assert account.asked < 9
    assert account.refused < 90  # Those on their way when it was found out, at most 48.
    why = {"no access token: answered 400: invalid_grant"}
    assert set(run.failed()["message"]) == why


def test_a_retry_asks_a_token_endpoint_at_once_that_refused_a_moment_ago(session: ad.Session):
    account = Account(uses=1000)
    account.failing = [REFUSED]
    with DescribedApi(account) as api:
        crm = connected(session, api.url)
        account.asked = 1  # It refuses from the first on.
        run = submitted(crm)
        assert run.wait(timeout=30) == "failed"
        account.failing = []  # The client was allowed again.
        assert run.retry().wait(timeout=30) == "completed"
    assert account.accepted == ROWS


@pytest.mark.parametrize("failure", [(500, {}), (429, {})])
def test_a_run_waits_for_a_token_endpoint_that_is_down(session: ad.Session, failure: Any):
    account = Account(uses=15)
    account.failing = [failure] * 2 + [(200, {"access_token": "token-of-many"})]
    account._left["Bearer token-of-many"] = 1000
    with DescribedApi(account) as api:
        run = submitted(connected(session, api.url))
        assert run.wait(timeout=60) == "completed"
    assert account.accepted == ROWS
    assert account.asked == 4
    assert run.counts["failed"] == 0


@pytest.mark.parametrize("answer", [PAGE, (200, ""), (200, [1])])
def test_an_answer_without_a_token_is_said_in_words_and_the_rows_may_be_sent_again(
    session: ad.Session, answer: Any
):
    account = Account(uses=1000)
    account.asked, account.failing = 1, [answer]
    with DescribedApi(account) as api:
        run = submitted(connected(session, api.url))
        assert run.wait(timeout=30) == "failed"
    (message,) = set(run.results()["message"])
    assert message.endswith("no access token: the token endpoint answered no JSON object")
    assert run.retryable == ROWS
    assert account.accepted == 0
