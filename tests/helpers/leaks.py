"""A watch over secrets during the whole test run: what they are, and what left the package.

Secrets are what any client or redactor is given, and the signatures in the URLs that
are requested. A text has left the package when it is in a log record; in an exception
that the package itself made, that ``pytest.raises`` caught, or that a call of a
destination's function handed over (``CallResult.error``); or in a session file, a notebook
or a log on disk. What a destination's function raises is inside until it is handed over:
masking it is the engine's work. So is what happens on the way to an access token, which
is a secret that nobody knows yet: the call that wanted it hands over what is said of it. And
so are mistakes in what ``extend_request`` makes of the settings, until ``connect`` raises them.
"""

from __future__ import annotations

import base64
import functools
import inspect
import json
import logging
import os
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from asyncdest_nb.engine import Engine
from asyncdest_nb.engine.channel.call import CallResult
from asyncdest_nb.engine.channel.token import AccessToken
from asyncdest_nb.errors import AsyncDestError
from asyncdest_nb.request import Call, Client, Redactor

SHORTEST, VARIETY = 10, 6  # Characters. Of "demo" and "0000000000" every text is full.
FILES = ("*.sqlite", "*.sqlite-wal", "*.sqlite-journal", "*.ipynb", "*.log")
# Functions of these speak for a destination; what they raise is masked on its way out.
INSIDE = ("asyncdest_nb.destinations", "asyncdest_nb.simulators")
TOKENS = AccessToken.renew.__qualname__
CHANNELS = Engine.channel.__qualname__

_SIGNATURE = re.compile(
    r"[?&](X-Amz-Signature|X-Amz-Security-Token|X-Goog-Signature|Signature|sig)=([^&#\s]+)", re.I
)


class Watch:
    """Secrets by what they are, and texts by where they were seen."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.texts: dict[str, str] = {}

    def keep(self, secret: object, kind: str) -> None:
        """Remember a secret, if it looks like one."""
        text = str(secret).strip()
        if len(text) >= SHORTEST and len(set(text)) >= VARIETY and not text.isalpha():
            self.secrets.setdefault(text, f"{kind}, first given in {_test()}")

    def keep_signatures(self, url: str) -> None:
        """Remember the signatures of a pre-signed URL."""
        for name, value in _SIGNATURE.findall(url):
            self.keep(value, f"the {name} of a URL")

    def note(self, text: str, where: str) -> None:
        """Remember a text that left the package."""
        self.texts.setdefault(text, f"{where} in {_test()}")

    def note_exception(self, error: BaseException | None, where: str) -> None:
        """Remember all that a traceback of *error* shows, but the lines of source in it."""
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            self.note("".join(traceback.format_exception_only(error)), where)
            self.note("\n".join([repr(error), *map(str, vars(error).values())]), where)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)

    def found(self, root: Path) -> list[str]:
        """Return which secret is where, in the texts and in the files below *root*."""
        forms = {form: kind for secret, kind in self.secrets.items() for form in forms_of(secret)}
        return sorted(
            f"{where}: {forms[form]}"
            for where, content in self._contents(root)
            for form in _in(content, forms)
        )

    def _contents(self, root: Path) -> Iterator[tuple[str, bytes]]:
        by_place: dict[str, list[str]] = {}
        for text, where in self.texts.items():
            by_place.setdefault(where, []).append(text)
        for where, texts in by_place.items():
            yield where, "\n".join(texts).encode("utf-8", "backslashreplace")
        for pattern in FILES:
            for path in root.rglob(pattern):
                if path.is_file():
                    yield str(path.relative_to(root)), path.read_bytes()


def _test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "no test").rpartition(" (")[0]


def forms_of(secret: str) -> set[bytes]:
    """Return the ways a secret may be written."""
    pair = base64.b64encode(secret.encode("utf-8", "replace")).decode().rstrip("=")
    texts = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], pair}
    return {text.encode("utf-8", "backslashreplace") for text in texts}


def _in(content: bytes, forms: Iterable[bytes]) -> Iterator[bytes]:
    return (form for form in forms if form in content)


class Records(logging.Handler):
    """Hand every log record to a watch, with its traceback."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(logging.NOTSET)
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        """Remember the whole text of *record*."""
        self._watch.note(self.format(record), f"a log record of {record.name}")


def attach(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    """Let *watch* see all that is given and all that leaves, until *patch* is undone."""
    logger = logging.getLogger("asyncdest_nb")
    patch.setattr(logger, "level", logging.DEBUG)
    logger.setLevel(logger.level)  # Loggers below it remember what is enabled.
    patch.setattr(logging.root, "handlers", [*logging.root.handlers, Records(watch)])
    _watch_secrets(watch, patch)
    _watch_exceptions(watch, patch)
    patch.setattr(pytest, "raises", _watched(pytest.raises, watch))


def _watch_secrets(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    def client(self: Client, *, secrets: Iterable[Any] = (), **options: Any) -> None:
        found = list(secrets)
        for each in found:
            watch.keep(getattr(each, "get_secret_value", lambda each=each: each)(), "a setting")
        return was_client(self, secrets=found, **options)

    def redactor(self: Redactor, secrets: Iterable[str] = ()) -> None:
        found = list(secrets)
        for each in found:
            watch.keep(each, "a credential")
        return was_redactor(self, found)

    async def call(self: Call, url: str, **options: Any) -> Any:
        watch.keep_signatures(str(url))
        for name, value in (options.get("params") or {}).items():
            watch.keep_signatures(f"?{name}={value}")
        return await was_call(self, url, **options)

    was_client, was_redactor, was_call = Client.__init__, Redactor.__init__, Call.__call__
    patch.setattr(Client, "__init__", client)
    patch.setattr(Redactor, "__init__", redactor)
    patch.setattr(Call, "__call__", call)


def _watch_exceptions(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    def made(self: AsyncDestError, *args: object) -> None:
        Exception.__init__(self, *args)
        if _is_ours(inspect.currentframe()):
            watch.note(f"{self} {self!r}", f"a {type(self).__name__} that was made")

    def asked(self: CallResult, *args: Any, **named: Any) -> None:
        was_asked(self, *args, **named)
        if not _is_for_a_token(inspect.currentframe()):
            watch.note_exception(self.error, "the error of a call")

    was_asked = CallResult.__init__
    patch.setattr(AsyncDestError, "__init__", made)
    patch.setattr(CallResult, "__init__", asked)


def _is_ours(frame: FrameType | None) -> bool:
    """Whether the package, and no destination's function, makes what *frame* begins to make."""
    while frame and frame.f_globals["__name__"] in ("asyncdest_nb.errors", __name__):
        frame = frame.f_back
    name = frame.f_globals["__name__"] if frame else ""
    is_inside = name.startswith(INSIDE) or _is_for_a_token(frame) or _is_in(CHANNELS, frame)
    return name.startswith("asyncdest_nb.") and not is_inside


def _is_for_a_token(frame: FrameType | None) -> bool:
    return _is_in(TOKENS, frame)


def _is_in(function: str, frame: FrameType | None) -> bool:
    return any(each.f_code.co_qualname == function for each, _ in traceback.walk_stack(frame))


def _watched(raises: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    @functools.wraps(raises)
    def watched(*args: Any, **named: Any) -> Any:
        context = raises(*args, **named)
        return _Raises(context, watch) if hasattr(context, "__exit__") else context

    return watched


class _Raises:
    """What ``pytest.raises`` returns, with a look at what it caught."""

    def __init__(self, context: Any, watch: Watch) -> None:
        self._context = context
        self._watch = watch

    def __enter__(self) -> Any:
        return self._context.__enter__()

    def __exit__(self, kind: Any, error: BaseException | None, tb: Any) -> Any:
        __tracebackhide__ = True
        if any("asyncdest_nb" in f.f_globals.get("__name__", "") for f, _ in traceback.walk_tb(tb)):
            self._watch.note_exception(error, "an exception that was caught")
        return self._context.__exit__(kind, error, tb)
