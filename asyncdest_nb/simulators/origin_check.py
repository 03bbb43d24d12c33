"""Requests that a simulator accepts: those of programs on this machine, not of other sites.

Any page in a browser can send requests to loopback. If its site's name resolves to
loopback (DNS rebinding), the page can also read the answers. Browsers send both names in
headers that a page cannot change.
"""

from __future__ import annotations

from collections.abc import Iterable

_NAMES = ("127.0.0.1", "localhost", "[::1]")


def refusal(headers: Iterable[tuple[bytes, bytes]], *, port: int) -> str:
    """Return why a request with these *headers* is refused at *port*; "" = it is accepted."""
    own = {f"{name}:{port}" for name in _NAMES} | ({*_NAMES} if port == 80 else set())
    given = [(name.lower(), value.decode("latin-1").strip().lower()) for name, value in headers]
    hosts = [value for name, value in given if name == b"host"]
    if not hosts or not own.issuperset(hosts):
        named = f"has the Host {', '.join(map(repr, hosts))}" if hosts else "has no Host header"
        return f"this simulator serves {min(own)} alone, and the request {named}"
    for name, value in given:
        if name == b"origin" and value not in {f"http://{host}" for host in own}:
            return f"this simulator accepts no requests from other sites; Origin is {value}"
        if name == b"sec-fetch-site" and value not in ("same-origin", "none"):
            return f"this simulator accepts no requests from other sites; Sec-Fetch-Site is {value}"
    return ""
