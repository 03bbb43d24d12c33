"""HTTP: a request out, and what became of it back, with every secret masked.

Nothing here retries, follows a redirect or sends credentials to an origin they
were not meant for. A request that fails says which of two things is true:
NotSent, it provably never arrived; ReplyLost, nobody here knows.

    client        Client: one destination's connections, credentials and secrets
    call          Call: what ``request`` is in ``perform(request, data)``
    options       what ``request`` may be given, in the words of other clients too
    base          the base options, and who may receive them
    parts         the parts of a request, checked before anything is sent
    address       where it goes, and what of that may be shown
    wire          httpx and aiohttp; no other file imports them
    answer        an answer's bytes, read with suspicion
    exchange      one request, what came of it and what it did
    redactor      secrets out of texts and data
    credentials   headers that authenticate
"""

from .answer import Response, read_retry_after
from .call import Call
from .client import Client
from .credentials import api_key_auth, basic_auth, bearer_auth
from .exchange import SAFE_METHODS, Effect, Exchange, effect_of
from .options import read_options
from .redactor import MASK, Redactor
from .wire import AiohttpTransport, Transport, Unplugged

__all__ = [
    "MASK",
    "SAFE_METHODS",
    "AiohttpTransport",
    "Call",
    "Client",
    "Effect",
    "Exchange",
    "Redactor",
    "Response",
    "Transport",
    "Unplugged",
    "api_key_auth",
    "basic_auth",
    "bearer_auth",
    "effect_of",
    "read_options",
    "read_retry_after",
]
