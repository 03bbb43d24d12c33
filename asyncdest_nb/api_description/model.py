"""The description of an async REST API: what an author writes, as pydantic models."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from .filters import text_of
from .parts import (
    AnswerRule,
    ApiRequest,
    Count,
    DescriptionPart,
    Extraction,
    JobState,
    Name,
    Path,
    Paths,
    Statuses,
    Template,
    TextTemplate,
    Words,
)
from .results_model import DecidedRows, JobContents, Pages, ResultRule
from .template import placeholders_in


class StatusRule(DescriptionPart):
    """How an answer to a poll states how far an operation is.

    By a word at ``path``, by the HTTP status, or by ``done`` and ``error`` as in
    google.longrunning. ``words`` has every word of the API, in any case; one that is not listed
    is shown, and polled on. ``missing`` is what it means that there is no word.
    """

    path: Path | None = None
    http: dict[JobState, Statuses] | None = None
    done: Path | None = None
    error: Path | None = None
    words: dict[JobState, Words] = Field(default={})
    missing: JobState | None = None

    @model_validator(mode="after")
    def _check_one(self) -> StatusRule:
        given = [name for name in ("path", "http", "done") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                "give one of path (a word in the body), http (by the status of the answer) and "
                f"done (true or false); got {', '.join(given) or 'none'}"
            )
        if self.path and not self.words:
            raise ValueError("words is missing: write {pending: […], completed: […], failed: […]}")
        return self

    @cached_property
    def states(self) -> dict[str, JobState]:
        """The state that each word stands for, by the word as a text."""
        listed = [(text_of(each), state) for state, some in self.words.items() for each in some]
        return dict(reversed(listed))  # The first counts.


class KeptValue(DescriptionPart):
    """A value that is kept in the state of a submission; without hours, as long as its run."""

    short_for = "value"

    value: Template
    hours: Annotated[float, Field(gt=0)] | None = None


class SubmitStep(ApiRequest):
    """A request of a submission. After a checkpoint the id is on disk, and steps are repeatable.

    ``status`` is for an API that may do what is asked at once: only an answer that is pending
    must have the id, and one that has ended is the result.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    status: StatusRule | None = None
    extract: dict[Name, Extraction] = Field(default={})
    rows: DecidedRows | None = None
    message: TextTemplate | None = None
    state: dict[Name, KeptValue] = Field(default={})
    checkpoint: bool = False
    chunk_rows: Count | None = None


class Handle(DescriptionPart):
    """The id of an operation: extracted by a step, or a value that is chosen here.

    ``per``: whether one stands for a row, or for the whole batch (a job).
    """

    short_for = "name"

    name: Name
    per: Literal["row", "batch"] = "batch"
    value: TextTemplate | None = None


class Progress(DescriptionPart):
    """How far a job is: a percentage, or counts of rows; without a total, of the rows sent.

    ``missing`` is the percentage of a pending job whose answer has none.
    """

    short_for = "percent"

    percent: Path | None = None
    missing: Annotated[float, Field(ge=0, le=100)] | None = None
    done: Path | None = None
    total: Path | None = None


class Counts(DescriptionPart):
    """Where the last answer to a poll has the numbers of rows, to reconcile with the results.

    ``done`` are those that the job has worked on, counted with those that failed or without.
    """

    total: Path | None = None
    completed: Path | None = None
    failed: Path | None = None
    done: Path | None = None


class PollMany(DescriptionPart):
    """A poll that asks about many ids at once: ``{{ ids }}`` is the list of them."""

    limit: Count = 50
    items: Path
    id: Path
    separator: str = ","


class PollRule(ApiRequest):
    """The request that asks how far an operation is, and how its answer is read.

    ``id`` is where an answer has the id of the operation; one about another is not read.
    """

    id: Path | None = None
    status: StatusRule
    extract: dict[Name, Extraction] = Field(default={})
    progress: Progress | None = None
    counts: Counts = Counts.model_construct()
    message: Paths = ()
    texts: dict[JobState, TextTemplate] = Field(default={})
    result: Path | None = None
    ended_at: Path | None = None
    many: PollMany | None = None
    # Words of a job that was not started: the last step is sent again.
    repeat_last_step: Words = ()


class FindRule(ApiRequest):
    """How a submission whose reply was lost is found: in a list, by what was sent with it.

    If the list shows nothing of it but numbers, ``contents`` says what each job holds; one that
    was made before the submission, by ``created_at``, is another. ``open`` are the words at
    paths of one that has not ended: what it holds shows then. ``listed_hours`` is how long an
    entry is in the list at least; None = for ever.
    """

    items: Path | None = None
    pages: Pages | None = None
    match: dict[Path, TextTemplate] = Field(default={})
    created_at: Path | None = None
    open: dict[Path, Words] = Field(default={})
    listed_hours: Annotated[float, Field(gt=0)] | None = None
    contents: tuple[JobContents, ...] = ()
    extract: dict[Name, Extraction] = Field(default={})

    @property
    def is_marked(self) -> bool:
        """Whether the contents have our key, and so can be of no other submission."""
        rows = [each.rows for each in self.contents]
        return any(each.name == "batch.key" for _, each in placeholders_in(rows))


class Limits(DescriptionPart):
    """The most that one request may have."""

    rows: Count = 1000
    bytes: Count = 5_000_000
    row_bytes: Count | None = None
    isolation_requests: Annotated[int, Field(ge=0)] | None = None


class Nulls(DescriptionPart):
    """What is sent for a null: nothing, null, an empty text, a text; error = no such row."""

    short_for = "policy"

    policy: Literal["omit", "null", "empty", "error"] | None = None
    sentinel: str | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Nulls:
        if (self.policy is None) == (self.sentinel is None):
            raise ValueError("give one of omit, null, empty, error, and {sentinel: text}")
        return self


class ApiAction(DescriptionPart):
    """Something that the API does with rows."""

    title: str = ""
    description: str = ""
    fields: dict[str, dict[str, Any]]
    limits: Limits = Limits.model_construct()
    batch_by: tuple[str, ...] = ()
    # Each a path of a field, or several of which a row has one at least.
    unique: tuple[Paths, ...] = ()
    nulls: Nulls = Nulls.model_construct(policy="omit")
    row: Template = "{{ row }}"
    submit: tuple[SubmitStep, ...] = Field(min_length=1)
    submit_row: tuple[SubmitStep, ...] = ()
    handle: Handle | None = None
    recovery: Literal["none", "natural", "key", "client_id", "search"] | None = None
    held_note: str = ""
    key_seconds: float = 86_400.0
    settle_seconds: float = 30.0
    poll: PollRule | None = None
    results: ResultRule = ResultRule.model_construct()
    result_columns: tuple[str, ...] = ()
    cancel: ApiRequest | None = None
    find: FindRule | None = None


class OAuth2(DescriptionPart):
    """A token by the OAuth 2 client credentials flow; ``keep`` has more values of its reply."""

    token_url: TextTemplate
    client_id: TextTemplate
    client_secret: TextTemplate
    scope: TextTemplate | None = None
    params: dict[str, Template] = Field(default={})
    send: Literal["form", "json", "basic", "query"] = "form"
    keep: dict[Name, Path] = Field(default={})


class Login(DescriptionPart):
    """A user name and a password, for HTTP Basic."""

    username: TextTemplate = ""
    password: TextTemplate = ""


class ApiAuth(DescriptionPart):
    """How requests are authorized: one of these."""

    bearer: TextTemplate | None = None
    headers: dict[str, TextTemplate] | None = None
    basic: Login | None = None
    query: dict[str, TextTemplate] | None = None
    oauth2: OAuth2 | None = None

    @model_validator(mode="after")
    def _check_one(self) -> ApiAuth:
        names = ("bearer", "headers", "basic", "query", "oauth2")
        if sum(getattr(self, name) is not None for name in names) != 1:
            raise ValueError(f"give one of {', '.join(names)}")
        return self


class ApiDescription(DescriptionPart):
    """An async REST API as data; ``http_destination`` makes a destination of it."""

    schema_version: Literal["asyncdest/1"] = Field(default="asyncdest/1", alias="schema")
    name: str
    slug: str = ""
    description: str = ""
    base_url: TextTemplate
    settings: dict[str, dict[str, Any]] = Field(default={})
    auth: ApiAuth | None = None
    headers: dict[str, TextTemplate] = Field(default={})
    requests_per_second: Annotated[float, Field(gt=0)] = 20.0
    answers: AnswerRule = AnswerRule.model_construct()
    test: ApiRequest | None = None
    actions: dict[str, ApiAction] = Field(min_length=1)

    @property
    def own_slug(self) -> str:
        """Its slug, made of its name if none is given."""
        return self.slug or re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")
