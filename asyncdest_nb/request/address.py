"""URLs: parsed strictly, and shown without their secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ..errors import UsageError
from .signatures import MASK

# The same parser checks a URL and sends to it: two parsers might find different hosts in it.
from .target import URL, InvalidURL

_QUERY = re.compile(r"(https?://[^\s'\"?]*)\?[^\s'\"]*")
# Characters that a server may strip: spaces, controls, characters without a width.
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_WORD = re.compile(r"[A-Za-z0-9_-]+")
_MARKS = re.compile(r"[/\\?#;]")  # Separators in a URL.
DECODINGS = 4  # How often a path is checked, decoded once more each time.
URL_LENGTH = 300  # characters of a URL in a message
_LOGIN = re.compile(r"//[^/?#]*@")


def parse_url(text: str, *, base: URL | None = None) -> URL:
    """Return the URL in *text*; a path is appended to *base*.

    Raises UsageError if it is not a full http or https URL, contains a login, or has "." or
    ".." as a segment of its path: a server removes those, and so reaches another resource.
    A segment may not begin with "#" either, since it would not be sent.
    """
    shown = _LOGIN.sub(f"//{MASK}@", text.partition("?")[0])
    shown = shown if len(shown) <= URL_LENGTH else f"{shown[:URL_LENGTH]}…"
    if has_dot_segment(_path(text)):
        raise UsageError(
            f"{shown!r} has a path segment that is blank, '.' or '..', which leads to another "
            "resource: leave it out; an id or a value like that cannot be put into a path"
        )
    if "/#" in shown:
        raise UsageError(
            f"{shown!r} has a path segment that begins with '#', and nothing from there on is "
            "sent: write an id or a value like that as urllib.parse.quote(value, safe='')"
        )
    try:
        url = URL(text)
        if base is not None and not url.scheme:
            url = base.join(url) if url.host else _appended(base, url)
    except InvalidURL as error:
        raise UsageError(f"{shown!r} is not a URL: {error}") from None
    if url.userinfo:
        raise UsageError(f"{shown!r} contains a login: use username and password instead")
    if url.scheme not in ("http", "https") or not url.host:
        hint = "" if base else ", or a path with base_url set"
        raise UsageError(f"cannot send to {shown!r}: use an http:// or https:// URL{hint}")
    return url


def has_dot_segment(path: str) -> bool:
    """Whether a server may read a segment of *path* as ".", ".." or as blank.

    Servers decode escapes, some more than once. Some treat a backslash as a slash, or
    ignore what follows a semicolon. An empty segment is allowed.
    """
    for _ in range(DECODINGS):
        if any(map(_is_dots, re.split(r"[/\\]", path))):
            return True
        path = unquote(path)
    return False


def names_nothing(operation_id: str) -> bool:
    """Whether a server may read *operation_id* in a path as ".", ".." or as blank."""
    if _WORD.fullmatch(operation_id):
        return False
    return has_dot_segment(operation_id) or not _BLANK.sub(
        "", re.sub(r"[/\\?#;]", "", operation_id)
    )


def _is_dots(part: str) -> bool:
    seen = _BLANK.sub("", part)
    return seen.partition(";")[0] in (".", "..") or (not seen and bool(part))


def _path(url: str) -> str:
    return re.split("[?#]", re.sub(r"^[^/?#]*//[^/?#\\]*", "", url, count=1), maxsplit=1)[0]


def parse_base(text: str) -> URL:
    """Return the URL in *text*, to which paths are appended.

    Raises UsageError as ``parse_url`` does, and for a query or a fragment, since an
    appended path replaces them.
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
    """Return *url* with *params* merged into its query, without those that are None."""
    found = {name: value for name, value in (params or {}).items() if value is not None}
    return url.copy_merge_params(found) if found else url


def joined(url: URL, location: str) -> URL | None:
    """Return *location* relative to *url* (RFC 3986, section 5), None if it is no URL."""
    try:
        return url.join(location) if location.strip() else None
    # The standard library raises several kinds of ValueError besides InvalidURL.
    except (InvalidURL, ValueError, TypeError):
        return None


def shown_url(url: URL) -> str:
    """Return *url* without query and fragment, which may contain signatures."""
    path = url.raw_path.partition(b"?")[0]
    return f"{url.scheme}://{url.netloc.decode('ascii')}{path.decode('ascii')}"


def without_queries(text: str) -> str:
    """Return *text* with its URLs cut before the query: error messages contain URLs."""
    return _QUERY.sub(r"\1", text)


def shown_query(url: URL) -> str:
    """Return the query of *url* with its values masked; "" without a query."""
    names = "&".join(f"{name}={MASK}" for name, _ in url.params.multi_items())
    return f"?{names}" if names else ""
