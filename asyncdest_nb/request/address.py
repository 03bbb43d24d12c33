"""Where a request goes: read strictly, and shown without what must stay private."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import UsageError
from .redactor import MASK

# The parser that checks a URL is the one that sends to it: two could disagree on its host.
from .wire import URL, InvalidURL

Origin = tuple[str, str, int | None]

_QUERY = re.compile(r"(https?://[^\s'\"?]*)\?[^\s'\"]*")
_LOGIN = re.compile(r"//[^/?#]*@")


def parse_url(text: str, *, base: URL | None = None) -> URL:
    """Return the URL in *text*; a path is appended to *base*.

    Raises UsageError if it is not a full http or https URL, or holds a login.
    """
    shown = _LOGIN.sub(f"//{MASK}@", text.partition("?")[0])
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
