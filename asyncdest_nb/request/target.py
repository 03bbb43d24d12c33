"""Where a request is sent: a URL, split once into the parts that are needed for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

import httpx

URL = httpx.URL
InvalidURL = httpx.InvalidURL

Origin = tuple[str, str, int | None]

# A path of which the parser would change nothing: no escapes, no query, no "." and no "..".
_SEGMENT = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+"
_PLAIN = re.compile(rf"/?{_SEGMENT}(?:/{_SEGMENT})*/?")


def origin(url: URL) -> Origin:
    """Return scheme, host and port (None = the default): credentials belong to an origin."""
    return url.scheme, url.host, url.port


@dataclass(slots=True)
class Target:
    """A URL that was parsed and checked.

    ``host`` is the Host header: host and port, the latter only if it is not the default.
    ``path`` has the query; both are as they are sent.
    """

    text: str
    origin: Origin
    host: str
    path: str

    @classmethod
    def of(cls, url: URL) -> Self:
        """Return *url* in its parts."""
        path = url.raw_path.decode("ascii")
        return cls(str(url), origin(url), url.netloc.decode("ascii"), path)

    @property
    def url(self) -> URL:
        """The same, parsed again."""
        return URL(self.text)

    @property
    def shown(self) -> str:
        """The URL without query and fragment, which may contain signatures."""
        return f"{self.origin[0]}://{self.host}{self.path.partition('?')[0]}"

    def below(self, path: str) -> Target | None:
        """Return the target of a plain *path* appended to this one; None = it must be parsed."""
        if _PLAIN.fullmatch(path) is None:
            return None
        whole = f"{self.path.partition('?')[0].rstrip('/')}/{path.lstrip('/')}"
        return Target(f"{self.origin[0]}://{self.host}{whole}", self.origin, self.host, whole)
