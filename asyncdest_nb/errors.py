"""The exceptions of this package, one tree.

AsyncDestError
├── UsageError (ValueError)         the caller's fault, raised before anything is sent
│   ├── UnknownName (LookupError)   an unknown destination, action, field, column or knob
│   │   └── UnknownStateKey (KeyError)
│   ├── FrameError                  a DataFrame that cannot be read
│   ├── MappingError                a mapping that cannot be evaluated
│   └── SettingsError               settings that do not fit the destination
├── StoreError (OSError)            the session's file cannot be read or written
├── RowsFailed                      rows of a run did not complete, for those who ask
├── RequestFailed (ConnectionError) a request got no whole answer
│   ├── NotSent                     it provably never reached the destination
│   └── ReplyLost                   it may have been applied: unknown here
│       └── ReplyTimeout (TimeoutError)
└── DestinationError                the destination, or the code of its definition, refused
    ├── HTTPError                   an answer with a status other than 2xx
    ├── ProtocolError               an answer outside the protocol: it may have been applied
    ├── IntegrationError            a refusal, with Segment's code and status
    │   ├── PayloadValidationError
    │   └── InvalidAuthenticationError
    └── RetryableError              not applied, may be sent again

A row's fault is a result, not an exception; a partner's fault becomes the
operation's status and message. Users get the first three branches; ``perform`` and
``poll`` raise the last two to the engine.
"""

from __future__ import annotations

import difflib
import json
import warnings
from collections.abc import Iterable
from importlib.metadata import distribution
from numbers import Integral, Real
from typing import Any, Self
from urllib.parse import urlparse
from urllib.request import url2pathname

VALIDATION_FAILED = "PAYLOAD_VALIDATION_FAILED"  # Segment's code for a row that does not fit.


class AsyncDestError(Exception):
    """The base of all exceptions that this package raises on purpose."""


class UsageError(AsyncDestError, ValueError):
    """The caller's fault; nothing has been sent."""


def check_number(
    name: str, value: object, *, whole: bool = False, zero: bool = False, unit: str = ""
) -> None:
    """Raise UsageError unless *value* is None or a number above 0; *zero* allows 0 too."""
    is_number = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if value is None or (is_number and (value > 0 or (zero and value == 0))):  # type: ignore[operator]
        return
    least = "of 0 or more" if zero else "of 1 or more" if whole else "above 0"
    kind = "an integer" if whole else "a number"
    raise UsageError(f"{name} is {value!r}; it must be {kind} {least}{unit and f' ({unit})'}")


def check_bool(name: str, value: object) -> None:
    """Raise UsageError unless *value* is True or False: a text such as "no" would count as True."""
    if not isinstance(value, bool):
        raise UsageError(f"{name} is {value!r}; it must be True or False")


def install_command(extra: str) -> str:
    """Return the command that installs *extra* of this package from where the package is from.

    That need not be an index: pip writes down the folder or URL that it was given (PEP 610).
    """
    text = distribution("asyncdest-nb").read_text("direct_url.json")
    source = json.loads(text) if text else {}
    if "dir_info" in source:
        folder = url2pathname(urlparse(source["url"]).path)
        editable = "-e " * bool(source["dir_info"].get("editable"))
        return f'pip install {editable}"{folder}[{extra}]"'
    vcs = source.get("vcs_info", {}).get("vcs", "")
    place = f" @ {vcs}{'+' * bool(vcs)}{source['url']}" if source else ""
    return f'pip install "asyncdest-nb[{extra}]{place}"'


class AlreadySubmitted(UserWarning):
    """The same rows were submitted before: nothing was sent, and the earlier run was returned."""


def warn(text: str, category: type[Warning], *, stacklevel: int) -> None:
    """Warn as ``warnings.warn`` does; do nothing where standard error is closed."""
    try:
        warnings.warn(text, category, stacklevel=stacklevel + 1)
    except (ValueError, AttributeError, OSError):  # What writing to such a stream raises.
        return


class WaitInterrupted(KeyboardInterrupt):
    """The user interrupted a wait, and nothing else: the run goes on."""

    def __init__(self) -> None:
        super().__init__("only the waiting was interrupted: the run continues")


class UnknownName(UsageError, LookupError):
    """An unknown name; the message lists the known ones."""

    @classmethod
    def of(cls, kind: str, name: object, known: Iterable[object], *, owner: str = "") -> Self:
        """Return the error that the *owner* has no *kind* called *name*, only the *known* ones."""
        names = [str(each) for each in known]
        near = difflib.get_close_matches(str(name), names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        nothing = f"{owner} has no {kind} {name!r}" if owner else f"no {kind} {name!r}"
        return cls(f"{nothing}{hint} Known: {', '.join(sorted(names)) or 'none'}")


class UnknownStateKey(UnknownName, KeyError):
    """A key under which no destination keeps a value now."""

    # That of KeyError would show the message in quotes.
    __str__ = Exception.__str__


class FrameError(UsageError):
    """A DataFrame that cannot be read as rows."""


class MappingError(UsageError):
    """A mapping that cannot be evaluated, or leaves a required field empty."""


class SettingsError(UsageError):
    """Settings that do not fit the destination's model."""


class StoreError(AsyncDestError, OSError):
    """The session's file cannot be opened, read or written."""


class RowsFailed(AsyncDestError):
    """Rows of a run did not complete; ``counts`` has the rows of the frame per status."""

    def __init__(self, message: str, *, counts: dict[str, int]) -> None:
        super().__init__(message)
        self.counts = counts


class RequestFailed(AsyncDestError, ConnectionError):
    """A request that got no whole answer."""


class NotSent(RequestFailed):
    """The request provably never reached the destination: sending again is safe."""


class ReplyLost(RequestFailed):
    """The request left and no whole answer came back: it may have been applied."""


class ReplyTimeout(ReplyLost, TimeoutError):
    """No whole answer within the timeout: the request may have been applied."""


class DestinationError(AsyncDestError):
    """The destination, or the code of its definition, refused."""


class HTTPError(DestinationError):
    """An answer with a status other than 2xx.

    ``status`` is the HTTP status, ``excerpt`` the first characters of the body
    with secrets masked, ``retry_after`` the seconds that the destination asked to wait
    (None = it did not). ``response`` is the answer as it arrived, for the code of a
    definition; None once the error has left the function that made the request.
    ``is_of_result``: a ``poll`` sets it if the destination knows the operation, and the file
    of its results is not found; the ``missing_seconds`` of the action do not count then.
    """

    is_of_result = False

    def __init__(
        self,
        message: str,
        *,
        status: int,
        excerpt: str = "",
        retry_after: float | None = None,
        response: Any = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.excerpt = excerpt
        self.retry_after = retry_after
        self.response = response


class ProtocolError(DestinationError):
    """An answer outside the destination's protocol: the request may have been applied."""


class TokenError(ProtocolError):
    """An answer of a token endpoint without a token; the text quotes nothing of it."""


class IntegrationError(DestinationError):
    """A refusal stated by the destination's own code, in Segment's words (status, code)."""

    def __init__(self, message: str, code: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class PayloadValidationError(IntegrationError):
    """A payload the destination's own code refuses before sending it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, VALIDATION_FAILED, 400)


class InvalidAuthenticationError(IntegrationError):
    """Credentials the destination does not accept."""

    def __init__(self, message: str, code: str = "INVALID_AUTHENTICATION") -> None:
        super().__init__(message, code, 401)


class RetryableError(DestinationError):
    """The destination's own code declares: not applied, and may be sent again.

    ``retry_after`` is in seconds; None = the engine decides how long to wait. With
    ``polls_go_on`` only submissions wait: a limit of the account takes no more of them, and
    answers about those that it has taken. It needs ``retry_after``.
    """

    def __init__(
        self,
        message: str,
        status: int = 500,
        retry_after: float | None = None,
        *,
        polls_go_on: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.polls_go_on = polls_go_on and retry_after is not None
