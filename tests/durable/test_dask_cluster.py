"""A frame of Dask on a cluster of two processes; a server counts what arrives."""

from __future__ import annotations

import os
import signal
import time

import dask.dataframe as dd
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from pydantic import SecretStr

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from row_ledger import RowLedger

pytestmark = [pytest.mark.slow, pytest.mark.real_time, pytest.mark.timeout(240)]

ROWS, BATCH = 100_000, 500
SECONDS = 120.0  # At most, of a run.
KEY = "sk-cluster-0123456789"


def destination(**action):
    """Return a destination that no module has: the workers get it by value, like a notebook's."""

    class Payload(ad.Payload):
        id: str = ad.field("Id")

    class Settings(ad.Settings):
        endpoint: str = ad.field("Endpoint")
        api_key: SecretStr = ad.field("Key")

    async def perform_batch(request, data):
        url, headers = f"{data.settings.endpoint}/jobs", {"reference": data.submission_id}
        return accepted(await request(url, method="POST", json=data.payload, headers=headers))

    async def find(request, data):
        url = f"{data.settings.endpoint}/jobs?reference={data.submission_id}"
        found = await request(url)
        return accepted(found) if found.data["job"] else None

    def accepted(response):
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": response.data["job"]}])

    async def poll(request, data):
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed")])

    act = ad.Action(
        title="Act",
        payload=Payload,
        perform_batch=perform_batch,
        poll=poll,
        operation_per="batch",
        batch_size=BATCH,
        **({"find": find, "settle_seconds": 0.5} if action.get("recovery") == "search" else {}),
        **action,
    )
    return ad.Destination(
        name="Test",
        slug="test",
        settings=Settings,
        actions={"act": act},
        extend_request=lambda data: {
            "headers": {"authorization": data.settings.api_key.get_secret_value()}
        },
    )


def frame(rows=ROWS):
    ids = pd.DataFrame({"id": [f"r-{at}" if at != 7 else None for at in range(rows)]})
    return dd.from_pandas(ids, npartitions=8)


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    with Client(cluster) as client:
        client.wait_for_workers(2, timeout=30)
        yield client


@pytest.fixture
def ledger():
    with RowLedger() as ledger:
        yield ledger


def submit(session, ledger, rows, **action):
    crm = session.connect(destination(**action), endpoint=ledger.url, api_key=KEY)
    return crm.submit(rows, "act", schedule=SquareRoot(minimum=0.05, cost=0.001))


def kill_a_worker_midway(client, ledger, jobs):
    pids = client.run(os.getpid)
    deadline = time.monotonic() + SECONDS
    while len(ledger.jobs) < jobs:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(min(pids.values()), signal.SIGKILL)


def test_a_killed_worker_loses_no_row_and_doubles_none(client, ledger, tmp_path):
    with ad.Session(path=tmp_path / "runs.sqlite") as session:
        run = submit(session, ledger, frame(), recovery="search")
        kill_a_worker_midway(client, ledger, 50)
        assert run.wait(SECONDS) == "partial"
        assert run.counts["completed"] == ROWS - 1
    assert set(ledger.booked.values()) == {1}
    assert ledger.booked.keys() == {f"r-{at}" for at in range(ROWS) if at != 7}


def test_without_a_way_to_find_out_the_rows_of_a_killed_worker_are_held(client, ledger):
    with ad.Session() as session:
        run = submit(session, ledger, frame(20_000))
        kill_a_worker_midway(client, ledger, 12)
        deadline = time.monotonic() + SECONDS
        while run.counts["pending"] or not run.is_at_rest:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        counts, results = run.counts, run.results()
    assert set(ledger.booked.values()) == {1}
    assert counts["completed"] + counts["unknown"] == 20_000 - 1
    completed = results.index[results["status"] == "completed"]
    assert {f"r-{at}" for at in completed} <= ledger.booked.keys()


def test_workers_send_and_a_submit_of_the_same_rows_as_pandas_sends_nothing(client, capfd):
    with RowLedger(looks_for_peers=True) as ledger, ad.Session() as session:
        run = submit(session, ledger, frame(2_000))
        assert run.wait(SECONDS) == "partial"
        assert run.results().index.tolist() == list(range(2_000))
        assert list(run.invalid) == [7]
        assert ledger.peers == {*client.run(os.getpid).values()}
        assert set(ledger.booked.values()) == {1}
        with pytest.warns(ad.AlreadySubmitted):
            assert submit(session, ledger, frame(2_000).compute()) is run
    assert KEY not in "".join(capfd.readouterr())
    assert KEY not in str(client.run(lambda dask_worker: dask_worker.get_logs()))


def test_the_session_sends_by_itself_once_there_is_no_worker(ledger, cluster):
    with ad.Session() as session:
        with Client(cluster) as client:
            client.wait_for_workers(2, timeout=30)
            run = submit(session, ledger, frame(20_000))
        assert run.wait(SECONDS) == "partial"
        assert run.counts["completed"] + run.counts["unknown"] == 20_000 - 1
    assert set(ledger.booked.values()) == {1}


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ({"id": ["r-2"]}, "partition 2 has other columns than Dask knows: without 'name'"),
        ({"id": ["r-2"], "name": ["b"], "note": ["c"]}, "than Dask knows: with 'note'; nothing"),
        ({}, None),
        ({"name": ["b"], "id": ["r-2"]}, None),
    ],
)
def test_a_partition_of_other_columns_is_refused_and_an_empty_one_is_not(
    client, ledger, second, why
):
    parts = [pd.DataFrame({"id": ["r-1"], "name": ["a"]}), pd.DataFrame(second)]
    rows = dd.from_map(lambda at: parts[at], [0, 1], meta=parts[0], enforce_metadata=False)
    with ad.Session() as session:
        if why:
            with pytest.raises(ad.FrameError, match=why):
                submit(session, ledger, rows)
        else:
            assert submit(session, ledger, rows).wait(SECONDS) == "completed"
    assert len(ledger.booked) == (0 if why else sum(map(len, parts)))


def test_without_a_cluster_the_error_says_how_to_make_one(ledger):
    with ad.Session() as session, pytest.raises(ad.UsageError, match=r"distributed\.Client\(\)"):
        submit(session, ledger, frame(10))
