"""Modules by what is known of them: they never send, or they may."""

from __future__ import annotations

# They compute values, or wait. Nothing of them sends without an audit event.
_NEVER_SEND = frozenset(
    """__future__ _abc _codecs _collections _collections_abc _contextvars _decimal _functools
    _hashlib _io _json _operator _random _sre _struct _thread _uuid abc array asyncio base64
    binascii bisect builtins calendar codecs collections contextlib contextvars copy csv
    dataclasses datetime decimal difflib email enum fractions functools genericpath gzip hashlib
    heapq hmac html inspect io ipaddress itertools json keyword locale logging math ntpath numbers
    operator pathlib posixpath pprint random re secrets statistics string struct textwrap time
    traceback types typing typing_extensions unicodedata urllib.parse uuid warnings xml zlib
    zoneinfo annotated_types attr attrs cryptography dateutil jinja2 jwt marshmallow markupsafe
    msgspec numpy orjson pandas pydantic pydantic_core pytz yaml
    asyncdest_nb""".split()
)
# They send, or hand on to something that does. Some are inside of a module above.
_MAY_SEND = frozenset(
    """asyncdest_nb.session asyncio.base_events asyncio.events asyncio.queues
    asyncio.selector_events asyncio.sslproto asyncio.streams asyncio.subprocess asyncio.transports
    concurrent logging.handlers multiprocessing queue _queue socket _socket subprocess
    threading""".split()
)


def module_may_send(name: str) -> bool:
    """Whether the module *name*, or one that it is in, is known to send."""
    return any(name == each or name.startswith(f"{each}.") for each in _MAY_SEND)


def module_never_sends(name: str) -> bool:
    """Whether the module *name* is known never to send; an unknown one is not."""
    if module_may_send(name):
        return False
    parts = name.split(".")
    return any(".".join(parts[:count]) in _NEVER_SEND for count in range(1, len(parts) + 1))
