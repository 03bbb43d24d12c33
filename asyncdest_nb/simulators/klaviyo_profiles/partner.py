"""The simulated Klaviyo: its endpoints, and the answer to each request.

    GET  /api/accounts                                      the account
    POST /api/profile-bulk-import-jobs                      202 with a job of up to 10,000 profiles
    GET  /api/profile-bulk-import-jobs                      all jobs, the newest first
    GET  /api/profile-bulk-import-jobs/{id}                 its status and counts
    GET  /api/profile-bulk-import-jobs/{id}/import-errors   the profiles that failed, 20 at a time
    GET  /api/profile-bulk-import-jobs/{id}/profiles        those that were created or updated
    GET  /api/profile-bulk-import-jobs/{id}/lists           the lists that they were added to

A request with a profile that is not valid is refused as a whole, with a pointer to each.
There is no status for a job that failed: it is complete, and ``failed_count`` says how many
did. A job is gone when it has expired, and its errors with it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from ..exchange import IncomingRequest, JSONObject, Reply, Routes, canonical
from ..jobs import AcceptedJob, JobPartner
from .import_request import lists_in, profiles_in
from .job_document import JOBS, STATUSES, job_document
from .knobs import KlaviyoProfilesKnobs
from .profiles import MAX_PROFILES, PROFILES, Profiles, profile_errors
from .replies import error, invalid, not_found, page, refused

MAX_BYTES = 5_000_000
_ERRORS = {
    401: ("not_authenticated", "Authentication credentials were not provided."),
    404: ("not_found", "Not found."),
    405: ("method_not_allowed", "Method not allowed."),
    429: ("throttled", "Request was throttled."),
    503: ("service_unavailable", "Service unavailable."),
}
# What a profile that is valid fails with, by the identifier at fault.
_FAILURES = (
    ("email", "Invalid email address"),
    ("phone_number", "Phone number is valid but is not in a supported region for this account."),
)


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of a profile: its id, or why it failed."""

    profile_id: str = ""
    error: JSONObject | None = None


class KlaviyoProfiles(JobPartner):
    """The simulated partner."""

    Knobs = KlaviyoProfilesKnobs

    def __init__(self, knobs: KlaviyoProfilesKnobs) -> None:
        super().__init__(knobs)
        self._key = knobs.api_key.get_secret_value()
        self._lists = knobs.lists
        self._profiles = Profiles(self.stored)
        self.routes: Routes = {
            "/api/accounts": {"GET": self.account},
            JOBS: {"POST": self.create, "GET": self.list_jobs},
            f"{JOBS}/{{id}}": {"GET": self.poll},
            f"{JOBS}/{{id}}/import-errors": {"GET": self.import_errors},
            f"{JOBS}/{{id}}/profiles": {"GET": self.imported},
            f"{JOBS}/{{id}}/lists": {"GET": self.lists},
        }

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return the settings of a connection: the key and the address."""
        return {"api_key": self._key, "base_url": endpoint}

    def error_reply(self, status: int, message: str, **headers: str) -> Reply:
        """Return an error as JSON:API has it."""
        code, title = _ERRORS.get(status, ("error", "Internal error."))
        return refused(error(status, code, title, message), **headers)

    def unauthorized(self, request: IncomingRequest, now: float) -> Reply | None:
        """Return the error for a request without the key, or without a revision."""
        expected = f"Klaviyo-API-Key {self._key}"
        if not hmac.compare_digest(request.authorization.encode(), expected.encode()):
            return self.error_reply(401, "Missing or invalid private key.")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d(\.\w+)?", request.headers.get("revision", "")):
            return refused(invalid("The header `revision` must be a date, as 2026-10-15"))
        return None

    def rows_sent(self, request: IncomingRequest) -> Iterable[Any]:
        """Return the profiles in *request*."""
        return profiles_in(request.document) or []

    # The endpoints

    def account(self, request: IncomingRequest, now: float) -> Reply:
        """Return the account."""
        about = {
            "test_account": True,
            "contact_information": {
                "default_sender_name": "Simulated",
                "default_sender_email": "sender@example.com",
                "organization_name": "Simulated",
                "street_address": {},
            },
            "timezone": "UTC",
            "preferred_currency": "EUR",
            "public_api_key": "SIMULA",
            "locale": "en-GB",
        }
        where = {"self": f"http://{request.host}/api/accounts/SIMULA"}
        shown = {"type": "account", "id": "SIMULA", "attributes": about, "links": where}
        return Reply(200, {"data": [shown], "links": {"self": where["self"]}})

    def create(self, request: IncomingRequest, now: float) -> Reply:
        """Accept a job, or refuse all of it."""
        profiles = profiles_in(request.document)
        if len(request.body) > MAX_BYTES:
            return refused(error(413, "payload_too_large", "Payload too large.", "Over 5MB"))
        if profiles is None:
            return refused(invalid("JSON of a profile-bulk-import-job with profiles is expected"))
        if not 1 <= len(profiles) <= MAX_PROFILES:
            detail = f"{len(profiles)} profiles; a job has between 1 and {MAX_PROFILES}"
            return refused(invalid(detail, PROFILES))
        lists = lists_in(request.document)
        errors = self._list_errors(lists)
        errors += [each for at, row in enumerate(profiles) for each in profile_errors(at, row)]
        if errors:
            return refused(*errors)
        about = {"lists": lists, "host": request.host}
        job = self.accept(profiles, now, content=request.body, properties=about)
        return Reply(202, {"data": self.shown(job, now)})

    def poll(self, request: IncomingRequest, now: float, job_id: str) -> Reply:
        """Return a job."""
        job = self._living(job_id, now)
        return Reply(200, {"data": self.shown(job, now)}) if job else not_found(job_id)

    def list_jobs(self, request: IncomingRequest, now: float) -> Reply:
        """Return a page of the jobs."""
        asked = parse_qs(request.query)
        found = [job for job in self.jobs(now) if not self.has_expired_results(job, now)]
        if asked.get("sort") != ["created_at"]:
            found.reverse()
        for condition in asked.get("filter", []):
            words = re.findall(r"[\"'](\w+)[\"']", condition)
            found = [job for job in found if STATUSES[job.phase(now)] in words]
        return page(request, found, lambda job: self.shown(job, now))

    def import_errors(self, request: IncomingRequest, now: float, job_id: str) -> Reply:
        """Return a page of the profiles that failed."""
        job = self._living(job_id, now)
        if job is None:
            return not_found(job_id)
        failed = [index for index, outcome in enumerate(job.outcomes) if outcome.error]
        return page(request, self.given(job, failed), lambda index: _import_error(job, index))

    def imported(self, request: IncomingRequest, now: float, job_id: str) -> Reply:
        """Return a page of the profiles that were created or updated."""
        job = self._living(job_id, now)
        if job is None:
            return not_found(job_id)
        done = [(each.profile_id, row) for each, row in _pairs(job) if each.profile_id]

        def shown(each: tuple[str, JSONObject]) -> JSONObject:
            link = {"self": f"http://{request.host}/api/profiles/{each[0]}"}
            attributes = each[1]["attributes"]
            return {"type": "profile", "id": each[0], "attributes": attributes, "links": link}

        return page(request, self.given(job, done), shown)

    def lists(self, request: IncomingRequest, now: float, job_id: str) -> Reply:
        """Return the lists that the profiles were added to."""
        job = self._living(job_id, now)
        if job is None:
            return not_found(job_id)
        created = job.date(job.accepted_at).isoformat()
        about = {"name": "A list", "created": created, "updated": created, "opt_in_process": None}

        def shown(list_id: str) -> JSONObject:
            link = {"self": f"http://{request.host}/api/lists/{list_id}"}
            return {"type": "list", "id": list_id, "attributes": about, "links": link}

        return page(request, job.properties["lists"], shown)

    # Jobs and their rows

    def _living(self, job_id: str, now: float) -> AcceptedJob | None:
        job = self.find(job_id, now)
        return job if job and not self.has_expired_results(job, now) else None

    def _list_errors(self, lists: list[str]) -> list[JSONObject]:
        unknown = [each for each in lists if self._lists is not None and each not in self._lists]
        return [invalid(f"List ID {each} does not exist.") for each in unknown]

    def applied(self, job: AcceptedJob, index: int) -> ImportOutcome:
        """Store a profile, unless it fails."""
        profile = job.rows[index]
        if drawn := self.failure_drawn(canonical(profile), _FAILURES):
            name, detail = drawn if profile["attributes"].get(drawn[0]) else _failure_of(profile)
            pointer = f"{PROFILES}/{index}/attributes/{name}"
            return ImportOutcome(error=invalid(detail, pointer))
        profile_id = self._profiles.upsert(profile, job.properties["lists"])
        if profile_id is None:
            detail = "The identifiers of this profile belong to several profiles."
            pointer = f"{PROFILES}/{index}/attributes"
            return ImportOutcome(
                error=error(409, "duplicate_profile", "Conflict.", detail, pointer)
            )
        return ImportOutcome(profile_id)

    def shown(self, job: AcceptedJob, now: float) -> JSONObject:
        """Return a job as JSON:API has it."""
        failed = sum(outcome.error is not None for outcome in job.outcomes)
        return job_document(job, now, failed, keeps_seconds=self.knobs.results_expire_seconds)


def _pairs(job: AcceptedJob) -> Iterable[tuple[ImportOutcome, JSONObject]]:
    return zip(job.outcomes, job.rows, strict=False)


def _failure_of(profile: JSONObject) -> tuple[str, str]:
    """Return a failure of an identifier that *profile* has."""
    for name, detail in _FAILURES:
        if profile["attributes"].get(name):
            return name, detail
    return "external_id", "Invalid input"


def _import_error(job: AcceptedJob, index: int) -> JSONObject:
    found = job.outcomes[index].error
    about = {name: found[name] for name in ("code", "title", "detail", "source")}
    about["original_payload"] = job.rows[index]["attributes"]
    return {"type": "import-error", "id": f"{job.job_id}-{index}", "attributes": about}
