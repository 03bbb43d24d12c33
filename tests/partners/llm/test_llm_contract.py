"""10,000 rows to simulated vendors with every trouble: each outcome is what the simulator stored.

The simulators are written from the vendors' documentation by others, and say the fate of each row.
"""

from __future__ import annotations

import json
from collections import Counter

import pandas as pd
import pytest

import asyncdest_nb as ad
import brisk_time
from asyncdest_nb.schedule import SquareRoot

ROWS = 10_000
VENDORS = {
    "openai-batch": ("chat", "gpt-4o-mini", "POST /v1/batches", "POST /v1/files"),
    "anthropic-batches": ("messages", "claude-haiku-4-5", "POST /v1/messages/batches", None),
}
STATUS = {
    "succeeded": "completed",
    "refused": "completed",
    "canceled": "canceled",
    "unknown_result": "unknown",
}


@pytest.fixture(params=VENDORS)
def vendor(request):
    return request.param


def frame(rows: int = ROWS) -> pd.DataFrame:
    """Return rows in which each word is once, with labels that repeat and say nothing."""
    words = [f"w{at:05d}" for at in range(rows)]
    return pd.DataFrame({"word": words}, index=[f"label-{at % 97}" for at in range(rows)])


def submit(session, simulator, rows=ROWS, **options):
    action, model, *_ = VENDORS[simulator.slug]
    connection = session.connect(simulator)
    asked = {"prompt": {"@template": "Say {{word}}"}, "model": model, "batch_size": 2_000}
    often = SquareRoot(minimum=0.05, cost=0.001)
    return connection.submit(frame(rows), action, schedule=often, **{**asked, **options})


def fates(simulator) -> dict[str, list[str]]:
    """Return what the simulator says became of each word, in the order of its jobs."""
    found: dict[str, list[str]] = {}
    for job in simulator.operations:
        for row in job["rows"]:
            word = json.loads(row["payload"])["messages"][-1]["content"].removeprefix("Say ")
            found.setdefault(word, []).append(row["fate"])
    return found


def check(run, simulator, *, missing: int = 0) -> pd.DataFrame:
    """Compare the results with what the simulator stored; *missing* rows at most are unknown."""
    results, stored = run.results(with_frame=True), fates(simulator)
    expected = results["word"].map(lambda word: STATUS.get(stored[word][-1], "failed"))
    is_wrong = (results["status"] != expected) & ~(
        (results["status"] == "unknown") & (results["text"].isna())
    )
    assert results[is_wrong].empty
    assert (results["status"] != expected).sum() == missing
    done = results[(results["status"] == "completed") & results["refusal"].isna()]
    # The model repeats the prompt, so an answer shows whose it is.
    assert all(word in text for word, text in zip(done["word"], done["text"], strict=True))
    return results


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_row_has_its_own_outcome_in_spite_of_throttling_and_lost_replies(vendor, monkeypatch):
    brisk_time.install(monkeypatch)  # It is slow for its rows, not for what it waits for.
    _, _, create, upload = VENDORS[vendor]
    lost = {create: ("reset", 503)} | ({upload: ("reset",)} if upload else {})
    with ad.simulate(
        vendor, duration_seconds=(0.1, 0.5), failing=0.03, throttle_share=0.3, lost_replies=lost,
        retry_after_seconds=0.2, overloaded=0.01, refusing=0.01, expiring=0.01,
    ) as simulator, ad.Session() as session:  # fmt: skip
        run = submit(session, simulator)
        run.wait(timeout=120)
        results = check(run, simulator)
        assert len(simulator.operations) == 5  # No job twice.
        again = run.retry()
        again.wait(timeout=60)
        check(again, simulator)
    counts = Counter(results["status"])
    assert 0.02 * ROWS < counts["failed"] < 0.08 * ROWS
    assert results[results["error_code"] == "expired"].size or vendor == "openai-batch"
    sent_again = results["retryable"].fillna(False).sum()
    assert {len(each) for each in fates(simulator).values()} == {1, 2}
    assert sum(len(each) == 2 for each in fates(simulator).values()) == sent_again
    # What had failed for a while is completed by the retry, the rest is not sent again.
    assert set(again.results()["retryable"].dropna()) == {False}


def test_a_result_that_was_cut_short_leaves_the_missing_rows_unknown(session, vendor):
    with ad.simulate(vendor, duration_seconds=0.1, truncate_results=0.1, failing=0) as simulator:
        run = submit(session, simulator, rows=1000)
        run.wait(timeout=60)
        check(run, simulator, missing=100)
        assert run.counts["unknown"] == 100
        assert "counts" in run.operations[0].message


def test_results_that_are_gone_leave_all_rows_unknown_and_nothing_is_sent_again(
    session, vendor, monkeypatch
):
    monkeypatch.setattr("asyncdest_nb.engine.run.poller.GRACE_SECONDS", 0.01)
    with ad.simulate(vendor, duration_seconds=0.1, results_expire_seconds=0.001) as simulator:
        run = submit(session, simulator, rows=100)
        while not run.operations or run.operations[0].poll_errors < 2:
            if run.wait(timeout=0.05) != "pending":
                break
        assert set(run.results()["status"]) <= {"pending", "unknown"}
        with pytest.raises(ad.UsageError):
            run.retry()
        assert len(simulator.operations) == 1


def test_a_status_and_results_of_unknown_kinds_are_never_taken_for_a_success(session, vendor):
    odd = {"unknown_results": 0.1} if vendor == "anthropic-batches" else {"without_status": 0.1}
    with ad.simulate(
        vendor, duration_seconds=0.1, unknown_status="brand_new", failing=0, **odd
    ) as simulator:
        run = submit(session, simulator, rows=1000)
        run.wait(timeout=60)
        check(run, simulator)
        assert 50 < run.counts["completed"] < 950


def test_no_secret_is_in_any_output(session, vendor, capsys, caplog):
    key = "sk-0123456789abcdefghij-secret"
    with ad.simulate(vendor, duration_seconds=0.1, api_key=key) as simulator:
        run = submit(session, simulator, rows=20)
        run.wait(timeout=60)
        shown = [repr(run), run.results().to_string(), str(run.contexts), str(session.state)]
        shown += [str(run.details(0)), *capsys.readouterr(), caplog.text]
        assert run.counts["completed"] > 10
    assert not any(key in each or "0123456789abcdef" in each for each in shown)


def test_a_limit_of_the_account_holds_up_creates_and_no_polls(session, vendor):
    with ad.simulate(vendor, duration_seconds=0.1, failing=0, spend_limit_jobs=1) as simulator:
        run = submit(session, simulator, rows=6, batch_size=2)
        while run.counts["completed"] < 2 or not any("no credit" in each for each in run.notices):
            assert run.wait(timeout=0.05) == "pending"
        assert run.counts["pending"] == 4
        assert any("asking again in" in each for each in run.notices)
        assert len(simulator.operations) == 1
        run.cancel()
        run.wait(timeout=20)
        assert (run.counts["completed"], run.counts["canceled"]) == (2, 4)
