"""A URL that notices are posted to, such as an incoming webhook of Slack.

Whoever knows the URL can post to it, so it is a secret as a whole: it is never shown, logged
or stored. Only its host is.
"""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from ..errors import HTTPError, NotSent, RequestFailed, UsageError
from .address import parse_url
from .client import Client
from .credentials import reveal
from .route import is_loopback

_SECONDS = 15.0  # for the whole exchange
_EXPECTED = "it must be an https:// URL, or http:// on this machine"


class Hook:
    """Where notices are posted; ``host`` is all of it that may be shown.

    Raises UsageError, without the URL, unless it is https, or http on loopback.
    """

    def __init__(self, url: str | SecretStr) -> None:
        if not isinstance(url, str | SecretStr):
            raise UsageError(f"notify is a {type(url).__name__}; {_EXPECTED}")
        self._url = reveal(url)
        try:
            parsed = parse_url(self._url)
        except UsageError:  # Its message has the path.
            raise UsageError(f"notify is not a URL that can be posted to; {_EXPECTED}") from None
        if parsed.scheme != "https" and not is_loopback(parsed.host):
            raise UsageError(f"notify is an http:// URL of {parsed.host}; {_EXPECTED}")
        self.host = parsed.netloc.decode("ascii")

    def __repr__(self) -> str:
        return f"<Hook at {getattr(self, 'host', 'no host')}>"  # Of __init__, a traceback shows it.

    async def post(self, content: Any) -> str:
        """Post *content* as JSON, once; return why it was not accepted, "" = it was."""
        client = Client(secrets=[self._url], timeout_seconds=_SECONDS)
        try:
            await client.call()(self._url, method="POST", json=content)
        except HTTPError as error:
            return f"{self.host} answered {error.status}"
        except NotSent:
            return f"{self.host} cannot be reached"
        except (RequestFailed, UsageError):
            return f"{self.host} did not answer"
        finally:
            await client.aclose()
        return ""
