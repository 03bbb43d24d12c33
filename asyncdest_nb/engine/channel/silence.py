"""What is known not to send anything, read from objects and from the code of functions."""

from __future__ import annotations

import asyncio
import gc
import inspect
import io
import os
import sys
import threading
import types
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dis import Instruction
from typing import Any

from .flow import flow_of
from .loads import closure_of, given_to, imported, loaded, names_of

# Modules that build values, and wait. Nothing of them sends without an event.
_SILENT = frozenset(
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
# Modules that send, or hand on to somebody who does.
_LOUD = frozenset(
    """asyncdest_nb.session asyncio.base_events asyncio.events asyncio.queues
    asyncio.selector_events asyncio.sslproto asyncio.streams asyncio.subprocess asyncio.transports
    concurrent logging.handlers multiprocessing queue _queue socket _socket subprocess
    threading""".split()
)
_LOUD_FUNCTIONS = (eval, exec, compile, __import__, input, breakpoint, globals, vars)
_QUIET = (os.environ, os.getenv, os.getcwd)
# What these hold cannot be seen, or not who waits for them.
_OPAQUE = (
    asyncio.Condition,
    asyncio.Event,
    ContextVar,
    deque,
    threading.local,
    types.AsyncGeneratorType,
    types.CoroutineType,
    types.GeneratorType,
)
# What is in an instance of these is read; other known kinds hold values of their own.
_HOLDERS = frozenset("builtins collections contextlib enum functools itertools types".split())
_NATIVE_METHODS = (
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.WrapperDescriptorType,
)
_ATOMS = (
    *(str, bytes, int, float, complex, bool, type(None), type(...), type(NotImplemented)),
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)
_DESCRIPTIONS = ("__pydantic", "__annotat")  # Of a class, which nothing calls.
# What uses more functions or objects than these is not known to be silent: it would hold up
# the polling. 200 functions take 5 to 20 ms.
_MOST_FUNCTIONS = 200
_MOST_OBJECTS = 100_000


class Reading:
    """A look at objects and code, each of them once.

    ``trusts_libraries``: what a library computes is no matter, as long as no object is at
    hand that may hold a connection.
    """

    def __init__(self, *, trusts_libraries: bool = False) -> None:
        self._trusts_libraries = trusts_libraries
        self._seen = dict[Any, Any]()  # By id, which may come again if they are let go.
        self._functions = 0

    def is_silent(self, value: Any) -> bool:
        """Say whether nothing is sent by using *value*, as far as anybody can know."""
        if type(value) in _ATOMS or id(value) in self._seen or _is_quiet(value):
            return True
        self._seen[id(value)] = value
        if len(self._seen) > _MOST_OBJECTS or self._functions > _MOST_FUNCTIONS:
            return False
        if isinstance(value, types.ModuleType):
            return self._knows(value.__name__)
        if isinstance(value, types.FunctionType):
            return self._is_silent_function(value)
        if isinstance(value, types.MethodType):
            return self._is_silent_method(value)
        if isinstance(value, types.BuiltinFunctionType | types.MethodWrapperType):
            return self._is_silent_builtin(value)
        if isinstance(value, _NATIVE_METHODS):
            return _is_known(value.__objclass__.__module__)
        if isinstance(value, type):
            return self._is_silent_class(value, is_used=not self._trusts_libraries)
        return self._is_silent_instance(value)

    def is_silent_until(self, function: types.FunctionType, step: types.TracebackType) -> bool:
        """Say so of a call of *function* until an error left it, at *step* of its traceback."""
        if _is_ours(function):
            return True
        given = inspect.getargvalues(step.tb_frame)
        arguments = (*given.args, given.varargs, given.keywords)
        local = {name: given.locals[name] for name in arguments if name in given.locals}
        return self._is_silent_code(function.__code__, names_of(function), local, step=step)

    def _is_silent_code(
        self,
        code: types.CodeType,
        names: Mapping[str, Any],
        local: Mapping[str, Any],
        *,
        step: types.TracebackType | None = None,
    ) -> bool:
        """Say so of what may have run of *code* until *step*; None = all of it.

        *names* are what it finds outside of itself, *local* what it was given.
        """
        flow, until = flow_of(code), step and step.tb_lasti
        ran = flow.before(until)
        bound = self._bound_by_imports([flow.from_(at) for at in ran])
        if bound is None:
            return False
        called, further = flow.called_at(until), step and step.tb_next
        for at in ran:
            instructions = flow.from_(at)
            if isinstance(instructions[0].argval, types.CodeType):
                if not self._is_silent_code(instructions[0].argval, names, {**local, **bound}):
                    return False
            waits = flow.is_to_be_called(at, ran)
            used = loaded(instructions, names, {**local, **bound}, is_to_be_called=waits)
            within = further if at == called else None
            if not all(self._is_silent_use(each, within) for each in used):
                return False
        return True

    def _bound_by_imports(self, ran: Iterable[Sequence[Instruction]]) -> dict[str, Any] | None:
        """Return what imports among the instructions bind; None = nobody can know."""
        bound: dict[str, Any] = {}
        for each, *following in ran:
            if each.opname == "IMPORT_NAME" and not self._knows(each.argval):
                if (found := imported(each.argval, following)) is None:
                    return None
                bound |= found
        return bound

    def _is_silent_use(self, value: Any, step: types.TracebackType | None) -> bool:
        """Say so of *value*, whose only call was left at *step*; None = nobody knows its calls."""
        function = value.__func__ if isinstance(value, types.MethodType) else value
        if not step or not isinstance(function, types.FunctionType):
            return self.is_silent(value)
        if function.__code__ is step.tb_frame.f_code:
            return self.is_silent_until(function, step)
        return self.is_silent(value)

    def _knows(self, name: str) -> bool:
        return _is_known(name) or self._trusts_libraries

    def _is_silent_function(self, function: types.FunctionType, *own: Any) -> bool:
        if _is_ours(function):
            return True
        if _is_known(_home(function)):
            return all(self.is_silent(each) for each in closure_of(function).values())
        self._functions += 1
        given = given_to(function, own)
        return self._is_silent_code(function.__code__, names_of(function), given)

    def _is_silent_method(self, value: types.MethodType) -> bool:
        function, own = value.__func__, value.__self__
        if (id(function), id(own)) in self._seen:
            return True
        self._seen[id(function), id(own)] = value
        if isinstance(function, types.FunctionType) and not _is_known(_home(function)):
            return self._is_silent_function(function, own)
        return self.is_silent(function) and self.is_silent(own)

    def _is_silent_builtin(self, value: Any) -> bool:
        own = value.__self__
        if own is not None and not isinstance(own, types.ModuleType):
            return self.is_silent(own)
        return value not in _LOUD_FUNCTIONS and self._knows(value.__module__ or "")

    def _is_silent_class(self, kind: type, *, is_used: bool = True) -> bool:
        if not is_used or issubclass(kind, BaseException):
            return True
        return all(self._is_silent_base(each) for each in kind.__mro__)

    def _is_silent_base(self, kind: type) -> bool:
        if _is_loud(kind.__module__):
            return False
        if _is_known(kind.__module__):
            return True
        members = [each for name, each in vars(kind).items() if not name.startswith(_DESCRIPTIONS)]
        return all(self.is_silent(each) for each in members)

    def _is_silent_instance(self, value: Any) -> bool:
        kind = type(value)
        if isinstance(value, threading.Semaphore):
            return True
        if isinstance(value, _OPAQUE) or not self._is_silent_class(kind):
            return False
        if isinstance(value, io.IOBase):
            return _is_silent_file(value)
        if _is_known(kind.__module__) and kind.__module__ not in _HOLDERS:
            return True
        # Of an exception not its traceback: the frames there are of whoever raised it.
        is_error = isinstance(value, BaseException)
        held = [value.args, vars(value)] if is_error else gc.get_referents(value)
        return all(self.is_silent(each) for each in held if each is not kind)


def _home(function: types.FunctionType) -> str:
    """Return the module it was written in: ``functools.wraps`` copies the name of another."""
    return str(function.__globals__.get("__name__", ""))


def _is_ours(function: types.FunctionType) -> bool:
    """Say whether it is of this package, such as ``request``: what that sends is known."""
    return _home(function).startswith("asyncdest_nb.")


def _is_quiet(value: Any) -> bool:
    return any(value is each for each in (*_QUIET, sys.stdout, sys.stderr))


def _is_silent_file(value: io.IOBase) -> bool:
    """Say so of one that nobody else reads."""
    return isinstance(value, io.StringIO | io.BytesIO) or not value.writable()


def _is_loud(name: str) -> bool:
    return any(name == loud or name.startswith(f"{loud}.") for loud in _LOUD)


def _is_known(name: str) -> bool:
    """Say whether a module of that *name* is known to be silent."""
    if _is_loud(name):
        return False
    parts = name.split(".")
    return any(".".join(parts[:count]) in _SILENT for count in range(1, len(parts) + 1))
