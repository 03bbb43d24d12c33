"""Read a description: from a file of JSON or YAML, a dict, or a model."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..destination import Destination
from ..errors import UsageError, install_command
from ..numerals import counted
from .compile import destination_of
from .faults import faults_of, spelled
from .model import ApiDescription
from .yaml_text import read_yaml

if TYPE_CHECKING:
    from .openapi import DescriptionProposal

Source = str | os.PathLike[str] | Mapping[str, Any] | ApiDescription


class HTTPDestination:
    """Makes destinations of descriptions of async REST APIs: ``ad.http_destination("api.json")``.

    A description is a dict, or a JSON or YAML file. Its keys are:

    - ``schema``: "asyncdest/1", which may be left out
    - ``name``, and, if you like, ``slug`` and ``description``
    - ``base_url``: where the API is, "{{ settings.url }}"
    - ``settings``: the fields that ``connect`` takes
    - ``auth``, ``headers``: how every request is authorized, and its headers
    - ``requests_per_second``, ``answers``, ``test``: the rate that the API allows, how answers
      are judged, a request that the credentials are tested with
    - ``actions``: by slug, an action's fields, and its requests: submit, poll, results, cancel

    ``help("asyncdest_nb.reference.api_descriptions")`` has all keys, also those inside these, and
    an example.
    """

    def __repr__(self) -> str:
        return "<http_destination: makes a destination of a description>"

    def __call__(self, description: Source) -> Destination:
        """Return the destination that a *description* of an async REST API stands for.

        *description* is the path of a JSON or YAML file, a dict, or an ApiDescription. Raises
        UsageError with all that is wrong with it, each with its path and what would be right;
        nothing is sent.
        """
        found, what = _read(description)
        if problems := _problems(found):
            raise _error(what, problems)
        return destination_of(found)

    def from_openapi(
        self,
        document: str | os.PathLike[str] | Mapping[str, Any],
        *,
        submit: str | None = None,
        poll: str | None = None,
        results: str | None = None,
        cancel: str | None = None,
    ) -> DescriptionProposal:
        """Return a description proposed from an OpenAPI document, and what it does not say.

        *document* is a dict, or the path of a file of JSON or YAML. *submit*, *poll*, *results*
        and *cancel* name operations: an operationId, or a method and path ("POST /jobs"). None
        = looked for: what answers 202, and the paths below it. Paths, fields, types, limits,
        credentials and known words of a status are filled in; what is ``missing`` is for you
        to complete. Raises UsageError if it is no such document, or has several such requests.
        """
        from .openapi import proposed  # Few need it, and it takes a while to import.

        given = document if isinstance(document, Mapping) else _content(Path(document))
        return proposed(given, submit=submit, poll=poll, results=results, cancel=cancel)


http_destination = HTTPDestination()


def shipped(file: Path) -> Destination:
    """Return the destination of a description of this package, in which tests look for faults."""
    return destination_of(_read(file)[0])


def _problems(description: ApiDescription) -> list[str]:
    from .lint import problems_of  # Those of the package do without it.

    return problems_of(description)


def _read(source: Source) -> tuple[ApiDescription, str]:
    if isinstance(source, ApiDescription):
        return source, "the description"
    if isinstance(source, Mapping):
        return _validated(dict(source), "the description"), "the description"
    if not isinstance(source, str | os.PathLike):
        kind = type(source).__name__
        raise UsageError(f"a description is a path, a dict or an ApiDescription; got a {kind}")
    path = Path(source)
    return _validated(_content(path), str(path)), str(path)


def _validated(given: Any, what: str) -> ApiDescription:
    try:
        return ApiDescription.model_validate(given)
    except ValidationError as error:
        lines = faults_of(error, ApiDescription, given) + _further(error, given)
        raise _error(what, lines) from None


def _further(error: ValidationError, given: Any) -> list[str]:
    """Return the faults between the parts, if only misspelt keys hide them."""
    try:
        return _problems(ApiDescription.model_validate(spelled(error, ApiDescription, given)))
    except ValidationError:
        return []


def _error(what: str, lines: list[str]) -> UsageError:
    count = counted(len(lines), "mistake")
    return UsageError("\n".join([f"{what} has {count}:", *(f"  {line}" for line in lines)]))


def _content(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the file cannot be read: {error}") from None
    if path.suffix.lower() in (".yaml", ".yml"):
        return _yaml(text, path)
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}") from None


def _yaml(text: str, path: Path) -> Any:
    try:
        import yaml
    except ImportError:
        raise UsageError(f"{path} is YAML, which needs PyYAML: {install_command('yaml')}") from None
    try:
        return read_yaml(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML: {error}") from None
