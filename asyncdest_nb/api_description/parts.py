"""The parts of a description that several others have: paths, templates, requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from .look_up import looker
from .template import placeholders_in


class DescriptionPart(BaseModel):
    """A part of a description: only known keys, of which errors show no more than needed."""

    # The whole is built once, when a description is read: each part for itself takes as long.
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    # What a text, a list or a number stands for, if it may be written instead of an object.
    short_for: ClassVar[str | None] = None

    @model_validator(mode="before")
    @classmethod
    def _read_short_form(cls, given: Any) -> Any:
        if cls.short_for is None or isinstance(given, Mapping | BaseModel):
            return given
        return {cls.short_for: given}


def _checked_path(path: str) -> str:
    looker(path)
    return path


def _checked_template(value: Any) -> Any:
    for _ in placeholders_in(value):
        pass
    return value


def listed(given: Any) -> Any:
    """Return a list of what is *given* alone."""
    return given if isinstance(given, list | tuple) else [given]


# A dotted path into an answer.
Path = Annotated[str, AfterValidator(_checked_path)]
# Several: the first that leads to something counts.
Paths = Annotated[tuple[Path, ...], BeforeValidator(listed)]
Template = Annotated[Any, AfterValidator(_checked_template)]
TextTemplate = Annotated[str, AfterValidator(_checked_template)]
Statuses = Annotated[tuple[Annotated[int, Field(ge=100, le=599)], ...], BeforeValidator(listed)]
Word = str | int | bool
Words = Annotated[tuple[Word, ...], BeforeValidator(listed)]
Count = Annotated[int, Field(gt=0)]
JobState = Literal["pending", "completed", "partial", "failed", "canceled"]
RowState = Literal["completed", "failed", "canceled", "unknown"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class ErrorRule(DescriptionPart):
    """Where an answer states what went wrong."""

    short_for = "message"

    message: Paths = ()
    code: Paths = ()


class RowFile(DescriptionPart):
    """The rows of a batch as a file: one line per row."""

    columns: dict[str, TextTemplate] | None = None
    header: bool = True
    gzip: bool = False


class FilePart(DescriptionPart):
    """A part of a multipart body: a value, or a file of the rows."""

    short_for = "value"

    value: Template = None
    csv: RowFile | None = None
    jsonl: RowFile | None = None
    filename: TextTemplate | None = None
    content_type: str | None = None

    @model_validator(mode="after")
    def _check_one(self) -> FilePart:
        given = [name for name in ("value", "csv", "jsonl") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give one of value, csv, jsonl")
        return self


class AnswerRule(DescriptionPart):
    """When an answer is good, and what one means that is not.

    ``require``: what must be at paths of its body; APIs answer errors with 200 too. Codes are
    those at ``error.code``: after ``retry_codes`` the same request may be sent again, after
    ``auth_codes`` with a new token.
    """

    require: dict[Path, Word] = Field(default={})
    error: ErrorRule = ErrorRule.model_construct()
    retry_codes: Words = ()
    auth_codes: Words = ()


_SENT = ("url", "query", "headers", "json_body", "form", "text", "multipart", "csv", "jsonl")
_KEYS = {"json_body": "json"}
BODIES = ("json", "form", "multipart", "csv", "jsonl", "text")


class ApiRequest(AnswerRule):
    """One request: what is sent, and when the answer to it is good.

    ``not_found`` are the words at paths of a body that say what a 404 says.
    """

    name: str = ""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: TextTemplate
    query: dict[str, Template] = Field(default={})
    headers: dict[str, TextTemplate] = Field(default={})
    json_body: Template = Field(default=None, alias="json")
    form: dict[str, Template] | None = None
    multipart: dict[str, FilePart] | None = None
    csv: RowFile | None = None
    jsonl: RowFile | None = None
    text: TextTemplate | None = None
    timeout_seconds: Annotated[float, Field(gt=0)] | None = None
    expect: Statuses = ()
    not_found: dict[Path, Words] = Field(default={})

    @property
    def sent(self) -> dict[str, Any]:
        """The templates of what is sent, by the keys that an author writes."""
        return {_KEYS.get(name, name): getattr(self, name) for name in _SENT}

    @property
    def bodies(self) -> list[str]:
        """The kinds of body that are given."""
        given = {name: getattr(self, name) for name in BODIES[1:]}
        has_json = "json_body" in self.model_fields_set
        return ["json"] * has_json + [name for name, each in given.items() if each is not None]

    @model_validator(mode="after")
    def _check_body(self) -> ApiRequest:
        if len(self.bodies) > 1:
            raise ValueError(f"a request has one body, not {' and '.join(self.bodies)}")
        return self


class Extraction(DescriptionPart):
    """A value that is kept of an answer: from its body, or a header; or of what was sent.

    ``path`` may be several: the first that leads to something counts. ``value`` is a template of
    what was sent. ``many``: one value per row, in the order of the rows.
    """

    short_for = "path"

    path: Paths = ()
    header: str | None = None
    value: TextTemplate | None = None
    many: bool = False
    optional: bool = False

    @model_validator(mode="after")
    def _check_one(self) -> Extraction:
        if [bool(self.path), self.header is not None, self.value is not None].count(True) != 1:
            raise ValueError("give one of path (into the body), header, and value (what was sent)")
        if self.many and self.header:
            raise ValueError("a header has one value, not one per row: leave out many")
        return self
