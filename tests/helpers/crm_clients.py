"""The flows of vendors' clients and of our destinations, to compare what they send."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
from hubspot import HubSpot
from hubspot.crm.properties.exceptions import ForbiddenException
from klaviyo_api import KlaviyoAPI
from mailchimp_marketing import Client

import asyncdest_nb as ad
from recorded_requests import RecordedRequests, essence

ROWS = 250  # So many that their errors are on several pages.


def frame(key: str) -> pd.DataFrame:
    """Return the rows of our flows."""
    return pd.DataFrame({key: [f"anna.{number}@example.com" for number in range(ROWS)]})


def our_flow(
    session: ad.Session, recorded: RecordedRequests, slug: str, rows: pd.DataFrame, **fields: Any
) -> None:
    """Test the connection, and send *rows* to the end."""
    crm = session.connect(slug, requests_per_second=1000, **recorded.settings)
    crm.test_authentication()
    run = crm.submit(rows, "upsert", **fields)
    run.wait(timeout=60)
    assert run.counts["pending"] == 0


def our_cancel(
    session: ad.Session, recorded: RecordedRequests, slug: str, rows: pd.DataFrame, **fields: Any
) -> None:
    """Send *rows*, and cancel the run when the partner has them."""
    crm = session.connect(slug, requests_per_second=1000, **recorded.settings)
    run = crm.submit(rows, "upsert", **fields)
    wait_until_accepted(run)
    run.cancel()
    run.wait(timeout=60)


def wait_until_accepted(run: ad.Run) -> None:
    """Wait until the partner's answer for a batch of *run* has arrived."""
    deadline = time.monotonic() + 60
    while not any(each.state in ("accepted", "running") for each in run.operations):
        assert time.monotonic() < deadline, run.operations
        time.sleep(0.01)


def bodies(recorded: RecordedRequests) -> list[Any]:
    """Return the bodies of the POST requests, read."""
    return [essence(each)["body"] for each in recorded.requests if each.method == "POST"]


def klaviyo_flow(recorded: RecordedRequests, created: Any) -> None:
    """Have Klaviyo's client create the job *created*, poll it, and read its errors."""
    client = KlaviyoAPI(recorded.settings["api_key"], test_host=recorded.endpoint)
    profiles = client.Profiles
    client.Accounts.get_accounts()
    job_id = profiles.bulk_import_profiles(created).data.id
    profiles.get_bulk_import_profiles_job(job_id)
    page = profiles.get_errors_for_bulk_import_profiles_job(job_id, page_size=100)
    cursor = parse_qs(urlsplit(page.links.next).query)["page[cursor]"][0]
    profiles.get_errors_for_bulk_import_profiles_job(job_id, page_size=100, page_cursor=cursor)


def mailchimp_flow(recorded: RecordedRequests, created: Any) -> None:
    """Have Mailchimp's client start the batch *created*, poll it, and delete it."""
    client = Client()
    client.set_config({"api_key": recorded.settings["api_key"], "server": "us1"})
    client.api_client.host = recorded.settings["base_url"]
    client.ping.get()
    batch_id = client.batches.start(created)["id"]
    client.batches.status(batch_id)
    client.batches.delete_request(batch_id)


def hubspot_flow(recorded: RecordedRequests, created: Any, folder: Path) -> None:
    """Have HubSpot's client start the import *created*, poll it, read its errors, cancel it."""
    token = recorded.settings["access_token"]
    crm = HubSpot(access_token=token, host=recorded.endpoint).crm
    with suppress(ForbiddenException):  # As a token without the scope for it is answered.
        crm.properties.core_api.get_all("0-1")
    imports = crm.imports
    file = folder / created["importRequest"]["files"][0]["fileName"]
    file.write_bytes(created["files"].encode())
    asked = json.dumps(created["importRequest"])
    made = imports.core_api.create(import_request=asked, files=str(file))
    imports.core_api.get_by_id(made.id)
    options = {"limit": 100, "include_error_message": True, "include_row_data": True}
    page = imports.public_imports_api.get_errors(made.id, **options)
    imports.public_imports_api.get_errors(made.id, after=page.paging.next.after, **options)
    imports.core_api.get_page(limit=100)
    imports.core_api.cancel(made.id)
