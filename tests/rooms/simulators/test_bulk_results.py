"""The results of simulated Salesforce jobs, the share that fails by chance, and faults."""

import csv
from collections import Counter

import pytest
import requests

from asyncdest_nb.errors import UnknownName, UsageError
from asyncdest_nb.simulators import simulate
from asyncdest_nb.simulators.exchange import IncomingRequest
from bulk_org import DATA, KEY, Org, contacts, csv_of, rows_of

# Results


def test_results_are_quoted_and_echo_what_was_sent_in_another_order():
    org = Org()
    rows = contacts(50, Description='said: "no",\r\nthen left')
    job_id = org.finished(csv_of(rows, quoting=csv.QUOTE_ALL))
    _, text = org.on_job("GET", job_id, part="/successfulResults")
    assert text.startswith(f'"sf__Id","sf__Created","{KEY}","LastName","Description"\n"003')
    found = rows_of(text)
    echoed = [{name: row[name] for name in rows[0]} for row in found]
    assert echoed != rows
    assert sorted(echoed, key=lambda row: rows.index(row)) == rows
    assert org.on_job("GET", job_id, part="/successfulResults")[1] == text


def test_paths_are_found_whatever_their_case_and_slash():
    org = Org()
    job_id = org.finished(contacts(1))
    for path in (
        f"{DATA}/jobs/ingest/{job_id}/unprocessedrecords",
        f"{DATA}/jobs/ingest/{job_id}/unprocessedRecords",
        f"{DATA}/jobs/ingest/",
        f"/Services/Data/V42.0/Jobs/Ingest/{job_id}",
    ):
        assert org.ask("GET", path)[0] == 200
    assert org.on_job("GET", job_id.lower())[0] == 404


# Chance


def test_the_wanted_share_of_rows_fails_again_until_they_change():
    org = Org(failing=0.3)
    failed = org.results(org.finished(contacts(300)), "failedResults")
    assert 60 <= len(failed) <= 120
    assert {row["sf__Id"] for row in failed} == {""}
    again = [{KEY: row[KEY], "LastName": row["LastName"]} for row in failed]
    assert len(org.errors(org.finished(again))) == len(failed)
    changed = [{**row, "Title": "changed"} for row in again]
    assert 0 < len(org.errors(org.finished(changed))) < len(failed)


def test_a_locked_row_goes_through_the_next_time():
    org = Org(locked=0.5)
    rows = contacts(40)
    failed = org.results(org.finished(rows), "failedResults")
    assert 8 <= len(failed) <= 32
    assert {row["sf__Error"] for row in failed} == {
        "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--"
    }
    assert org.errors(org.finished(rows)) == []
    assert len(org.contacts()) == 40


def test_a_job_that_fails_half_way_leaves_about_half_undone():
    org = Org(failing_jobs=1)
    job_id = org.finished(contacts(100))
    job = org.job(job_id)
    assert (job["state"], job["errorMessage"].split(" : ")[0]) == ("Failed", "InternalServerError")
    left = org.results(job_id, "unprocessedrecords")
    assert 40 <= len(left) <= 60
    assert job["numberRecordsProcessed"] + len(left) == 100
    assert len(org.contacts()) == 100 - len(left)


def outcome(order, **knobs):
    org = Org(failing=0.3, locked=0.2, duration_seconds=(1, 9), **knobs)
    jobs = [contacts(40), [{"LastName": f"L {n}", "Company": "C"} for n in range(40)]]
    sent = {}
    for place in order:
        kind = {"operation": "insert", "object": "Lead"} if place else {"object": "Contact"}
        sent[place] = org.started(jobs[place], **kind)
    org.now += 10
    results = {
        place: [
            org.on_job("GET", job_id, part=f"/{kind}Results")[1]
            for kind in ("successful", "failed")
        ]
        for place, job_id in sent.items()
    }
    return results, {name: len(rows) for name, rows in org.server.records.items()}


def test_a_seed_decides_everything_whatever_the_order_of_jobs():
    assert outcome([0, 1], seed=1) == outcome([1, 0], seed=1)
    assert outcome([0, 1], seed=1) != outcome([0, 1], seed=2)


def test_what_comes_out_does_not_depend_on_how_often_anybody_looks():
    def titles(looks):
        org = Org(pending_share=0)
        org.started(contacts(30, Title="A"))
        # The other way round, so that each job is the last to change half of the rows.
        org.started(contacts(30, Title="B")[::-1])
        for _ in range(looks):
            org.now += 10 / looks
            assert org.server.operations
        return {row[KEY]: row["Title"] for row in org.contacts()}

    assert titles(1) == titles(40)
    assert Counter(titles(1).values()) == {"A": 15, "B": 15}


def test_turning_one_knob_moves_nothing_else():
    def failed(**knobs):
        org = Org(failing=0.3, **knobs)
        org.started(contacts(50))
        org.now += 100
        return {row[KEY] for row in org.contacts()}

    assert failed() == failed(duration_seconds=("lognormal", 5, 0.5), pending_share=0.9)


# Faults


@pytest.mark.parametrize(
    ("knobs", "method", "path", "status", "code"),
    [
        ({"throttle_share": 1}, "GET", f"{DATA}/limits", 429, "REQUEST_LIMIT_EXCEEDED"),
        ({"outages": [(0, 1)]}, "GET", f"{DATA}/limits", 503, "SERVER_UNAVAILABLE"),
        ({"unavailable_every": 1}, "GET", f"{DATA}/limits", 503, "SERVER_UNAVAILABLE"),
        ({}, "GET", "/services/data/v59.0/query", 404, "NOT_FOUND"),
        ({}, "POST", "/services/data/vNaN.0/jobs/ingest", 404, "NOT_FOUND"),
        ({}, "POST", f"{DATA}/limits", 405, "METHOD_NOT_ALLOWED"),
        ({}, "GET", f"{DATA}/jobs/ingest/750000000000001AAA", 404, "NOT_FOUND"),
    ],
)
def test_refusals_are_lists_of_errors(knobs, method, path, status, code):
    found, (error,) = Org(**knobs).ask(method, path)
    assert (found, error["errorCode"]) == (status, code)
    assert error["message"]


def test_one_request_in_so_many_is_not_answered_and_not_told_when_to_come_back():
    org = Org(unavailable_every=3)
    replies = [
        org.server.answer(IncomingRequest("GET", f"{DATA}/limits", b"", "Bearer x")).reply
        for _ in range(7)
    ]
    assert [reply.status for reply in replies] == [200, 200, 503, 200, 200, 503, 200]
    assert replies[2].headers == {}


def test_a_lost_reply_to_the_first_request_leaves_a_job_that_is_open(simulated_salesforce):
    simulator = simulated_salesforce(lose_reply_share=1)
    with pytest.raises(requests.ConnectionError):
        requests.post(
            f"{simulator.endpoint}{DATA}/jobs/ingest",
            json={"operation": "insert", "object": "Contact"},
            headers={"Authorization": "Bearer x"},
            timeout=10,
        )
    assert [job["state"] for job in simulator.operations] == ["Open"]


# Names and size


def test_the_key_of_the_example_is_not_a_knob_here():
    with pytest.raises(UnknownName, match="no knob 'api_key'"):
        simulate("salesforce-bulk", api_key="sesame")
    for name in ("client_secret", "password", "refresh_token"):
        with pytest.raises(UsageError, match=f"{name}=<hidden>"):
            simulate("salesforce-bulk", **{name: 5318008})


def test_it_stays_readable_when_stopped(simulated_salesforce):
    simulator = simulated_salesforce()
    simulator.stop()
    assert (simulator.operations, simulator.records, simulator.attempts) == ([], {}, Counter())
    assert repr(simulator) == "<Simulator salesforce-bulk stopped, 0 operations, 0 requests>"


def test_the_example_stores_nothing():
    with simulate("example-async") as simulator:
        assert simulator.records == {}


def test_a_job_of_many_rows_is_applied_whole():
    org = Org()
    job = org.job(org.finished(contacts(10_000)))
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (10_000, 0)
    assert len({row["Id"] for row in org.contacts()}) == 10_000
