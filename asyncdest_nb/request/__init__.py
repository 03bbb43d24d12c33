"""HTTP: a request out, and what became of it back; what is shown of both has no secret.

Nothing here retries, follows a redirect or sends credentials to an origin they
were not meant for. A request that fails says which of two things is true:
NotSent, it provably never arrived; ReplyLost, nobody here knows.

    client        Client: one destination's connections, credentials and secrets
    call          Call: what ``request`` is in ``perform(request, data)``
    options       what ``request`` may be given, in the words of other clients too
    base          the base options, and who may receive them
    parts         the parts of a request, checked before anything is sent
    address       where it goes, and what of that may be shown
    wire          one exchange over a transport: an answer, or how it failed
    transport     aiohttp as a transport of httpx
    route         proxies and certificates
    deadline      a time limit that does not count stalls of this process
    answer        an answer's bytes, read with suspicion
    exchange      one request, what came of it and what it did
    redactor      secrets out of what is shown and stored
    spelling      how a secret may be written
    references    what stands on disk for a secret
    credentials   headers that authenticate
"""

from .address import names_nothing
from .call import Call
from .checks import as_json
from .client import TIMEOUT_SECONDS, Client
from .credentials import api_key_auth, basic_auth, bearer_auth
from .exchange import MOVED, SAFE_METHODS, Effect, Exchange, effect_of
from .options import read_options
from .redactor import MASK, Redactor
from .references import References, without_references
from .response import EXCERPT, Response, read_retry_after
from .route import Route, Verify
from .transport import AiohttpTransport
from .wire import Transport, Unplugged

__all__ = [
    "EXCERPT",
    "MASK",
    "MOVED",
    "SAFE_METHODS",
    "TIMEOUT_SECONDS",
    "AiohttpTransport",
    "Call",
    "Client",
    "Effect",
    "Exchange",
    "Redactor",
    "References",
    "Response",
    "Route",
    "Transport",
    "Unplugged",
    "Verify",
    "api_key_auth",
    "as_json",
    "basic_auth",
    "bearer_auth",
    "effect_of",
    "names_nothing",
    "read_options",
    "read_retry_after",
    "without_references",
]
