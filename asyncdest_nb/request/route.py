"""The route to a destination: its proxy, and the certificates that are trusted.

Arguments take precedence over the environment, which is read once, when a route is made.
urllib decides which variables name a proxy, and what NO_PROXY means.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # typeshed lacks two of them
    getproxies,
    getproxies_environment,
    proxy_bypass,
    proxy_bypass_environment,
)

from ..errors import UsageError
from .credentials import basic_auth, login_secrets
from .signatures import MASK
from .target import URL
from .transport import certifi_context

Verify = bool | str | os.PathLike[str] | ssl.SSLContext

_PORTS = {"http": 80, "https": 443}
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # As requests looks for them.
_OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True, slots=True)
class Proxy:
    """The URL of a proxy, and the headers it needs."""

    url: str
    headers: Mapping[str, str] = field(repr=False)


class Route:
    """The routes to all URLs of one connection.

    *proxy* is a URL; None = that of the environment, False = none. *verify* is a file
    or folder of certificates (PEM), or an SSLContext; True = those of the environment,
    else certifi's; False = any certificate is trusted.

    Raises UsageError if one of them cannot be used. Errors in the environment are raised
    by ``require``, for a URL that needs it.
    """

    def __init__(self, *, proxy: str | bool | None = None, verify: Verify = True) -> None:
        self._is_chosen = proxy is not None
        self.is_usual = proxy is None and verify is True  # That of the environment.
        self._is_system = proxy is None and not getproxies_environment()
        self._proxies = _proxies(proxy)
        self._verify = verify
        self._files = _files_named() if verify is True else {}
        self._context: ssl.SSLContext | None = None
        if self._is_chosen and self._proxies:
            _read_proxy(self._proxies["all"])
        if verify is not True:
            self.context()

    def require(self, url: URL) -> Self:
        """Return this route; raises UsageError if *url* cannot be reached on it."""
        proxy = self.proxy_for(url)
        if url.scheme == "https" or (proxy is not None and proxy.url.startswith("https:")):
            self.context()
        return self

    def proxy_for(self, url: URL) -> Proxy | None:
        """Return the proxy for *url*, None = none; raises UsageError if it cannot be used."""
        found = self._proxies.get(url.scheme) or self._proxies.get("all")
        if not found or (not self._is_chosen and self._is_direct(url)):
            return None
        return _read_proxy(found)

    def context(self) -> ssl.SSLContext:
        """Return the trusted certificates; raises UsageError if they cannot be read."""
        if self._context is None:
            self._context = _read_context(self._verify, self._files)
        return self._context

    def secrets(self) -> Iterator[str]:
        """Yield the secrets in the logins of the proxies."""
        for name, text in self._proxies.items():
            if name != "no":
                yield from login_secrets(*_login(_split(text)))

    def _is_direct(self, url: URL) -> bool:
        """Whether *url* is reached without a proxy, by the rules of the environment."""
        if is_loopback(url.host):
            return True
        if self._is_system:
            return bool(proxy_bypass(url.host))
        named = [_plain_host(each) for each in re.split(r"[,\s]+", self._proxies.get("no", ""))]
        suffixes = ",".join(each.removeprefix("*") for each in named)
        host = _plain_host(url.host)
        port = url.port or _PORTS.get(url.scheme)
        is_named = bool(proxy_bypass_environment(f"{host}:{port}", {"no": suffixes}))
        return is_named or "*" in named or _is_within(host, named)


def is_loopback(host: str) -> bool:
    """Whether *host* is this computer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return f".{_plain_host(host)}".endswith(".localhost")


def _plain_host(text: str) -> str:
    """Return a host without a final dot and without the brackets of IPv6."""
    return text.rstrip(".").translate({ord(each): None for each in "[]"})


def _is_within(host: str, named: Sequence[str]) -> bool:
    """Whether *host* is an address in one of the networks *named*, such as 10.0.0.0/8."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for each in named for network in _network(each))


def _network(text: str) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        yield ipaddress.ip_network(text, strict=False)
    except ValueError:
        return


def _proxies(chosen: str | bool | None) -> dict[str, str]:
    """Return the proxies by scheme; "all" = every scheme, "no" = hosts without a proxy."""
    if chosen is None:
        return {name: text.strip() for name, text in getproxies().items() if text.strip()}
    if chosen is False:
        return {}
    if not isinstance(chosen, str) or not chosen.strip():
        kind = "empty" if isinstance(chosen, str) else f"a {type(chosen).__name__}"
        raise UsageError(
            f"proxy is {kind}; give its URL, None for that of the environment, or False for none"
        )
    return {"all": chosen.strip()}


def _split(text: str) -> SplitResult:
    """Split the URL of a proxy, whose default scheme is http; all parts empty = it is no URL."""
    try:
        found = urlsplit(text if "://" in text else f"http://{text}")
        return found if found.port != 0 else urlsplit("")
    except ValueError:  # An invalid port, or half an IPv6 address.
        return urlsplit("")


def _login(found: SplitResult) -> tuple[str | None, str | None]:
    username, password = found.username, found.password
    if username is None:
        return None, None
    return unquote(username), unquote(password or "")


def _read_proxy(text: str) -> Proxy:
    found = _split(text)
    shown = f"{MASK}@{text.rpartition('@')[2]}" if "@" in text else text
    if found.scheme.startswith("socks"):
        raise UsageError(
            f"the proxy {shown!r} uses SOCKS, which is not supported: give an http:// proxy as "
            "proxy=…, name the destination's host in NO_PROXY, or pass proxy=False"
        )
    if found.scheme not in _PORTS or not found.hostname:
        raise UsageError(
            f"the proxy {shown!r} cannot be used: write http://host:port, or "
            "http://user:password@host:port with % escapes in the password"
        )
    username, password = _login(found)
    host = f"[{found.hostname}]" if ":" in found.hostname else found.hostname
    port = found.port or _PORTS[found.scheme]
    url = f"{found.scheme}://{host}:{port}"
    if username is None:
        return Proxy(url, {})
    login = basic_auth(username, password or "")["authorization"]
    return Proxy(url, {"proxy-authorization": login})


def _files_named() -> dict[str, str]:
    """Return the paths of certificates in the environment, by variable."""
    for group in (*((name,) for name in _BUNDLES), _OPENSSL):
        if found := {name: os.environ[name] for name in group if os.environ.get(name)}:
            return found
    return {}


def _read_context(verify: Verify, files: Mapping[str, str]) -> ssl.SSLContext:
    if isinstance(verify, ssl.SSLContext):
        return verify
    if verify is True and not files:
        return certifi_context()
    if verify is False:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
    if not isinstance(verify, bool | str | os.PathLike) or verify == "":
        kind = "empty" if verify == "" else f"a {type(verify).__name__}"
        raise UsageError(
            f"verify is {kind}; give a file or folder of certificates, an SSLContext, True, or "
            "False"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    named = files if verify is True else {"verify": str(verify)}
    for name, paths in named.items():
        # The variable may have several folders, like PATH.
        several = filter(None, paths.split(os.pathsep))
        for path in several if name == "SSL_CERT_DIR" else [paths]:
            _trust(context, Path(path).expanduser(), name=name)
    return context


def _trust(context: ssl.SSLContext, path: Path, *, name: str) -> None:
    """Add the certificates at *path* to *context*."""
    try:
        if not path.is_dir():
            context.load_verify_locations(cafile=path)
            return
        context.load_verify_locations(capath=path)
    except (OSError, ValueError) as error:  # OpenSSL raises OSError for an invalid file.
        raise UsageError(
            f"{name} is {str(path)!r}, which has no certificates to read ({error}); give a PEM "
            "file, or a folder of them that OpenSSL's c_rehash has indexed"
        ) from None
