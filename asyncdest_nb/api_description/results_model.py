"""How results are read: where entries are, which row each is of, and what it says."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from .parts import (
    ApiRequest,
    Count,
    DescriptionPart,
    ErrorRule,
    Extraction,
    JobState,
    Name,
    Path,
    RowState,
    Statuses,
    TextTemplate,
    Words,
    listed,
)


class RowMatch(DescriptionPart):
    """How an entry of the results names its row.

    index: the place of the row in the batch, from ``first`` (0) on; line: its line in the file
    that was sent, the first row at ``first`` (2, after a header); order: the entries are in the
    order of the rows; pointer: a JSON pointer, with the index after ``under``; id and field: the
    text at ``path`` is that of the template ``row``.
    """

    by: Literal["index", "order", "line", "pointer", "id", "field"]
    path: Path | None = None
    first: int | None = None
    under: str = ""
    row: TextTemplate | None = None

    @model_validator(mode="after")
    def _check_parts(self) -> RowMatch:
        if self.by == "order":
            return self
        if self.path is None:
            raise ValueError(f"match by {self.by} needs path: where an entry names its row")
        if self.by in ("id", "field") and self.row is None:
            raise ValueError(
                f"match by {self.by} needs row: what is at the path for a row, such as "
                "'{{ row.email }}' or 'row-{{ row_index }}'"
            )
        return self


def _outcome(given: Any) -> Any:
    return {"always": given} if isinstance(given, str) else given


class OutcomeRule(DescriptionPart):
    """The status of a row that is listed: always the same, or by a word at ``path``."""

    always: RowState | None = None
    path: Path | None = None
    words: dict[RowState, Words] = Field(default={})
    other: RowState = "unknown"

    @model_validator(mode="after")
    def _check_one(self) -> OutcomeRule:
        if (self.always is None) == (self.path is None):
            raise ValueError("give a status for all entries, or path and words")
        return self


class Pages(DescriptionPart):
    """How the next page is asked for: by a URL, by a cursor, or by a number.

    ``param`` is the parameter of the query that gets the cursor or the number. ``echo`` is where
    an answer has its own number: one with that of the page before is not read.
    """

    next_url: Path | None = None
    cursor: Path | None = None
    number: Literal["page", "offset"] | None = None
    param: str | None = None
    first: int = 1
    total: Path | None = None
    echo: Path | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Pages:
        given = [name for name in ("next_url", "cursor", "number") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError("give one of next_url, cursor and number (page or offset)")
        if not self.next_url and self.param is None:
            raise ValueError(f"{given[0]} needs param: the parameter of the query for it")
        return self


class EntryRule(DescriptionPart):
    """How a list of entries is read: which row each is of, and what became of that row.

    ``retryable`` are the codes, and ``retryable_texts`` texts in the messages, of rows that may be
    sent again as they are.
    """

    items: Path = "$"
    match: RowMatch
    outcome: Annotated[OutcomeRule, BeforeValidator(_outcome)]
    result: dict[str, Path] | Path | None = None
    error: ErrorRule = ErrorRule.model_construct()
    retryable: Words = ()
    retryable_texts: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()


class DecidedRows(EntryRule):
    """Rows that the answer to a submission decides at once; the others are left to the job.

    ``refusals``: the list is in refusals with these statuses, which name the rows at fault:
    the other rows are sent again without them. A row is not decided if ``outcome`` does not
    list its word.
    """

    refusals: Statuses = ()


class EntrySource(ApiRequest):
    """Where a list of entries is read: in pages of JSON, or in a file.

    A redirect is followed: results wait in a file store, behind a signed URL.
    """

    items: Path = "$"
    format: Literal["json", "jsonl", "csv"] = "json"
    archive: Literal["gzip", "tar.gz"] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","  # Between cells of CSV.
    when: Name | None = None
    pages: Pages | None = None
    send_auth: bool = True

    @property
    def follows_redirects(self) -> bool:
        """Whether a redirect is the way to a file."""
        return self.method == "GET"

    @property
    def is_file(self) -> bool:
        """Whether it is read line by line, or file by file."""
        return self.format != "json" or self.archive is not None


class ResultSource(EntrySource, EntryRule):
    """Where outcomes of rows are read. Without a URL: in the last answer to the poll."""

    url: TextTemplate = ""
    ends: tuple[JobState, ...] = ("completed", "partial", "failed", "canceled")


class JobContents(EntrySource):
    """What a job that is found holds: ``rows`` are paths in an entry, and what is there for a row.

    Without ``rows`` it is read for what it is asked for by ``extract``.
    """

    extract: dict[Name, Extraction] = Field(default={})
    rows: dict[Path, TextTemplate] = Field(default={})


class ResultRule(DescriptionPart):
    """What became of each row: in one or more sources, and of those that none lists."""

    sources: tuple[ResultSource, ...] = ()
    unlisted: RowState | dict[JobState, RowState] = "unknown"
    keep_seconds: Count | None = None
