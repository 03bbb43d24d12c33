"""The endpoints besides jobs: versions, resources, objects, limits and identity."""

from __future__ import annotations

from ..exchange import IncomingRequest, JSONObject, Reply
from .error_replies import not_found
from .knobs import SalesforceBulkKnobs
from .objects import OBJECTS, ORGANIZATION_ID, USER_ID
from .versions import Allowance, versions

BULK_BATCHES = 15_000  # In 24 hours, as Salesforce allows.


class Catalog:
    """The answers of these endpoints."""

    def __init__(self, knobs: SalesforceBulkKnobs, allowance: Allowance) -> None:
        self._username = knobs.username
        self._allowance = allowance

    def versions(self, request: IncomingRequest, now: float) -> Reply:
        """Return the versions of the API; this needs no token."""
        return Reply(200, versions())

    def resources(self, request: IncomingRequest, now: float, version: str) -> Reply:
        """Return the resources of a version."""
        names = ("limits", "sobjects", "jobs")
        found = {name: f"{_data(version)}/{name}" for name in names}
        return Reply(200, {**found, "identity": _identity_url(request)})

    def limits(self, request: IncomingRequest, now: float, version: str) -> Reply:
        """Return how many requests and batches are left in the 24 hours."""
        requests, batches = self._allowance, BULK_BATCHES
        left = requests.limit - requests.used
        return Reply(
            200,
            {
                "DailyApiRequests": {"Max": requests.limit, "Remaining": left},
                "DailyBulkApiBatches": {"Max": batches, "Remaining": batches},
            },
        )

    def objects(self, request: IncomingRequest, now: float, version: str) -> Reply:
        """Return all objects, without their fields."""
        found = [each.summary(_data(version)) for each in OBJECTS.values()]
        return Reply(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": found})

    def object(self, request: IncomingRequest, now: float, version: str, name: str) -> Reply:
        """Return an object without its fields."""
        found = OBJECTS.get(name.lower())
        if found is None:
            return not_found()
        return Reply(200, {"objectDescribe": found.summary(_data(version)), "recentItems": []})

    def describe(self, request: IncomingRequest, now: float, version: str, name: str) -> Reply:
        """Return an object with its fields."""
        found = OBJECTS.get(name.lower())
        return Reply(200, found.described(_data(version))) if found else not_found()

    def identity(self, request: IncomingRequest, now: float, organization: str, user: str) -> Reply:
        """Return the user of a token."""
        if (organization, user) != (ORGANIZATION_ID, USER_ID):
            return not_found()
        return Reply(200, {"id": _identity_url(request), **self._user()})

    def userinfo(self, request: IncomingRequest, now: float) -> Reply:
        """Return the user of a token as OpenID Connect does."""
        known = {"sub": _identity_url(request), "preferred_username": self._username}
        return Reply(200, {**known, "name": "Simulated User", **self._user()})

    def _user(self) -> JSONObject:
        return {
            "user_id": USER_ID,
            "organization_id": ORGANIZATION_ID,
            "username": self._username,
            "display_name": "Simulated User",
            "email": self._username,
            "active": True,
            "user_type": "STANDARD",
        }


def _data(version: str) -> str:
    return f"/services/data/v{version}.0"


def _identity_url(request: IncomingRequest) -> str:
    return f"http://{request.host}/id/{ORGANIZATION_ID}/{USER_ID}"
