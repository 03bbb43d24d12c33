"""The record of a run: pure, without a notebook."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from IPython.core.formatters import HTMLFormatter

import asyncdest_nb as ad
from asyncdest_nb.operation import RowOutcome, RowStatus, State
from asyncdest_nb.widgets.fragments import RECORD
from asyncdest_nb.widgets.record import Record, record_html, record_text
from scripted_run import ScriptedRun, planned
from shown_shell import failed_run

HOSTILE = "<img src=x onerror=alert(1)>"


def test_a_record_shows_how_a_run_ended_and_where_the_rest_is():
    text = record_text(failed_run(12, invalid=1))
    assert text.startswith("asyncOperation to Example Async: failed\n12 failed, 1 invalid\n")
    assert "  row 9: failed NO refused 9\n" in text
    assert "refused 10" not in text
    assert "run.failed() has the failed, invalid and canceled rows" in text
    assert "run.results()" in text


def test_a_record_of_a_job_names_the_rows_that_failed():
    rows = (
        RowOutcome(RowStatus.COMPLETED),
        RowOutcome(RowStatus.FAILED, "already there", error_code="DUP"),
    )
    job = replace(planned(1, rows_each=2)[0], state=State.PARTIAL, row_outcomes=rows)
    text = record_text(ScriptedRun([job]))
    assert "1 completed, 1 failed" in text
    assert "  row 1: failed DUP already there" in text
    assert "  row 0:" not in text


def test_a_record_of_a_run_that_goes_on_says_as_of_when_it_is():
    run = ScriptedRun(planned(2))
    run.created_at = 1_000_000_000.0
    run.now = lambda: 1_000_000_123.4
    words = "Started 2001-09-09 01:46 UTC; as of 2001-09-09 01:48:43 UTC it is pending."
    assert words in record_text(run)
    assert words in record_html(run)
    assert "record as of 2001-09-09 01:48:43 UTC" in summary(record_html(run, folded=True))
    memory = "It is in the memory of its kernel: a restart ends it"
    assert memory in record_text(run)
    run.continued_by = "session = ad.Session('crm')"
    assert "After a restart of the kernel it goes on with: session = ad.Session('crm')" in (
        record_text(run)
    )
    assert "with: <code>session = ad.Session(&#x27;crm&#x27;)</code> <code>run" in record_html(run)
    run.continued_by = None
    assert "restart" not in record_text(run)
    run.cancel()
    assert "as of" not in record_text(run) + record_html(run, folded=True)


def test_a_record_without_failures_lists_none():
    done = [replace(each, state=State.COMPLETED) for each in planned(2)]
    text = record_text(ScriptedRun(done))
    assert "rows to look at" not in text
    assert "unknown" not in text


class CheckedRun(ScriptedRun):
    """A run whose first rows were invalid: its operations come after them."""

    def __init__(self, *reasons: str, rows: int) -> None:
        count = len(reasons)
        operations = [
            replace(each, rows=(each.rows[0] + count,), state=State.FAILED, message="refused")
            for each in planned(rows - count)
        ]
        labels = [f"row {number}" for number in range(rows)]
        super().__init__(operations, labels=labels, invalid=count)
        self.invalid = dict(enumerate(reasons))


def test_a_record_shows_why_rows_are_invalid():
    run = CheckedRun("user_id: missing", "email: no address", rows=2)
    text = record_text(run)
    heading = "2 invalid\nfirst rows to look at:\n"
    assert f"{heading}  row 0: invalid PAYLOAD_VALIDATION_FAILED user_id: missing\n" in text
    assert "  row 1: invalid PAYLOAD_VALIDATION_FAILED email: no address\n" in text
    html = record_html(run)
    assert "user_id: missing" in html
    assert "email: no address" in html


def test_a_record_leaves_out_neither_failed_nor_invalid_rows_where_both_are_many():
    run = CheckedRun(*["no address"] * 50, rows=100)
    lines = [line.split()[2] for line in record_text(run).splitlines() if line.startswith("  row")]
    assert lines == ["failed"] * 5 + ["invalid"] * 5


def test_a_record_of_a_run_without_reasons_counts_its_invalid_rows():
    assert "2 invalid\nStarted" in record_text(ScriptedRun([], invalid=2))


def test_unknown_rows_do_not_crowd_out_failed_ones():
    lost = [replace(each, state=State.HELD, message="no reply") for each in planned(12)]
    bad = [replace(lost[-1], number=12, rows=(12,), state=State.FAILED, message="refused")]
    text = record_text(ScriptedRun([*lost, *bad]))
    assert "first rows to look at:\n  row 12: failed refused\n  row 0: unknown no reply\n" in text
    assert 'run.results() every row; those with status == "unknown" are only there.' in text
    assert "row 9:" not in text
    html = record_html(ScriptedRun([*lost, *bad]))
    assert "<code>status == &quot;unknown&quot;</code>" in html


def test_the_record_of_a_run_of_the_package_has_the_reasons(session):
    frame = pd.DataFrame({"user_id": ["a", None], "operation_type": ["bogus", "sync_profile"]})
    with ad.simulate("example-async") as demo:
        run = session.connect(demo).submit(frame, "asyncOperation")
        run.wait(10)
        text = record_text(run)
    first, second = run.results()["message"]
    assert f"  0: invalid PAYLOAD_VALIDATION_FAILED {first}\n" in text
    assert f"  1: invalid PAYLOAD_VALIDATION_FAILED {second}\n" in text


def test_a_message_forges_no_line_and_no_colour_of_the_text():
    run = failed_run(1, labels=["a\n9 completed"], title="up\rsert")
    run.operations[0] = replace(run.operations[0], message="no\n2 completed\x1b[32m\x85\u2028")
    text = record_text(run)
    assert len(text.splitlines()) == 6
    assert r"up\rsert: failed" in text
    assert r"  a\n9 completed: failed NO no\n2 completed\x1b[32m\x85\u2028" in text


def test_no_text_of_a_destination_is_html():
    run = failed_run(1, labels=[HOSTILE], title=HOSTILE)
    run.operations[0] = replace(
        run.operations[0], message=HOSTILE, error_code=HOSTILE, operation_id=HOSTILE
    )
    html = record_html(run)
    assert "<img" not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") == 5


def test_a_record_of_ten_thousand_operations_is_small_and_needs_nothing_else():
    html = record_html(failed_run(10_000))
    assert len(html) < 20_000
    assert not any(word in html for word in ("<script", "<link", "http", "url("))


def test_a_folded_record_leaves_the_counts_to_the_monitor_until_the_end():
    assert "2 pending" not in summary(record_html(ScriptedRun(planned(2)), folded=True))
    assert "2 pending" in summary(record_html(ScriptedRun(planned(2))))
    assert "3 failed" in summary(record_html(failed_run(3), folded=True))


def summary(html: str) -> str:
    return html.partition("</summary>")[0]


def test_a_record_is_text_and_html():
    record = Record(failed_run(1), folded=True)
    assert repr(record) == record_text(failed_run(1))
    assert HTMLFormatter()(record).startswith(f"<details {RECORD}><summary")
