"""Send the rows of a DataFrame to destinations that answer later, and watch every row.

>>> import pandas as pd
>>> import asyncdest_nb as ad
>>> demo = ad.simulate("example-async", duration_seconds=0.2)
>>> crm = ad.connect(demo)
>>> df = pd.DataFrame({"customer": ["u-1", "u-2", None]})
>>> run = crm.submit(df, "asyncOperation", columns={"user_id": "customer"},
...                  operation_type="sync_profile")
>>> run.wait()
'partial'
>>> run.results()["status"].tolist()
['completed', 'completed', 'invalid']
"""

from __future__ import annotations

from importlib import import_module as _import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

from .destination import (
    Action,
    ActionData,
    Destination,
    OAuthToken,
    Payload,
    Preset,
    Request,
    Settings,
    StateContext,
    client_credentials,
    field,
)
from .destinations import DESTINATIONS as _DESTINATIONS
from .destinations import Catalogue
from .errors import (
    AlreadySubmitted,
    AsyncDestError,
    FrameError,
    HTTPError,
    IntegrationError,
    InvalidAuthenticationError,
    MappingError,
    NotSent,
    PayloadValidationError,
    ProtocolError,
    ReplyLost,
    RetryableError,
    RowsFailed,
    SettingsError,
    StoreError,
    UnknownName,
    UsageError,
)
from .request import Transport, api_key_auth, basic_auth, bearer_auth
from .responses import (
    AsyncActionResponse,
    AsyncOperationResult,
    AsyncPollResponse,
    MultiStatusEntry,
    MultiStatusResponse,
    OperationError,
    RowResult,
)
from .schedule import Schedule
from .session import Connection, Executed, Run, Session, Simulated, default_session, load
from .store import StoreWarning
from .stored import StoredMapping, StoredSubscription
from .widgets import display as _display

if TYPE_CHECKING:
    from .api_description import ApiDescription, http_destination
    from .simulators import Simulator, simulate
    from .widgets.explorer import explore

__version__ = _version("asyncdest-nb")

_display.hook_up()

# What many notebooks never use is loaded when it is used first.
_LATER = {
    "ApiDescription": ".api_description",
    "Simulator": ".simulators",
    "explore": ".widgets.explorer",
    "http_destination": ".api_description",
    "simulate": ".simulators",
}

if not TYPE_CHECKING:  # Otherwise mypy would accept misspelt names.

    def __getattr__(name: str) -> Any:
        """Return one of the public names that are loaded later."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(_import_module(_LATER[name], __name__), name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LATER})


def connect(destination: Destination | Simulated | str, **settings: Any) -> Connection:
    """Return a connection in the session of those who made none; see ``Session.connect``."""
    return default_session().connect(destination, **settings)


def destinations() -> Catalogue:
    """Return the destinations that come with the package, by slug: a line each when shown."""
    return _DESTINATIONS


__all__ = [
    "Action",
    "ActionData",
    "AlreadySubmitted",
    "ApiDescription",
    "AsyncActionResponse",
    "AsyncDestError",
    "AsyncOperationResult",
    "AsyncPollResponse",
    "Catalogue",
    "Connection",
    "Destination",
    "Executed",
    "FrameError",
    "HTTPError",
    "IntegrationError",
    "InvalidAuthenticationError",
    "MappingError",
    "MultiStatusEntry",
    "MultiStatusResponse",
    "NotSent",
    "OAuthToken",
    "OperationError",
    "Payload",
    "PayloadValidationError",
    "Preset",
    "ProtocolError",
    "ReplyLost",
    "Request",
    "RetryableError",
    "RowResult",
    "RowsFailed",
    "Run",
    "Schedule",
    "Session",
    "Settings",
    "SettingsError",
    "Simulator",
    "StateContext",
    "StoreError",
    "StoreWarning",
    "StoredMapping",
    "StoredSubscription",
    "Transport",
    "UnknownName",
    "UsageError",
    "api_key_auth",
    "basic_auth",
    "bearer_auth",
    "client_credentials",
    "connect",
    "default_session",
    "destinations",
    "explore",
    "field",
    "http_destination",
    "load",
    "simulate",
]
