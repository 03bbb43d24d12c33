"""The rows of a job on their way: written one after the other, so that no list of them is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...responses import JSONObject, RowResult
from .answers import refused
from .keys import custom_id
from .lines import to_json


@dataclass
class JobRows:
    """The payloads of a job, given as JSON texts, as requests with an id each.

    ``entry`` makes the request of an id and a payload. After ``parts`` were read,
    ``left_out`` has the rows that could not be made, by place: an image that was there at
    the check may be gone. ``parsed`` says whether answers follow a schema: of all rows, of
    none, or the places of those that do.
    """

    texts: Sequence[str]
    key: str
    entry: Callable[[str, dict[str, Any]], dict[str, Any]]
    left_out: dict[int, RowResult] = field(default_factory=dict)

    def parts(self, *, separator: bytes, end: bytes = b"") -> Iterator[bytes]:
        """Yield each request as JSON, after the *separator* from the second on; then *end*."""
        self.left_out.clear()
        before = b""
        for place, text in enumerate(self.texts):
            try:
                entry = self.entry(custom_id(self.key, place), json.loads(text))
            except (OSError, ValueError) as error:
                self.left_out[place] = refused("NOT_SENT", str(error), retryable=True)
                continue
            yield before + to_json(entry)
            before = separator
        yield end

    def context(self, left_out: Iterable[int]) -> JSONObject:
        """Return what polls have to know of the rows; those at *left_out* were not sent."""
        return {
            "key": self.key,
            "rows": len(self.texts),
            "left_out": sorted(left_out),
            "parsed": self.parsed,
            "required": self.required,
        }

    @property
    def parsed(self) -> bool | list[int]:
        """Whether answers follow a schema."""
        places = [at for at, text in enumerate(self.texts) if '"output_schema":' in text]
        places = [at for at in places if json.loads(self.texts[at]).get("output_schema")]
        return places if 0 < len(places) < len(self.texts) else bool(places)

    @property
    def required(self) -> list[str]:
        """The keys that every answer has to have; empty = rows have different schemas, or none."""
        _, mark, rest = self.texts[0].partition('"output_schema":')
        if not mark or self.parsed is not True:
            return []
        rest = rest.lstrip()
        schema, end = json.JSONDecoder().raw_decode(rest)
        # Texts of payloads are written alike, and a prompt cannot have a part with such quotes.
        is_same = all(rest[:end] in text for text in self.texts)
        return list(schema.get("required") or ()) if is_same and isinstance(schema, dict) else []


def parsed_rows(context: JSONObject) -> bool | frozenset[int]:
    """Return the places of rows whose answers follow a schema, or whether all do."""
    parsed = context["parsed"]
    return parsed if isinstance(parsed, bool) else frozenset(parsed)


def is_parsed(parsed: bool | frozenset[int], place: int) -> bool:
    """Whether the answer of the row at *place* follows a schema."""
    return parsed if isinstance(parsed, bool) else place in parsed
