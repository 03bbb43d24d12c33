"""Templates: JSON with placeholders, ``{"id": "{{ row.id }}", "path": "/lists/{{ batch.list }}"}``.

A placeholder is a dotted look-up, and filters. A text that is one placeholder becomes its
value, of whatever type; in a longer text a value is written as JSON has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from ..errors import ProtocolError
from .filters import ABSENT, text_of
from .look_up import Key, check_filters, keys_of, look_of

Scope = Mapping[str, Any]
Render = Callable[[Scope], Any]

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_LEAD_ELSEWHERE = frozenset((".", ".."))  # Segments of a path.
_RESERVED = "/:@!$&'()*+,;="  # RFC 6570 leaves them as they are in {+name}.


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A look-up in a template; ``is_path``: slashes in it are parts of a URL's path.

    ``value`` returns its value in a scope, ABSENT if there is none.
    """

    name: str
    keys: tuple[Key, ...]
    value: Render
    is_path: bool


Piece = str | Placeholder


@lru_cache(1000)
def pieces_of(text: str) -> tuple[Piece, ...]:
    """Return *text* as texts and placeholders; raises ValueError."""
    pieces = [
        _placeholder(piece) if at % 2 else piece
        for at, piece in enumerate(_PLACEHOLDER.split(text))
    ]
    for piece in pieces:
        if isinstance(piece, str) and ("{{" in piece or "}}" in piece):
            raise ValueError(f"{text!r} has a brace too many or too few: write {{{{ name }}}}")
    return tuple(piece for piece in pieces if piece != "")


def _placeholder(text: str) -> Placeholder:
    name, *filters = (piece.strip() for piece in text.split("|"))
    check_filters(filters)
    bare = name.removeprefix("+").strip()
    keys = keys_of(bare)
    if None in keys:
        raise ValueError(f"{{{{{text}}}}}: a placeholder has one value, [*] has many")
    return Placeholder(bare, keys, look_of(keys, filters), name.startswith("+"))


def placeholders_in(value: Any, path: str = "") -> Iterator[tuple[str, Placeholder]]:
    """Yield the path and the placeholder of each in a template; raises ValueError."""
    if isinstance(value, str):
        for piece in _checked_pieces(value, path):
            if isinstance(piece, Placeholder):
                yield path, piece
    elif isinstance(value, Mapping | BaseModel):
        for name, each in (value if isinstance(value, Mapping) else vars(value)).items():
            yield from placeholders_in(each, f"{path}.{name}")
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from placeholders_in(each, f"{path}[{at}]")


def _checked_pieces(text: str, path: str) -> tuple[Piece, ...]:
    try:
        return pieces_of(text)
    except ValueError as error:
        raise ValueError(f"{path.removeprefix('.')}: {error}" if path else str(error)) from None


def compiled(value: Any) -> Render:
    """Return the function that renders the template *value*.

    In an object or a list, what has no value is left out. So is an entry of an object whose
    name ends in "?", if one of its placeholders has no value, a null or an empty text.
    """
    if isinstance(value, str):
        return _text(pieces_of(value))
    if isinstance(value, Mapping):
        return _object(dict(_entry(name, each) for name, each in value.items()))
    if isinstance(value, list):
        items = [compiled(each) for each in value]
        return lambda scope: [made for each in items if (made := each(scope)) is not ABSENT]
    return lambda scope: value


def _entry(name: str, value: Any) -> tuple[str, Render]:
    """Return the name and the function of an entry; with "?" it needs all of its values."""
    if not name.endswith("?"):
        return name, compiled(value)
    needed = [placeholder for _, placeholder in placeholders_in(value)]
    render = compiled(value)

    def render_if_whole(scope: Scope) -> Any:
        is_whole = all(each.value(scope) not in (ABSENT, None, "") for each in needed)
        return render(scope) if is_whole else ABSENT

    return name.removesuffix("?"), render_if_whole


def _object(renders: Mapping[str, Render]) -> Render:
    if not renders:
        return lambda scope: {}

    def render(scope: Scope) -> Any:
        made = {name: each(scope) for name, each in renders.items()}
        return {name: value for name, value in made.items() if value is not ABSENT}

    return render


def _text(pieces: tuple[Piece, ...]) -> Render:
    if len(pieces) == 1 and isinstance(pieces[0], Placeholder):
        return pieces[0].value
    if not any(isinstance(each, Placeholder) for each in pieces):
        text = "".join(map(str, pieces))
        return lambda scope: text
    form, placeholders = _form_of(pieces)

    def render(scope: Scope) -> str:
        values = [each.value(scope) for each in placeholders]
        return form % tuple(["" if each is ABSENT else text_of(each) for each in values])

    return render


def _form_of(pieces: Sequence[Piece]) -> tuple[str, list[Placeholder]]:
    """Return *pieces* as a format with "%s" for each placeholder, and the placeholders."""
    form = "".join(each.replace("%", "%%") if isinstance(each, str) else "%s" for each in pieces)
    return form, [each for each in pieces if isinstance(each, Placeholder)]


def url_of(text: str, scope: Scope) -> str:
    """Return a URL; a value in it is quoted, so that it cannot lead to another place.

    At the start a value is the beginning of the URL. Raises ProtocolError for one that is
    missing, or whose segments lead elsewhere.
    """
    form, placeholders, is_first = _url_form(text)
    if not placeholders:
        return text
    found = [
        _in_url(each, scope, is_first=is_first and not at) for at, each in enumerate(placeholders)
    ]
    return form % tuple(found)


@lru_cache(1000)
def _url_form(text: str) -> tuple[str, list[Placeholder], bool]:
    """Return the format of a URL, its placeholders, and whether it begins with one."""
    pieces = pieces_of(text)
    return *_form_of(pieces), isinstance(next(iter(pieces), ""), Placeholder)


def _in_url(piece: Placeholder, scope: Scope, *, is_first: bool) -> str:
    value = piece.value(scope)
    if value is ABSENT or value is None or value == "" or isinstance(value, dict | list | bool):
        raise ProtocolError(f"{piece.name} is {value!r}, which cannot be in a URL")
    text = text_of(value)
    if is_first:
        return text.rstrip("/") if piece.name.startswith(("settings.", "token.")) else text
    if not _LEAD_ELSEWHERE.isdisjoint(text.split("/")):
        raise ProtocolError(f"{piece.name} is {value!r}, which leads to another place in a URL")
    sent = text.encode("utf-8", "backslashreplace")  # JSON may have half a surrogate pair.
    return quote(sent, safe=_RESERVED if piece.is_path else "")
