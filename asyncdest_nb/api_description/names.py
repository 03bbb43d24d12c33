"""Names in templates that nothing defines, and words that are listed twice."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .faults import shown
from .filters import text_of
from .parts import ApiRequest
from .template import placeholders_in


def unknown_in_request(
    request: ApiRequest, place: str, known: set[str], *, row: set[str] | None = None
) -> Iterator[str]:
    """Yield the names in a *request* that nothing defines; *row* are those of a row's file."""
    files = {"csv", "jsonl", "multipart"}
    for name, each in request.sent.items():
        if name not in files:
            yield from unknown_names(each, f"{place}.{name}", known)
    for name in files:
        given = getattr(request, name)
        if given is not None and row is None:
            yield f"{place}.{name}: only a step of submit can send rows"
        elif isinstance(given, dict):
            yield from unknown_names(given, f"{place}.{name}", row or known)
        elif given is not None:
            yield from unknown_names(given, f"{place}.{name}", row or known)


def unknown_names(template: Any, place: str, known: Iterable[str]) -> Iterator[str]:
    """Yield a line for each placeholder of a *template* whose name is not *known*."""
    names = set(known)
    for path, each in placeholders_in(template):
        parts = each.name.split(".")
        starts = {".".join(parts[: count + 1]) for count in range(len(parts))}
        if not (starts - {"row"} | {each.name}) & names:
            yield f"{place}{path}: {missing_name(each.name, names, 'name')}"


def missing_name(name: str, known: Iterable[str], kind: str) -> str:
    """Return that there is no *name*, with the one that was probably meant."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"no {kind} {shown(name)}{hint} Known: {', '.join(names) or 'none'}"


def listed_twice(words: Mapping[Any, Iterable[Any]], place: str) -> Iterator[str]:
    """Yield a line for each word that is in two of the lists of *words*."""
    states: dict[str, list[Any]] = defaultdict(list)
    for state, listed in words.items():
        for word in listed:
            states[repr(text_of(word))].append(state)
    for word, found in states.items():
        if len(found) > 1:
            yield f"{place}: {word} is in two lists, {' and '.join(found)}: leave it in one"
