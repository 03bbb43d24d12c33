"""The simulated Marketing Cloud by sfmc-sdk (npm), which was written for the real one."""

from __future__ import annotations

from functools import partial
from itertools import count

import pytest

import asyncdest_nb as ad
import sfmc_sdk


@pytest.mark.slow
@pytest.mark.timeout(420)  # The first time it is installed.
def test_sfmc_sdk_completes_its_flows():
    sfmc_sdk.module()
    with ad.simulate(
        "sfmc-rows",
        clock=partial(next, count(0.0)),  # A second later with each request.
        duration_seconds=8,
        pending_share=0.5,
        failing=0.2,
        account_id="1234567",
        data_extensions={"Customers": ["customer_id"]},
    ) as sim:
        found = sfmc_sdk.flow(sim.settings)
    assert found["wrongSecret"][1].startswith("Invalid client secret.")

    upserted = found["upserted"]
    # Until it is picked up, a request is answered as one that does not exist.
    assert upserted["seen"] == [
        "AsyncRequestStatusNotFound",
        *["Pending"] * 2,
        *["Executing"] * 4,
        "Complete",
    ]
    answer = upserted["answer"]
    assert answer["requestId"] != answer["status"]["requestId"] == upserted["requestId"]
    assert (answer["status"]["hasErrors"], answer["status"]["resultStatus"]) == (True, "Has Errors")
    assert (len(upserted["first"]["items"]), upserted["first"]["pageSize"]) == (50, 50)
    assert upserted["first"]["count"] == len(upserted["results"]["items"]) == 120
    failed = {
        f"c-{at}"
        for at, each in enumerate(upserted["results"]["items"])
        if each["status"] == "Error" and each["errorCode"] == "UnexpectedError" and each["message"]
    }
    assert 10 < len(failed) < 40
    held = {row["customer_id"] for row in sim.records["Customers"]}
    assert held == {f"c-{at}" for at in range(120)} - failed | {"new"}

    first, second = found["inserted"]["results"]["items"]
    assert "c-0" in failed or "Cannot insert duplicate key" in first["message"]
    assert second == {"status": "OK"}
    assert found["unknown"]["resultMessages"][0]["resultCode"] == "AsyncRequestStatusNotFound"
    assert "status" not in found["unknown"]
    assert None not in (found["noTable"], found["noRows"])
    assert sim.requests["POST /v2/token"] == {200: 1, 401: 2}  # It asks again after a 401.
