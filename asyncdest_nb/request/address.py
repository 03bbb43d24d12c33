"""Where a request goes: read strictly, and shown without what must stay private."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ..errors import UsageError
from .redactor import MASK

# The parser that checks a URL is the one that sends to it: two could disagree on its host.
from .wire import URL, InvalidURL

Origin = tuple[str, str, int | None]

_QUERY = re.compile(r"(https?://[^\s'\"?]*)\?[^\s'\"]*")
# What is nothing to a server that trims: spaces, controls, characters without a width.
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_MARKS = re.compile(r"[/\\?#;]")  # They end a part of a path, and name nothing.
DECODED = 4  # How often a path is looked at, decoded once more each time.
SHOWN = 300  # characters of a URL in a message
_LOGIN = re.compile(r"//[^/?#]*@")


def parse_url(text: str, *, base: URL | None = None) -> URL:
    """Return the URL in *text*; a path is appended to *base*.

    Raises UsageError if it is not a full http or https URL, holds a login, or has "." or
    ".." for a part of its path: a server leaves those out, and so asks something else. Nor
    may a part begin with "#", since it would not be sent.
    """
    shown = _LOGIN.sub(f"//{MASK}@", text.partition("?")[0])
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
    if has_dot_segment(_path(text)):
        raise UsageError(
            f"{shown!r} has a part of its path that is blank, '.' or '..', which leads to another "
            "place: leave it out; an id or a value like that cannot be put into a path"
        )
    if "/#" in shown:
        raise UsageError(
            f"{shown!r} has a '#' where a part of its path begins, and nothing from there on is "
            "sent: write an id or a value like that as urllib.parse.quote(value, safe='')"
        )
    try:
        url = URL(text)
        if base is not None and not url.scheme:
            url = base.join(url) if url.host else _appended(base, url)
    except InvalidURL as error:
        raise UsageError(f"{shown!r} is not a URL: {error}") from None
    if url.userinfo:
        raise UsageError(f"{shown!r} holds a login: use username and password instead")
    if url.scheme not in ("http", "https") or not url.host:
        hint = "" if base else ", or a path with base_url set"
        raise UsageError(f"cannot send to {shown!r}: use an http:// or https:// URL{hint}")
    return url


def has_dot_segment(path: str) -> bool:
    """Say whether a server may take a part of *path* for ".", ".." or nothing at all.

    Servers decode escapes, and some more than once; some take a backslash for a slash, or
    leave out what follows a semicolon. A part that is empty is a matter of style.
    """
    for _ in range(DECODED):
        if any(map(_is_dots, re.split(r"[/\\]", path))):
            return True
        path = unquote(path)
    return False


def names_nothing(operation_id: str) -> bool:
    """Say whether *operation_id* in a path may be taken for ".", ".." or nothing at all."""
    return has_dot_segment(operation_id) or not _BLANK.sub(
        "", re.sub(r"[/\\?#;]", "", operation_id)
    )


def _is_dots(part: str) -> bool:
    seen = _BLANK.sub("", part)
    return seen.partition(";")[0] in (".", "..") or (not seen and bool(part))


def _path(url: str) -> str:
    return re.split("[?#]", re.sub(r"^[^/?#]*//[^/?#\\]*", "", url, count=1), maxsplit=1)[0]


def parse_base(text: str) -> URL:
    """Return the URL in *text* that paths are appended to.

    Raises UsageError where ``parse_url`` does, and for a query or a fragment, which a path
    would take the place of.
    """
    url = parse_url(text)
    if url.query or url.fragment:
        raise UsageError(
            f"{shown_url(url)!r} is followed by a query or a fragment, which would get lost: leave "
            "it out; a key has a setting of its own"
        )
    return url


def _appended(base: URL, url: URL) -> URL:
    path = base.raw_path.partition(b"?")[0].rstrip(b"/")
    return base.copy_with(raw_path=path + b"/" + url.raw_path.lstrip(b"/"))


def with_params(url: URL, params: Mapping[str, Any] | None) -> URL:
    """Return *url* with *params* in its query, over those already there; None is left out."""
    found = {name: value for name, value in (params or {}).items() if value is not None}
    return url.copy_merge_params(found) if found else url


def joined(url: URL, location: str) -> URL | None:
    """Return where *location* points, seen from *url* (RFC 3986, section 5); None if nowhere."""
    try:
        return url.join(location) if location.strip() else None
    # Besides InvalidURL there is ValueError, of which the standard library has many kinds.
    except (InvalidURL, ValueError, TypeError):
        return None


def origin(url: URL) -> Origin:
    """Return scheme, host and port (None = the scheme's own): what credentials are bound to."""
    return url.scheme, url.host, url.port


def shown_url(url: URL) -> str:
    """Return *url* without query and fragment: signatures live there."""
    path = url.raw_path.partition(b"?")[0]
    return f"{url.scheme}://{url.netloc.decode('ascii')}{path.decode('ascii')}"


def without_queries(text: str) -> str:
    """Return *text* with the URLs in it cut before their query: clients quote URLs in errors."""
    return _QUERY.sub(r"\1", text)


def shown_query(url: URL) -> str:
    """Return the names in the query of *url*, their values masked; "" without a query."""
    names = "&".join(f"{name}={MASK}" for name, _ in url.params.multi_items())
    return f"?{names}" if names else ""
