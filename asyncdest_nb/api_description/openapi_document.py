"""An OpenAPI document (3.0 or 3.1), read as far as a description needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import UnknownName, UsageError

_METHODS = ("get", "post", "put", "patch", "delete")
_DEPTH = 40  # of references and of what is in them; a schema may refer to itself


@dataclass(frozen=True, slots=True)
class ApiOperation:
    """An operation of a document: ``POST /jobs``."""

    method: str
    path: str
    given: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class OpenApiDocument:
    """Operations, schemas and security of a document; raises UsageError if it is none."""

    def __init__(self, given: Any) -> None:
        if not isinstance(given, Mapping) or not isinstance(given.get("paths"), Mapping):
            raise UsageError("this is no OpenAPI document: it has no paths")
        self.given = given
        self.operations = list(self._operations())

    def _operations(self) -> Iterator[ApiOperation]:
        for path, item in self.given["paths"].items():
            found = self.resolved(item)
            for method in _METHODS:
                if isinstance(found.get(method), Mapping):
                    yield ApiOperation(method.upper(), str(path), found[method])

    def resolved(self, value: Any) -> Mapping[str, Any]:
        """Return an object of the document, its reference followed; {} for what is none."""
        for _ in range(_DEPTH):
            if not isinstance(value, Mapping):
                return {}
            if "$ref" not in value:
                return value
            value = self._referred(str(value["$ref"]))
        return {}

    def _referred(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise UsageError(f"the document refers to {reference}: put all of it into one file")
        found: Any = self.given
        for name in reference[2:].split("/"):
            key = name.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def schema(self, value: Any) -> dict[str, Any]:
        """Return a schema with the parts of ``allOf`` in one, and the first of alternatives."""
        return self._schema(value, _DEPTH)

    def _schema(self, value: Any, depth: int) -> dict[str, Any]:
        found = dict(self.resolved(value))
        if not depth:
            return found
        for each in found.pop("allOf", ()):
            found = _merged(found, self._schema(each, depth - 1))
        for name in ("oneOf", "anyOf"):
            parts = [self._schema(each, depth - 1) for each in found.pop(name, ())]
            first = next((each for each in parts if each.get("type") != "null"), None)
            found = _merged(found, first) if first else found
        return found

    def operation(self, wanted: str) -> ApiOperation:
        """Return the operation that is called *wanted*: its id, "POST /jobs", or its path."""
        for each in self.operations:
            if wanted in (each.given.get("operationId"), str(each), each.path):
                return each
        known = [str(each) for each in self.operations]
        raise UnknownName.of("operation", wanted, known, owner="the document")

    def body(self, operation: ApiOperation) -> tuple[str, dict[str, Any]]:
        """Return the content type and the schema of what an *operation* takes."""
        return self._content(operation.given.get("requestBody"))

    def answer(self, operation: ApiOperation) -> tuple[dict[str, Any], Mapping[str, Any], int]:
        """Return the schema, the headers and the status of a good answer to *operation*."""
        given = self.resolved(operation.given.get("responses"))
        responses = {str(code): each for code, each in given.items()}  # YAML has numbers.
        good = sorted(code for code in responses if re.fullmatch(r"2(\d\d|XX)", code))
        code = "202" if "202" in good else next(iter(good), "2XX")
        found, status = self.resolved(responses.get(code)), int(code.replace("2XX", "200"))
        return self._content(found)[1], self.resolved(found.get("headers")), status

    def _content(self, value: Any) -> tuple[str, dict[str, Any]]:
        content = self.resolved(self.resolved(value).get("content"))
        for kind, each in content.items():
            return str(kind), self.schema(self.resolved(each).get("schema"))
        return "", {}


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return two schemas as one that has the properties of both."""
    merged = {**other, **one}
    for name in ("properties", "required"):
        if name in one and name in other:
            both = [one[name], other[name]]
            merged[name] = {**both[1], **both[0]} if name == "properties" else [*both[0], *both[1]]
    return merged
