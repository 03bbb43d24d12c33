"""A key that a destination refuses: a real HTTP server answers every request with 401."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from raw_server import RawServer, answer
from scripted_jobs import connect, create, done, job, submit

REFUSED = answer(401, {"errors": [{"detail": "no such key"}]})
EMAILS = pd.DataFrame({"email": ["a@example.com", "b@example.com"]})
WORDS = pd.DataFrame({"word": ["a", "b"]})
PROMPT: dict[str, Any] = {"prompt": {"@path": "$.word"}, "model": "m"}


@pytest.mark.parametrize(
    ("slug", "action", "frame", "mapping"),
    [("openai-batch", "chat", WORDS, PROMPT), ("klaviyo-profiles", "upsert", EMAILS, {})],
)
def test_a_refused_key_is_one_notice_that_names_its_setting(
    session: ad.Session, slug: str, action: str, frame: pd.DataFrame, mapping: dict[str, Any]
):
    with RawServer(*[REFUSED] * 2) as server:
        crm = session.connect(slug, base_url=server.url, api_key="not-a-key-of-anybody")
        run = crm.submit(frame, action, batch_size=1, **mapping)
        assert run.wait(timeout=20) == "failed"
    assert run.notices == [
        f"{crm.destination.name} refused api_key= (401): connect again with the right one, "
        "and submit the rows again"
    ]
    messages = set(run.results()["message"])
    assert all("answered 401" in each and "submit[" not in each for each in messages)


def test_of_a_destination_without_a_secret_setting_the_credentials_are_refused(
    session: ad.Session,
):
    action = job(steps=(), perform_batch=create, poll=done)
    with RawServer(REFUSED) as server:
        run = submit(connect(session, action, server.url), ["a"])
        run.wait(timeout=20)
    (notice,) = run.notices
    assert notice.startswith("Test refused the credentials (401): connect again with the right")


def test_another_refusal_is_none_of_the_key(session: ad.Session):
    action = job(steps=(), perform_batch=create, poll=done)
    with RawServer(answer(404)) as server:
        run = submit(connect(session, action, server.url), ["a"])
        run.wait(timeout=20)
    assert run.notices == []
