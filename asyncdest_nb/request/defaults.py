"""The options of all requests to a destination, and which origins may receive them."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from ..errors import UnknownName
from .address import parse_base, parse_url, with_params
from .checks import checked_headers, checked_target, checked_timeout
from .credentials import basic_auth, login_secrets, reveal, secrets_in
from .target import URL, Origin, Target, origin

OPTIONS = ("base_url", "headers", "username", "password", "secrets", "timeout_seconds")

Login = tuple[Any, Any]
NO_LOGIN: Login = (None, None)


@functools.cache  # To read it takes milliseconds.
def _user_agent() -> str:
    return f"asyncdest-nb/{importlib.metadata.version('asyncdest-nb')}"


@dataclass(frozen=True, slots=True)
class RequestDefaults:
    """The options that every request to a destination has.

    Headers and login are sent only to the origins in ``trusted``: a pre-signed URL of
    another origin, taken from a response, gets neither. ``urls`` are the known URLs that
    requests are sent to.
    """

    url: URL | None
    base: Target | None  # The same, if plain paths are appended to it.
    timeout_seconds: float
    urls: Sequence[URL]
    trusted: frozenset[Origin]
    headers: Mapping[str, str | None] = field(repr=False)
    login: Login = field(repr=False)
    agent: str = field(default_factory=_user_agent)
    _merged: dict[tuple[bool, str], dict[str, str]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, options: Mapping[str, Any], *, trusted: Iterable[str], timeout_seconds: float
    ) -> Self:
        """Read *options*; raises UsageError for one that is unknown or invalid."""
        for name in options:
            if name not in OPTIONS:
                raise UnknownName.of("request option", name, OPTIONS)
        given = options.get("base_url")
        url = None if given is None else parse_base(reveal(given))
        urls = [parse_url(reveal(each)) for each in trusted] + ([url] if url else [])
        seconds = options.get("timeout_seconds")
        return cls(
            url=url,
            base=Target.of(url) if url and "*" not in str(url) else None,
            timeout_seconds=checked_timeout(timeout_seconds if seconds is None else seconds),
            urls=urls,
            trusted=frozenset(map(origin, urls)),
            headers=checked_headers(options.get("headers") or {}),
            login=(options.get("username"), options.get("password")),
        )

    def target(self, url: str, params: Mapping[str, Any] | None) -> Target:
        """Return where *url*, with *params*, is sent to; raises UsageError if it is not valid."""
        if not params and self.base is not None and (found := self.base.below(url)) is not None:
            return found
        target = Target.of(with_params(parse_url(url, base=self.url), params))
        checked_target(target.text)
        return target

    def plain_headers(self, target: Target, content_type: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers of a request to *target* without headers and login of its own."""
        kind = content_type.get("content-type", "")
        if kind.startswith("multipart/"):  # Its boundary is another each time.
            return self.headers_for(target, content_type, NO_LOGIN)
        place = (target.origin in self.trusted, kind)
        if place not in self._merged:
            self._merged[place] = self.headers_for(target, content_type, NO_LOGIN)
        return self._merged[place]

    def headers_for(
        self, target: Target, headers: Mapping[str, str | None], login: Login
    ) -> dict[str, str]:
        """Merge the *headers* and *login* of a call into the defaults, without headers of None."""
        is_trusted = target.origin in self.trusted
        if login == NO_LOGIN and is_trusted:
            login = self.login
        layers: dict[str, str | None] = {
            "user-agent": self.agent,
            "accept": "application/json, */*;q=0.8",
            "accept-encoding": "gzip, deflate",  # Those that need no further packages.
            **(self.headers if is_trusted else {}),
            **_login_header(login),
            **headers,
        }
        return {name: value for name, value in layers.items() if value is not None}


def secrets_of(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield the option ``secrets``, or else the secrets in headers and login."""
    if "secrets" in options:
        yield from map(reveal, options["secrets"])
        return
    yield from secrets_in(options.get("headers") or {})
    yield from login_secrets(options.get("username"), options.get("password"))


def _login_header(login: Login) -> dict[str, str]:
    username, password = login
    return {} if login == NO_LOGIN else basic_auth(username or "", password or "")
