"""Simulated destinations: they need no account, and answer over real HTTP on loopback."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Protocol

from ..errors import UnknownName
from . import faults
from .faulty_server import Partner
from .simulator import Simulator

__all__ = ["SIMULATORS", "Simulator", "simulate"]


class PartnerType(Protocol):
    """The class of a simulated partner. Its instances are made from its own Knobs."""

    @property
    def Knobs(self) -> type[faults.Knobs]:
        """The model of the knobs that may be set."""

    def __call__(self, knobs: Any) -> Partner:
        """Return a partner with no operations yet."""


# A partner is loaded when it is looked up: the class of this name in the package that is called
# as the slug, with underscores.
_CLASSES = {
    "anthropic-batches": "AnthropicBatches",
    "example-async": "ExampleAsync",
    "gemini-batches": "GeminiBatches",
    "hubspot-imports": "HubSpotImports",
    "klaviyo-profiles": "KlaviyoProfiles",
    "mailchimp-batches": "MailchimpBatches",
    "openai-batch": "OpenAIBatch",
    "salesforce-bulk": "SalesforceBulk",
    "sfmc-rows": "SfmcRows",
}


class PartnerTypes(Mapping[str, PartnerType]):
    """The simulated partners by slug."""

    def __getitem__(self, slug: str) -> PartnerType:
        name = _CLASSES[slug]
        package = import_module(f".{slug.replace('-', '_')}", __name__)
        found: PartnerType = getattr(package, name)
        return found

    def __contains__(self, slug: object) -> bool:
        return slug in _CLASSES

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


SIMULATORS = PartnerTypes()


def simulate(slug: str, *, clock: Callable[[], float] = time.monotonic, **knobs: Any) -> Simulator:
    """Simulate the destination *slug* over real HTTP on a free port of 127.0.0.1.

    Every destination has these knobs. All faults are off until you set them:

    - ``duration_seconds``: how long an operation takes: a number, a (low, high) pair, or a
      ("lognormal", median, sigma) triple; default: about 2 to 10 s
    - ``pending_share``: share of that time before progress begins
    - ``failing``: share of rows that fail; default 0.03
    - ``latency_seconds``: how long each answer takes: a number or a pair
    - ``throttle_share``: share of requests answered 429
    - ``requests_per_second_limit``: above this rate, 429
    - ``retry_after_seconds``: Retry-After of a 429 or 503; default 1
    - ``outages``: (start, length) pairs in seconds since the start: every request is answered
      503
    - ``unavailable_every``: one request in so many is answered 503, without Retry-After
    - ``lose_reply_share``: share of requests that are applied, and whose connection is then
      reset without an answer
    - ``lost_replies``: what becomes of the replies to the first applied requests of a kind,
      as {"POST /operations": ["reset", 503]}: a reset, the answer of a gateway, "cut" for
      half of the answer, or None for one that arrives
    - ``seed``: the same seed gives the same outcomes; default 0

    "example-async" also has these. Its operations are rows:

    - ``synchronous``: share of operations answered at once
    - ``api_key``: the bearer key that requests must carry
    - ``batch_answer``: how a batch is answered: "operation_ids", a list of ids (default), or
      "operations", of objects

    "salesforce-bulk" also has these. Its operations are jobs of many rows, of the objects
    Contact, Lead and Account. Customer_Id__c and Ext__c are external IDs, and lookups can
    name parents by them (Account.Ext__c):

    - ``locked``: share of rows that fail with UNABLE_TO_LOCK_ROW and succeed the next time
    - ``failing_jobs``: share of jobs that end Failed half-way
    - ``token_seconds``: how long a token is valid; default: any token is, always
    - ``retention_seconds``: how long an ended job is kept; default 7 days
    - ``daily_requests``: requests allowed in 24 hours; more are answered 403; default 100,000
    - ``client_id``, ``client_secret``: what the token endpoint requires
    - ``username``, ``password``: what the grant "password" also requires; without a password,
      any user is accepted
    - ``refresh_token``: the only valid one; default: any is valid

    The destinations below also have these. Their operations are jobs of many rows, and what
    they stored is in ``records``:

    - ``shuffle_results``: whether results come in another order than the rows
    - ``truncate_results``: share of the results that are missing at the end of an otherwise
      whole answer
    - ``results_expire_seconds``: how long the results of an ended job are kept; default: always

    "hubspot-imports" also has these:

    - ``access_token``: the token of the private app that requests must carry
    - ``failing_jobs``: as above; the error is about line 0, the whole file
    - ``reverted_jobs``: share of imports that end REVERTED, since a user undid them
    - ``properties``: the names that columns may have; None = any, and they cannot be asked for

    "klaviyo-profiles" also has these:

    - ``api_key``: the private key that requests must carry
    - ``lists``: the ids of the lists that exist; default: all do

    "mailchimp-batches" also has these:

    - ``api_key``: the key that requests must carry, such as "…-us1"
    - ``lists``: the ids of the lists that exist; default: all do
    - ``results_url_seconds``: how long an address of the results is valid; default 600

    "openai-batch", "anthropic-batches" and "gemini-batches" also have these. A model answers
    each row; ``rows`` of a job says what became of each, and ``records`` has the answers,
    which cost money:

    - ``api_key``: the key that requests must carry; default: any key
    - ``answer``: what the model answers: a text; a dict, of whose keys the first that is in the
      prompt has the answer; or a function of the prompt. What is not text becomes JSON
    - ``refusing``: share of rows that the model refuses
    - ``overloaded``, ``expiring``: share of rows that fail with an error of the server, or
      expire, and succeed the next time
    - ``not_found_seconds``: how long a new job is answered 404
    - ``spend_limit_jobs``: jobs after which the account's limit refuses more
    - ``unknown_status``: a status in place of the documented one of a running job
    - ``shuffle_results``: by default, they do

    "openai-batch" also has these:

    - ``without_status``: share of rows with status_code 0 in the error file, the first time
    - ``empty_error_file_id``: whether error_file_id is "" where no row failed
    - ``queued_tokens``: tokens that the open batches of a model may have together

    "anthropic-batches" also has these:

    - ``unknown_results``, ``unknown_errors``: share of rows whose result, or whose error, has a
      type that is not documented
    - ``results_elsewhere``: whether results_url has another host than the requests
    - ``results_expire_seconds``: here they count from the creation

    "gemini-batches" also has these:

    - ``expiring``: share of rows that make their job expire the first time, without results
    - ``failing_jobs``: share of jobs that end FAILED
    - ``doubled_output``: whether results are sent twice, as they are (default)
    - ``partial_state``: whether a job with failed rows ends BATCH_STATE_PARTIALLY_SUCCEEDED
    - ``broken_json_schema``: whether answers to responseJsonSchema break off
    - ``queued_tokens``: tokens that all open jobs may have together; more are answered 429

    "sfmc-rows" also has these. ``shuffle_results`` does nothing there, since results say by
    their order alone which row they are about:

    - ``client_id``, ``client_secret``, ``account_id``: what the token endpoint requires
    - ``token_seconds``: how long a token is valid; default 1080
    - ``data_extensions``: those that exist, as {"Customers": ["customer_id"]}, each with its
      primary key; default: all do, and the first column that is sent is the primary key
    - ``deadlocked``: share of rows that fail with "Rerun the transaction." and succeed the next
      time
    - ``failing_jobs``: as above; they end with the status Error
    - ``accepted_status``: 202 (default) or 200
    - ``error_codes``: "text" (default) or "number"
    - ``results_page_size``: results on a page; default 50; None = all

    Shares are in [0, 1], times in seconds. A row that fails by chance fails again until
    it changes. Invalid rows always fail, also with ``failing`` 0: in "example-async" those
    with a ``data.email`` that is not an email address, in "salesforce-bulk" those that do
    not fit the object's fields; "klaviyo-profiles" refuses all of a request with one. *clock*
    returns seconds and never runs backwards; a faster clock makes operations end sooner.

    Raises UnknownName for an unknown slug or knob, UsageError for a value out of range or
    if the extra ``demo`` is not installed.
    """
    if slug not in SIMULATORS:
        raise UnknownName.of("simulator", slug, SIMULATORS)
    partner_type = SIMULATORS[slug]
    settings = partner_type.Knobs.of(knobs)
    return Simulator(slug, partner_type(settings), settings, clock=clock)
