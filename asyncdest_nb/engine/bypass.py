"""Whether a destination's function may have sent something by other means than ``request``.

A vendor's client, a thread, a socket: none of them tells what left, so an exception after
one was used says nothing of what was applied. Two witnesses are asked. An audit hook hears
of connections, processes and threads. But a client may send on a connection that it has
already, and native code raises no events: so what the function had come to use by then is
read from its code, and only what is known not to send is taken for silent.
"""

from __future__ import annotations

import builtins
import dis
import functools
import os
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from enum import Enum
from typing import Any

_EVENTS = frozenset(
    """socket.connect socket.sendto socket.sendmsg http.client.send http.client.connect
    urllib.Request ftplib.sendcmd smtplib.send imaplib.send poplib.putline telnetlib.Thread.write
    subprocess.Popen os.system os.posix_spawn os.spawn os.exec os.fork os.forkpty
    _thread.start_new_thread _thread.start_joinable_thread _posixsubprocess.fork_exec""".split()
)
# Modules that build values, and wait. Nothing of them sends without an event.
_SILENT = frozenset(
    """__future__ _collections _collections_abc _contextvars _decimal _functools _hashlib _io _json
    _operator _random _sre _struct _thread _uuid abc array asyncio base64 binascii bisect builtins
    calendar codecs collections contextlib contextvars copy csv dataclasses datetime decimal
    difflib email enum fractions functools genericpath gzip hashlib heapq hmac html inspect io
    ipaddress itertools json keyword locale logging math ntpath numbers operator posixpath pprint
    random re secrets statistics string struct textwrap time traceback types typing
    typing_extensions unicodedata urllib.parse uuid warnings xml zlib zoneinfo
    annotated_types dateutil numpy orjson pandas pydantic pydantic_core pytz
    asyncdest_nb""".split()
)
# And what is in them and may send, or hand on to somebody who does.
_LOUD_MODULES = frozenset(
    """asyncdest_nb.session asyncdest_nb.engine asyncio.streams asyncio.queues asyncio.subprocess
    asyncio.transports asyncio.events asyncio.base_events logging.handlers""".split()
)
_LOUD = (open, eval, exec, compile, __import__, input, breakpoint)
_QUIET = (os.environ, os.getenv)
_ATOMS = (str, bytes, int, float, complex, type(None), type(...), Enum)

_watching: ContextVar[Watch | None] = ContextVar("asyncdest_watching", default=None)


class Watch:
    """What is heard of one call of a function: whether something has left beside ``request``."""

    def __init__(self) -> None:
        self.has_heard = False

    @contextmanager
    def on(self) -> Iterator[None]:
        """Listen to what is done inside."""
        _listen()
        with _watched_by(self):
            yield


def unwatched() -> AbstractContextManager[None]:
    """Listen to nothing that is done inside: it is ``request`` that sends."""
    return _watched_by(None)


@contextmanager
def _watched_by(watch: Watch | None) -> Iterator[None]:
    token = _watching.set(watch)
    try:
        yield
    finally:
        with suppress(ValueError):  # A coroutine may be thrown away in another context.
            _watching.reset(token)


@functools.cache
def _listen() -> None:
    # For good: Python removes no audit hook. It costs a look at a name per event.
    sys.addaudithook(_heard)


def _heard(event: str, _: object) -> None:
    if event in _EVENTS and (watch := _watching.get()) is not None:
        watch.has_heard = True


def may_have_sent(function: Callable[..., Any], error: BaseException, *given: Any) -> bool:
    """Say whether *function* had used anything that may send when it raised *error*.

    It was *given* these, which may have been written to send too.
    """
    try:
        return not _is_silent_until(function, error, given)
    except Exception:  # Users' objects may raise anything when they are looked at.
        return True


def _is_silent_until(
    function: Callable[..., Any], error: BaseException, given: Sequence[Any]
) -> bool:
    found, seen = getattr(function, "__func__", function), set[int]()
    own = getattr(function, "__self__", None)
    if not all(_is_silent(each, seen) for each in (own, *given)):
        return False
    if not isinstance(found, types.FunctionType):
        return _is_silent(found, seen)
    until = _raised_at(found.__code__, error)
    return _is_silent_function(found, seen, until=until)


def _is_silent_function(
    function: types.FunctionType, seen: set[int], *, until: int | None = None
) -> bool:
    defaults = (function.__defaults__, function.__kwdefaults__)
    return _is_silent_code(function, function.__code__, seen, until=until) and all(
        _is_silent(each, seen) for each in defaults
    )


def _raised_at(code: types.CodeType, error: BaseException) -> int | None:
    """Return the last instruction of *code* before *error*; None = it had come to its end."""
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code is code:
            return step.tb_lasti
        step = step.tb_next
    return None


def _is_silent_code(
    function: types.FunctionType, code: types.CodeType, seen: set[int], *, until: int | None
) -> bool:
    """Say so of the instructions of *code*, in *function*, that may have run *until* one."""
    instructions = list(dis.get_instructions(code))
    end = instructions[-1].offset if until is None else _with_loops(instructions, until)
    names = _names(function)
    for at, each in enumerate(instructions):
        if each.offset > end:
            break
        value = each.argval
        if each.opname == "IMPORT_NAME" and not _is_known(value):
            return False
        if isinstance(value, types.CodeType):
            if not _is_silent_code(function, value, seen, until=None):
                return False
        elif each.opname.startswith(_LOADS) and value in names:
            if not _is_silent(_followed(names[value], instructions[at + 1 :]), seen):
                return False
    return True


def _followed(value: Any, instructions: Sequence[dis.Instruction]) -> Any:
    """Return what is really used of *value*, such as ``server.url`` of a server."""
    for each in instructions:
        own = getattr(value, "__dict__", {})
        if each.opname not in ("LOAD_ATTR", "LOAD_METHOD") or each.argval not in own:
            break
        value = own[each.argval]
    return value


_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT")


def _with_loops(instructions: list[dis.Instruction], until: int) -> int:
    """Return the last instruction that may have run: a loop may have been there, and back."""
    jumps = [
        (each.argval, each.offset)
        for each in instructions
        if each.opcode in dis.hasjrel or each.opcode in dis.hasjabs
    ]
    while further := [at for to, at in jumps if to <= until < at]:
        until = max(further)
    return until


def _names(function: types.FunctionType) -> Mapping[str, Any]:
    found: dict[str, Any] = {**vars(builtins), **function.__globals__}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # Not filled yet.
            found.pop(name, None)
    return found


def _is_known(name: str) -> bool:
    """Say whether a module of that *name* is known to be silent."""
    if any(name == loud or name.startswith(f"{loud}.") for loud in _LOUD_MODULES):
        return False
    parts = name.split(".")
    return any(".".join(parts[:count]) in _SILENT for count in range(1, len(parts) + 1))


def _is_silent(value: Any, seen: set[int]) -> bool:
    """Say whether nothing is sent by using *value*, as far as anybody can know."""
    if isinstance(value, _ATOMS) or id(value) in seen or any(value is each for each in _QUIET):
        return True
    seen.add(id(value))
    if isinstance(value, types.ModuleType):
        return _is_known(value.__name__)
    if isinstance(value, dict):
        return all(_is_silent(each, seen) for each in (*value, *value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return all(_is_silent(each, seen) for each in value)
    if isinstance(value, functools.partial):
        return all(_is_silent(each, seen) for each in (value.func, value.args, value.keywords))
    if isinstance(value, staticmethod | classmethod | types.MethodType):
        own = getattr(value, "__self__", None)
        return _is_silent(own, seen) and _is_silent(value.__func__, seen)
    if isinstance(value, property):
        return all(_is_silent(each, seen) for each in (value.fget, value.fset))
    if isinstance(value, types.FunctionType):
        return _is_known(value.__module__ or "") or _is_silent_function(value, seen)
    return _is_silent_type(value, seen)


def _is_silent_type(value: Any, seen: set[int]) -> bool:
    if isinstance(value, types.BuiltinFunctionType):
        own = getattr(value, "__self__", None)
        is_method = own is not None and not isinstance(own, types.ModuleType)
        if is_method:
            return _is_silent(own, seen)
        return value not in _LOUD and _is_known(value.__module__ or "")
    kind = value if isinstance(value, type) else type(value)
    if not all(_is_silent_class(each, seen) for each in kind.__mro__):
        return False
    if isinstance(value, type) or _is_known(kind.__module__):
        return True
    return _is_silent(getattr(value, "__dict__", None), seen)


def _is_silent_class(kind: type, seen: set[int]) -> bool:
    if _is_known(kind.__module__):
        return True
    return all(_is_silent_member(each, seen) for each in vars(kind).values())


def _is_silent_member(value: Any, seen: set[int]) -> bool:
    if isinstance(value, functools.cached_property):
        value = value.func
    if isinstance(value, _NATIVE):  # Nobody can read what it does.
        return False
    return not isinstance(value, _WRITTEN) or _is_silent(value, seen)


_WRITTEN = (types.FunctionType, staticmethod, classmethod, property)
_NATIVE = (
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.BuiltinFunctionType,
)
