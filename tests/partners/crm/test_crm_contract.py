"""10,000 rows to simulated CRMs with every trouble: each outcome is what the simulator stored.

The simulators are written from the vendors' documentation and clients, not from the destinations.
"""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from crm_vendors import VENDORS

ROWS = 10_000


@pytest.fixture(params=VENDORS)
def vendor(request):
    return VENDORS[request.param]


def outcomes(run, vendor, simulator) -> tuple[pd.DataFrame, pd.Series]:
    """Return the results, and whether the partner has each of their rows."""
    results = run.results(with_frame=True)
    return results, results[vendor.column].isin(set(vendor.stored(simulator)))


@pytest.mark.slow
def test_every_row_has_its_own_outcome_in_spite_of_all_that_goes_wrong(session, vendor):
    frame = vendor.frame(ROWS)
    with vendor.simulate(
        duration_seconds=(0.1, 0.5),
        failing=0.03,
        throttle_share=0.3,
        retry_after_seconds=0.05,
        lost_replies={vendor.create: ("reset", 503)},
        shuffle_results=True,
    ) as simulator:
        run = vendor.submit(session, simulator.settings, frame, batch_size=1_000)
        run.wait(timeout=100)
        results, is_stored = outcomes(run, vendor, simulator)
        jobs = len(simulator.operations)
    assert results.index.tolist() == frame.index.tolist()
    assert results["status"].tolist() == [("failed", "completed")[each] for each in is_stored]
    assert 0.02 * ROWS < run.counts["failed"] < 0.04 * ROWS
    assert results.loc[~is_stored, "message"].str.len().min() > 10
    # Rows that fail are in all jobs, so none of them is taken for another.
    failed = [at // 1_000 for at, is_there in enumerate(is_stored) if not is_there]
    assert set(failed) == set(range(10))
    # A reply was lost twice. Who can be asked has no job twice; the others upsert the same again.
    assert jobs == 10 if vendor.adopts else 10 <= jobs <= 12
    assert Counter(vendor.stored(simulator)).most_common(1)[0][1] == 1


def test_results_that_are_cut_short_leave_no_row_that_may_have_failed_completed(session, vendor):
    with vendor.simulate(duration_seconds=0.1, failing=0.3, truncate_results=0.2) as simulator:
        run = vendor.submit(session, simulator.settings, vendor.frame(400))
        run.wait(timeout=60)
        results, is_stored = outcomes(run, vendor, simulator)
    by_status = {word: set(is_stored[results["status"] == word]) for word in results["status"]}
    assert set(by_status) >= {"unknown", "failed"}
    assert by_status["failed"] == {False}
    assert by_status.get("completed", {True}) == {True}
    assert results.loc[results["status"] == "unknown", "message"].str.contains("list").all()


def is_told(run) -> bool:
    """Whether the run says that the partner's answers cannot be read, and asks again."""
    return any(each.poll_errors >= 2 for each in run.operations)


def test_results_that_are_gone_leave_all_rows_unknown(session, vendor, monkeypatch):
    monkeypatch.setattr("asyncdest_nb.engine.run.poller.GRACE_SECONDS", 0.01)
    with vendor.simulate(duration_seconds=0.1, results_expire_seconds=0.001) as simulator:
        run = vendor.submit(session, simulator.settings, vendor.frame(50))
        while run.wait(timeout=0.05) == "pending" and not is_told(run):
            pass
        assert set(run.results()["status"]) <= {"unknown", "pending"}
        assert len(simulator.operations) == 1


def test_the_secrets_of_the_settings_are_in_no_output(session, vendor, capsys, caplog):
    with vendor.simulate(duration_seconds=0.1, failing=0.5) as simulator:
        run = vendor.submit(session, simulator.settings, vendor.frame(20))
        run.wait(timeout=60)
        settings = simulator.settings
    shown = [repr(run), run.results().to_string(), str(run.contexts), str(session.state)]
    shown += [str(run.details(0)), *capsys.readouterr(), caplog.text, str(run.operations)]
    names = {"api_key", "access_token", "client_secret"} & settings.keys()
    assert names
    assert not [name for name in names for text in shown if settings[name] in text]
    assert "X-Amz-Signature" not in "".join(shown)  # An address that is signed is a secret too.
