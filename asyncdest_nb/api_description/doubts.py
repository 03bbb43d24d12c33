"""What a description leaves in doubt: what is secret, which row is meant, and what completed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .model import ApiAction, ApiDescription, Login, OAuth2, SubmitStep
from .parts import FilePart, RowFile
from .template import placeholders_in

_OF_ALL = frozenset(("settings", "token", "batch"))  # Names that are the same for all rows.


def doubts_of(description: ApiDescription) -> Iterator[str]:
    """Yield which credentials nobody would mask."""
    auth = description.auth
    for name, value in _credentials(description):
        known = [each.name for _, each in placeholders_in(value)]
        own = [each.removeprefix("settings.") for each in known if each.startswith("settings.")]
        types = [description.settings.get(each, {}).get("type", "password") for each in own]
        if "password" in types or any(each.startswith("token.") for each in known):
            continue
        if own:
            yield f"settings.{own[-1]}.type: write password: {name} sends it as a credential"
        elif any(_texts(value)):
            yield (
                f"{name}: a credential is written into the description, and would be shown: make "
                "it a setting of type password, and write {{ settings.… }}"
            )
    if auth is None:
        for header in description.headers:
            if header.lower() in ("authorization", "proxy-authorization", "x-api-key", "cookie"):
                yield f"headers.{header}: write it in auth.headers, so that it is masked"


def _credentials(description: ApiDescription) -> Iterator[tuple[str, Any]]:
    """Yield the places of credentials, and what is sent there: a secret, and what goes with it."""
    auth = description.auth
    if auth is None:
        return
    for name in ("bearer", "headers", "query", "basic", "oauth2"):
        value: Any = getattr(auth, name)
        if isinstance(value, OAuth2):
            yield "auth.oauth2.client_secret", value.client_secret
        elif isinstance(value, Login):
            # Either may be the key: some APIs take it as the user name.
            yield "auth.basic", {"username": value.username, "password": value.password}
        elif value is not None:
            yield f"auth.{name}", value


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in *value* that are not empty."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif value:
        yield str(value)


def doubts_of_action(action: ApiAction) -> Iterator[str]:
    """Yield where nobody could tell which row is meant, or whether it completed."""
    is_job = action.handle is not None and action.handle.per == "batch"
    # With a word for jobs of which some rows failed, "completed" means all rows.
    is_told = action.poll is None or bool(action.poll.status.words.get("partial"))
    if is_job and action.limits.rows > 1 and not is_told:
        yield from _of_missing_results(action)
    yield from _of_same_for_all(action)
    matches = [
        (f"results.sources[{at}].match", source.match)
        for at, source in enumerate(action.results.sources)
    ]
    steps = enumerate(action.submit)
    matches += [(f"submit[{at}].rows.match", each.rows.match) for at, each in steps if each.rows]
    files = _files(action)
    for place, match in matches:
        if match.by != "line":
            continue
        if not files:
            yield f"{place}: no step sends a file, which lines are of: write by: index"
        elif match.first is None and not any(file.header for file in files):
            yield f"{place}.first: is missing: the file has no header, so its first row is at 1"


def _of_same_for_all(action: ApiAction) -> Iterator[str]:
    """Yield what is the same for all rows, or for all jobs, though it tells them apart."""
    names = {each.name.split(".")[0] for _, each in placeholders_in(action.row)}
    if names <= _OF_ALL:
        yield "row: nothing in it is of the row: all rows would be sent alike: write {{ row.… }}"
    for at, source in enumerate(action.results.sources):
        place, row = f"results.sources[{at}]", source.match.row
        known = {each.name.split(".")[0] for _, each in placeholders_in(row)}
        if row is not None and known <= _OF_ALL:
            yield f"{place}.match.row: it is the same for all rows: write {{{{ row.… }}}}"
    sent = placeholders_in(action.cancel.sent) if action.cancel else ()
    own = [each.name for _, each in sent if each.name.split(".")[0] not in ("settings", "token")]
    if action.cancel and not own:
        yield "cancel: nothing that is sent says which operation is meant"


def _of_missing_results(action: ApiAction) -> Iterator[str]:
    if "results" not in action.model_fields_set:
        yield (
            "results: is missing: a job may complete, and rows in it fail. Write sources, or "
            "unlisted: completed if all rows of a completed job are done, or unlisted: unknown"
        )


def _files(action: ApiAction) -> list[RowFile]:
    """Return the files of rows that are sent; one of JSON lines has no header."""
    found: list[RowFile] = []
    for step in action.submit:
        holders: list[SubmitStep | FilePart] = [step, *(step.multipart or {}).values()]
        for holder in holders:
            found += [holder.csv] if holder.csv else []
            found += [holder.jsonl.model_copy(update={"header": False})] if holder.jsonl else []
    return found
