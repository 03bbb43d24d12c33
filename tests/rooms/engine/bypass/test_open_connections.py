"""Functions that fail after they used a client with an open connection, which no event shows."""

from __future__ import annotations

from typing import Any

import asyncdest_nb as ad
from bank import Bank, Vendor, require_unknown, run_of


def test_a_mistake_after_a_client_with_an_open_connection_proves_nothing(
    session: ad.Session, bank: Bank, vendor: Vendor
):
    def perform(request: Any, data: Any) -> Any:
        created = vendor.create(data.payload.user_id)
        return {"id": created["id"]}

    require_unknown(run_of(session, bank, perform))
    assert bank.applied == ["u-1"]


def test_a_mistake_in_a_loop_that_has_sent_before_proves_nothing(
    session: ad.Session, bank: Bank, vendor: Vendor
):
    def perform(request: Any, data: Any) -> Any:
        for row in [{"id": data.payload.user_id}, {}]:
            body = row["id"]
            vendor.create(body)

    require_unknown(run_of(session, bank, perform))
    assert bank.applied == ["u-1"]


def test_a_client_that_a_method_uses_may_have_sent(session: ad.Session, bank: Bank, vendor: Vendor):
    class Sender:
        def __init__(self) -> None:
            self.client = vendor

        def perform(self, request: Any, data: Any) -> Any:
            self.client.create(data.payload.user_id)
            raise KeyError("id")

    require_unknown(run_of(session, bank, Sender().perform))
    assert bank.applied == ["u-1"]


def test_a_client_that_is_a_default_argument_may_have_sent(
    session: ad.Session, bank: Bank, vendor: Vendor
):
    def perform(request: Any, data: Any, client: Vendor = vendor) -> Any:
        client.create(data.payload.user_id)
        raise KeyError("id")

    require_unknown(run_of(session, bank, perform))
    assert bank.applied == ["u-1"]


def test_another_client_may_have_sent_after_a_request_of_ours(
    session: ad.Session, bank: Bank, vendor: Vendor
):
    async def perform(request: Any, data: Any) -> Any:
        await request(data.settings.endpoint)
        created = vendor.create(data.payload.user_id)
        return created["id"]

    require_unknown(run_of(session, bank, perform))
    assert bank.applied == ["u-1"]


def test_a_refusal_by_the_code_after_another_client_is_a_claim_and_no_proof(
    session: ad.Session, bank: Bank, vendor: Vendor
):
    def perform(request: Any, data: Any) -> Any:
        vendor.create(data.payload.user_id)
        raise ad.IntegrationError("blocked", "BLOCKED", 403)

    run = run_of(session, bank, perform)
    assert run.counts["failed"] == 1
    assert run.retryable == 0
