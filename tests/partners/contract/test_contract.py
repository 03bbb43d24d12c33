"""What every destination promises, against its simulator, which says what it stored.

A destination is under contract by its entry in ``contract_partners``.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import asyncdest_nb as ad
from asyncdest_nb.operation import State
from asyncdest_nb.simulators import SIMULATORS
from contract_partners import CONTRACTS, Contract, check_statuses, keys_arrived, keys_of
from fast_time import fast_engines

ROWS, BATCHES = 10_000, 10
STORM = 0.3  # The share of requests that are answered 429.
QUICK = {"duration_seconds": 0.2, "retry_after_seconds": 0.05}
WITH_RESULTS = [each for each in CONTRACTS if each.results]

under_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda each: each.slug)
with_results = pytest.mark.parametrize("contract", WITH_RESULTS, ids=lambda each: each.slug)


def check(run: ad.Run, contract: Contract, simulator: ad.Simulator) -> dict[str, int]:
    """Check that what a run says is what the partner has; return its counts that are not 0."""
    results = run.results()
    assert list(results.index) == list(contract.frame(len(results)).index)
    check_statuses(list(results["status"]), simulator)
    counts = {status: count for status, count in run.counts.items() if count}
    assert counts == dict(Counter(results["status"]))
    return counts


def test_every_destination_with_a_simulator_is_under_contract():
    assert {each.slug for each in CONTRACTS} == {*SIMULATORS}


@pytest.mark.slow
@under_contract
def test_every_outcome_is_on_its_label_also_in_a_storm_of_throttling(
    contract: Contract, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING, "asyncdest_nb")  # Thousands of requests are refused.
    knobs = {**QUICK, "failing": 0.03, "retry_after_seconds": 0.01}
    with (
        fast_engines(),  # It is slow for its rows, not for what it waits for.
        ad.simulate(contract.slug, **knobs, throttle_share=STORM) as simulator,
        ad.Session() as session,
    ):
        run = contract.submit(session, simulator.settings, ROWS, ROWS // BATCHES, minimum=1.0)
        assert run.wait(timeout=110) == "partial"
        counts = check(run, contract, simulator)
        assert keys_arrived(simulator) == Counter(keys_of(ROWS)), "each arrived once"
    assert set(counts) == {"completed", "failed"}
    assert 0.01 < counts["failed"] / ROWS < 0.06
    failed = run.results()["status"].to_numpy() == "failed"
    assert all(failed.reshape(BATCHES, -1).any(axis=1)), "every batch has rows that failed"
    assert any(429 in counts for counts in simulator.requests.values())


@under_contract
@pytest.mark.parametrize("reply", ["reset", "cut", 408, 500, 503])
def test_a_lost_reply_to_a_create_makes_no_second_job_or_is_held_and_named(
    session: ad.Session, contract: Contract, reply: Any
):
    lost = {contract.create: [reply]}
    with ad.simulate(contract.slug, **QUICK, failing=0.1, lost_replies=lost) as simulator:
        run = contract.submit(session, simulator.settings, 30, 10)
        run.wait(timeout=60)
        counts = check(run, contract, simulator)
        arrived = keys_arrived(simulator)
    assert run.is_at_rest
    assert len(arrived) == 30
    held = [each for each in run.operations if each.state is State.HELD]
    if contract.second == "held":
        assert counts["unknown"] == 10
        assert sum(len(each.rows) for each in held) == 10
        assert all(each.message for each in held)
    else:
        assert not held
        assert "unknown" not in counts
    if contract.second != "harmless":
        assert set(arrived.values()) == {1}, "a row is in two jobs"


@with_results
@pytest.mark.parametrize("wrong", ["shuffled", "truncated", "expired"])
def test_no_outcome_is_guessed_from_results_that_are_shuffled_truncated_or_expired(
    session: ad.Session, contract: Contract, wrong: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("asyncdest_nb.engine.run.poller.GRACE_SECONDS", 0.01)
    knobs = {**QUICK, "failing": 0.2, **contract.results[wrong]}
    with ad.simulate(contract.slug, **knobs) as simulator:
        run = contract.submit(session, simulator.settings, 60, 20)
        run.wait(timeout=60)
        counts = check(run, contract, simulator)
    assert run.is_at_rest
    if wrong == "shuffled":
        assert set(counts) == {"completed", "failed"}
    elif wrong == "truncated":
        assert counts["unknown"] >= 60 * 0.2 * 0.2, "as many as are missing, or more"
    else:
        assert counts == {"unknown": 60}
    results = run.results()
    unknown = results[results["status"] == "unknown"]
    assert unknown["message"].str.len().all(), "each says why"


@under_contract
def test_no_secret_is_in_what_is_shown_logged_or_stored(
    tmp_path: Path, contract: Contract, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "session.sqlite"
    knobs = {**QUICK, "failing": 0.3, "unavailable_every": 5, "throttle_share": 0.1}
    with ad.simulate(contract.slug, **knobs) as simulator, ad.Session(path=path) as session:
        run = contract.submit(session, simulator.settings, 20, 10)
        run.wait(timeout=60)
        shown = [repr(session), repr(run), run.results().to_csv(), *run.notices]
        shown += [json.dumps(run.details(each.number), default=str) for each in run.operations]
    shown += [each.getMessage() for each in caplog.records]
    files = b"".join(each.read_bytes() for each in tmp_path.glob("session.sqlite*"))
    names = {"api_key", "access_token", "client_secret"} & simulator.settings.keys()
    for name in names:
        secret = str(simulator.settings[name])
        assert secret.encode() not in files
        assert not [text for text in shown if secret in text]
