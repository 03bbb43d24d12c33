"""What our destinations send, beside what the vendors' own clients send: request by request."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import pytest

import sfmc_sdk
from crm_clients import (
    bodies,
    frame,
    hubspot_flow,
    klaviyo_flow,
    mailchimp_flow,
    our_cancel,
    our_flow,
)
from recorded_requests import RecordedRequests, essence, recorded_requests

HEADERS = ("authorization", "content-type", "accept", "revision")
Sent = dict[str, Any]


def without(name: str, sent: Sent) -> Sent:
    """Return *sent* without a header."""
    return {**sent, "headers": {key: each for key, each in sent["headers"].items() if key != name}}


def no_slash(sent: Sent) -> Sent:
    return {**sent, "path": sent["path"].rstrip("/")}


def lower_query(sent: Sent) -> Sent:
    return {**sent, "query": [(name, value.lower()) for name, value in sent["query"]]}


def no_type_of_nothing(sent: Sent) -> Sent:
    return without("content-type", sent) if sent["body"] == "" else sent


def no_boundary(sent: Sent) -> Sent:
    given = sent["headers"].get("content-type") or ""
    headers = {**sent["headers"], "content-type": given.partition(";")[0]}
    return {**sent, "headers": headers} if "boundary" in given else sent


def no_page_size(sent: Sent) -> Sent:
    return {**sent, "query": [each for each in sent["query"] if each[0] != "$pageSize"]}


def no_type_of_credentials(sent: Sent) -> Sent:
    return without("content-type", sent) if sent["path"] == "/v2/token" else sent


def key_of_basic(sent: Sent) -> Sent:
    _, _, given = sent["headers"]["authorization"].partition(" ")
    key = base64.b64decode(given).decode().partition(":")[2]
    return {**sent, "headers": {**sent["headers"], "authorization": key}}


# Where the requests differ: what is left out of the comparison, and why it may.
ACCEPT = ("ours also takes answers that are no JSON, to show them", partial(without, "accept"))
TYPE = ("theirs says the type of a body that is not there", no_type_of_nothing)
DIFFERENCES: dict[str, list[tuple[str, Callable[[Sent], Sent]]]] = {
    "klaviyo-profiles": [
        ("theirs is the revision of the day of its release", partial(without, "revision")),
    ],
    "hubspot-imports": [
        ACCEPT,
        TYPE,
        ("a boundary is drawn for each request", no_boundary),
        ("the reference has no slash after /imports, and theirs has one", no_slash),
        ("theirs writes booleans as Python does, HubSpot as JSON does", lower_query),
    ],
    "mailchimp-batches": [
        ACCEPT,
        TYPE,
        ("any user goes with the key: theirs is called user, ours key", key_of_basic),
    ],
    "sfmc-rows": [
        ACCEPT,
        (
            "ours sends credentials as a form, as Segment does",
            no_type_of_credentials,
        ),
        ("theirs asks for pages of the size that they have", no_page_size),
    ],
}


def sent_to(recorded: RecordedRequests) -> list[Sent]:
    """Return the requests to the API, each once, with {id} for the ids of jobs."""
    found: list[Sent] = []
    for request in recorded.requests:
        sent = essence(request, *HEADERS)
        for job in recorded.jobs:
            sent["path"] = sent["path"].replace(job, "{id}")
        if sent not in found:
            found.append(sent)
    return found


def missing(slug: str, ours: list[Sent], theirs: list[Sent], *, besides: int = -1) -> list[Sent]:
    """Return those of *ours* that are not among *theirs*, but for the differences.

    The difference at *besides* is not allowed.
    """
    kept = [each for at, (_, each) in enumerate(DIFFERENCES[slug]) if at != besides]

    def alike(sent: Sent) -> Sent:
        for each in kept:
            sent = each(sent)
        return sent

    known = [alike(each) for each in theirs]
    return [each for each in map(alike, ours) if each not in known]


def assert_same(slug: str, ours: list[Sent], theirs: list[Sent]) -> None:
    """Check that all of *ours* are among *theirs*, and that each difference is one."""
    assert len(ours) >= 4
    assert missing(slug, ours, theirs) == []
    # So the list does not outlive its reasons.
    for at, (why, _) in enumerate(DIFFERENCES[slug]):
        assert missing(slug, ours, theirs, besides=at) != [], why


FLOWS = {
    "klaviyo-profiles": ("email", {}, klaviyo_flow),
    "hubspot-imports": ("email", {}, hubspot_flow),
    "mailchimp-batches": ("email_address", {"list_id": "L1"}, mailchimp_flow),
}
# Requests of ours for which their client has no function.
OURS_ALONE = ("/account-info/v3/details", "-response.tar.gz")


@pytest.mark.parametrize("slug", FLOWS)
def test_all_that_we_send_the_vendors_client_sends_too(session, slug, tmp_path):
    key, fields, their_flow = FLOWS[slug]
    with recorded_requests(slug, duration_seconds=0.1, failing=0.6) as ours:
        our_flow(session, ours, slug, frame(key), **fields)
    (created,) = bodies(ours)
    found = sent_to(ours)
    if slug != "klaviyo-profiles":  # It has no way to cancel.
        with recorded_requests(slug, duration_seconds=1000) as canceled:
            our_cancel(session, canceled, slug, frame(key), **fields)
        found += [each for each in sent_to(canceled) if "{id}" in each["path"]]
        assert [each for each in found if each["method"] in ("DELETE", "POST")][1:]
    with recorded_requests(slug, duration_seconds=0, failing=0.6) as theirs:
        their_flow(theirs, created, **({"folder": tmp_path} if slug == "hubspot-imports" else {}))
    found = [each for each in found if not each["path"].endswith(OURS_ALONE)]
    assert_same(slug, found, sent_to(theirs))


@pytest.mark.slow
@pytest.mark.timeout(420)  # The first time the package is installed.
def test_all_that_we_send_to_marketing_cloud_sfmc_sdk_sends_too(session):
    sfmc_sdk.module()
    tables = {"account_id": "1234567", "data_extensions": {"Customers": ["customer_id"]}}
    rows = pd.DataFrame({"customer_id": [f"c-{number}" for number in range(120)], "Name": "Ö"})
    with recorded_requests("sfmc-rows", duration_seconds=0.1, **tables) as ours:
        our_flow(session, ours, "sfmc-rows", rows, data_extension="Customers")
    with recorded_requests("sfmc-rows", duration_seconds=0, **tables) as theirs:
        sfmc_sdk.flow(theirs.settings)
    assert_same("sfmc-rows", sent_to(ours), sent_to(theirs))
