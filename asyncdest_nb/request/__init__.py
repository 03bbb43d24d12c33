"""HTTP requests and their results, with secrets masked wherever they are shown.

Nothing here retries, follows a redirect, or sends credentials to an origin they are not
meant for. A request fails with one of two kinds of error: NotSent, it provably never
arrived; ReplyLost, it may have arrived.

    client        Client: the connections, credentials and secrets of one destination
    call          Call: the ``request`` in ``perform(request, data)``
    options       the arguments of ``request``, also under the names of other clients
    defaults      the options of all requests, and which origins may receive them
    checks        the parts of a request, checked before anything is sent
    address       URLs: parsed strictly, and shown without secrets
    target        a URL in the parts that are needed to send to it
    wire          one request over a transport: a response, or how it failed
    transport     requests on connections of aiohttp, also as a transport of httpx
    connections   the connections, and one request on one of them
    relay         requests that another process makes
    route         proxies and certificates
    deadline      a time limit that does not count stalls of this process
    body          the body of a request: bytes, or pieces that are read while they are sent
    form          bodies of forms, with files
    csv_lines     rows as CSV
    spool         temporary files for what can be read only once
    content       the body of a response, decompressed
    unpacker      the same in pieces
    saved_body    the body of a response in a temporary file
    readable      bodies as lines, JSON lines, CSV, and files in an archive
    utf8_file     the bytes of a body as a file of UTF-8
    json_text     JSON as values
    response      the body of a response, parsed
    file_response a response whose body is in a temporary file
    received      what a transport received, as a response
    shown_exchange  what may be shown of a request, masked
    exchange      a record of one request and its effect, masked when it is read
    hook          a URL that notices are posted to, which is a secret
    redactor      masks secrets in what is shown and stored
    signatures    signatures in pre-signed URLs
    spellings     the encodings in which a secret may appear
    references    names of settings in place of secrets on disk
    credentials   headers that authenticate
"""

from .address import names_nothing
from .call import Call
from .checks import as_json
from .client import TIMEOUT_SECONDS, Client
from .credentials import api_key_auth, basic_auth, bearer_auth
from .csv_lines import csv_lines
from .exchange import SAFE_METHODS, Effect, Exchange, effect_of, is_moved
from .file_response import FileResponse
from .hook import Hook
from .json_text import read_json_text
from .options import read_options
from .readable import ArchivedFile, ReadableBody
from .redactor import Redactor
from .references import References, without_references
from .relay import Relay, RelayedRequest, RelayedResponse, RelayTransport, relayed_response
from .response import EXCERPT, Response
from .retry_after import read_retry_after
from .route import Route, Verify, is_loopback
from .signatures import MASK
from .spool import needs_spool, spooled
from .transport import AiohttpTransport
from .wire import OfflineTransport, Transport

__all__ = [
    "EXCERPT",
    "MASK",
    "SAFE_METHODS",
    "TIMEOUT_SECONDS",
    "AiohttpTransport",
    "ArchivedFile",
    "Call",
    "Client",
    "Effect",
    "Exchange",
    "FileResponse",
    "Hook",
    "OfflineTransport",
    "ReadableBody",
    "Redactor",
    "References",
    "Relay",
    "RelayTransport",
    "RelayedRequest",
    "RelayedResponse",
    "Response",
    "Route",
    "Transport",
    "Verify",
    "api_key_auth",
    "as_json",
    "basic_auth",
    "bearer_auth",
    "csv_lines",
    "effect_of",
    "is_loopback",
    "is_moved",
    "names_nothing",
    "needs_spool",
    "read_json_text",
    "read_options",
    "read_retry_after",
    "relayed_response",
    "spooled",
    "without_references",
]
