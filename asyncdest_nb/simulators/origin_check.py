"""Who may ask a simulator: programs of this machine, and no page of another site.

Any page in a browser can send requests to loopback, and read the answers too if the name
of its own site is made to lead there (DNS rebinding). A browser names both in headers that
no page can change.
"""

from __future__ import annotations

from collections.abc import Iterable

_NAMES = ("127.0.0.1", "localhost", "[::1]")


def refusal(headers: Iterable[tuple[bytes, bytes]], *, port: int) -> str:
    """Say why a request with these *headers* is not taken at *port*; empty = it is."""
    own = {f"{name}:{port}" for name in _NAMES} | ({*_NAMES} if port == 80 else set())
    given = [(name.lower(), value.decode("latin-1").strip().lower()) for name, value in headers]
    hosts = [value for name, value in given if name == b"host"]
    if not hosts or not own.issuperset(hosts):
        named = f"it names {', '.join(map(repr, hosts))}" if hosts else "it has no Host header"
        return f"this simulator is for {min(own)} alone, and {named}"
    for name, value in given:
        if name == b"origin" and value not in {f"http://{host}" for host in own}:
            return f"this simulator takes no requests from other sites, and this has Origin {value}"
        if name == b"sec-fetch-site" and value not in ("same-origin", "none"):
            return f"this simulator takes no requests from other sites, and this is {value}"
    return ""
