"""Whether objects, and the code of functions, are known never to send anything."""

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
from .modules import module_may_send, module_never_sends
from .uses import NATIVE_METHODS, arguments_of, closure_of, imported, names_of, used

_PACKAGE = __name__.partition(".")[0]
# They run code that is not seen, or give access to all names.
_UNSEEN_CODE = (eval, exec, compile, __import__, input, breakpoint, globals, vars)
_HARMLESS = (os.environ, os.getenv, os.getcwd)
# What these hold, or who waits for them, cannot be seen.
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
# Instances of their classes hold objects of anybody; those of other modules hold values.
_CONTAINER_MODULES = frozenset(
    "builtins collections contextlib enum functools itertools types".split()
)
_ATOMS = (
    *(str, bytes, int, float, complex, bool, type(None), type(...), type(NotImplemented)),
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)
_DESCRIPTIONS = ("__pydantic", "__annotat")  # Members of a class that nothing calls.
# A function that uses more than this may have sent: to read it all would hold up the polling.
# 200 functions take 5 to 20 ms.
_MOST_FUNCTIONS = 200
_MOST_OBJECTS = 100_000


class SendCheck:
    """One check of objects and code, which looks at each of them once.

    ``trusts_libraries``: unknown libraries count as safe, as long as no object is used that
    may hold a connection.
    """

    def __init__(self, *, trusts_libraries: bool = False) -> None:
        self._trusts_libraries = trusts_libraries
        # By id; the objects are kept, since an id is used again once its object is gone.
        self._seen = dict[Any, Any]()
        self._functions = 0

    def never_sends(self, value: Any) -> bool:
        """Whether using *value* is known never to send; an object that was seen before is safe."""
        if type(value) in _ATOMS or id(value) in self._seen or _is_harmless(value):
            return True
        self._seen[id(value)] = value
        if len(self._seen) > _MOST_OBJECTS or self._functions > _MOST_FUNCTIONS:
            return False
        if isinstance(value, types.ModuleType):
            return self._is_safe_module(value.__name__)
        if isinstance(value, types.FunctionType):
            return self._is_safe_function(value)
        if isinstance(value, types.MethodType):
            return self._is_safe_method(value)
        if isinstance(value, types.BuiltinFunctionType | types.MethodWrapperType):
            return self._is_safe_builtin(value)
        if isinstance(value, NATIVE_METHODS):
            return module_never_sends(value.__objclass__.__module__)
        if isinstance(value, type):
            return self._trusts_libraries or self._is_safe_class(value)
        return self._is_safe_instance(value)

    def never_sent_until(self, function: types.FunctionType, step: types.TracebackType) -> bool:
        """Whether a call of *function* sent nothing until an error left it at *step*."""
        if _is_of_package(function):
            return True
        given = inspect.getargvalues(step.tb_frame)
        arguments = (*given.args, given.varargs, given.keywords)
        local = {name: given.locals[name] for name in arguments if name in given.locals}
        return self._is_safe_code(function.__code__, names_of(function), local, step=step)

    def _is_safe_code(
        self,
        code: types.CodeType,
        names: Mapping[str, Any],
        local: Mapping[str, Any],
        *,
        step: types.TracebackType | None = None,
    ) -> bool:
        """Whether what may have run of *code* until *step* never sends; None = all of it.

        *names* are what it finds outside of itself, *local* the arguments that are known.
        """
        flow, until = flow_of(code), step and step.tb_lasti
        ran = flow.may_have_run(until)
        bound = self._bound_by_imports([flow.from_(at) for at in ran])
        if bound is None:
            return False
        local, last_call = {**local, **bound}, flow.load_of_last_call(until)
        for at in ran:
            instructions = flow.from_(at)
            inner = instructions[0].argval
            if isinstance(inner, types.CodeType) and not self._is_safe_code(inner, names, local):
                return False
            is_pending = flow.is_call_pending(at, ran)
            further = step.tb_next if step and at == last_call else None
            objects = used(instructions, names, local, is_call_pending=is_pending)
            if not all(self._is_safe_use(each, further) for each in objects):
                return False
        return True

    def _bound_by_imports(self, ran: Iterable[Sequence[Instruction]]) -> dict[str, Any] | None:
        """Return by name what imports among the instructions bind; None = unknown."""
        bound: dict[str, Any] = {}
        for each, *following in ran:
            if each.opname == "IMPORT_NAME" and not self._is_safe_module(each.argval):
                if (found := imported(each.argval, following)) is None:
                    return None
                bound |= found
        return bound

    def _is_safe_use(self, value: Any, step: types.TracebackType | None) -> bool:
        """Whether using *value* never sent; *step* is where the error left its only call.

        None = it may have been called any number of times, or not at all.
        """
        function = value.__func__ if isinstance(value, types.MethodType) else value
        if not step or not isinstance(function, types.FunctionType):
            return self.never_sends(value)
        if function.__code__ is not step.tb_frame.f_code:
            return self.never_sends(value)
        return self.never_sent_until(function, step)

    def _is_safe_module(self, name: str) -> bool:
        return self._trusts_libraries or module_never_sends(name)

    def _is_safe_function(self, function: types.FunctionType, *bound: Any) -> bool:
        if _is_of_package(function):
            return True
        if module_never_sends(_module_of(function)):
            return all(self.never_sends(each) for each in closure_of(function).values())
        self._functions += 1
        arguments = arguments_of(function, bound)
        return self._is_safe_code(function.__code__, names_of(function), arguments)

    def _is_safe_method(self, value: types.MethodType) -> bool:
        function, owner = value.__func__, value.__self__
        if (id(function), id(owner)) in self._seen:
            return True
        self._seen[id(function), id(owner)] = value
        if isinstance(function, types.FunctionType) and not module_never_sends(
            _module_of(function)
        ):
            return self._is_safe_function(function, owner)
        return self.never_sends(function) and self.never_sends(owner)

    def _is_safe_builtin(self, value: Any) -> bool:
        owner = value.__self__
        if owner is not None and not isinstance(owner, types.ModuleType):
            return self.never_sends(owner)
        return value not in _UNSEEN_CODE and self._is_safe_module(value.__module__ or "")

    def _is_safe_class(self, kind: type) -> bool:
        if issubclass(kind, BaseException):
            return True
        return all(self._is_safe_base(each) for each in kind.__mro__)

    def _is_safe_base(self, kind: type) -> bool:
        if module_may_send(kind.__module__):
            return False
        if module_never_sends(kind.__module__):
            return True
        members = [each for name, each in vars(kind).items() if not name.startswith(_DESCRIPTIONS)]
        return all(self.never_sends(each) for each in members)

    def _is_safe_instance(self, value: Any) -> bool:
        kind = type(value)
        if isinstance(value, threading.Semaphore):
            return True
        if isinstance(value, _OPAQUE) or not self._is_safe_class(kind):
            return False
        if isinstance(value, io.IOBase):
            return _is_private_file(value)
        if module_never_sends(kind.__module__) and kind.__module__ not in _CONTAINER_MODULES:
            return True
        # Not the traceback of an exception: its frames belong to whoever raised it.
        is_error = isinstance(value, BaseException)
        held = [value.args, vars(value)] if is_error else gc.get_referents(value)
        return all(self.never_sends(each) for each in held if each is not kind)


def _module_of(function: types.FunctionType) -> str:
    """Return the module it was written in: ``functools.wraps`` copies the name of another."""
    return str(function.__globals__.get("__name__", ""))


def _is_of_package(function: types.FunctionType) -> bool:
    """Whether it is of this package, such as ``request``, whose exchanges are known."""
    return _module_of(function).startswith(f"{_PACKAGE}.")


def _is_harmless(value: Any) -> bool:
    return any(value is each for each in (*_HARMLESS, sys.stdout, sys.stderr))


def _is_private_file(value: io.IOBase) -> bool:
    """Whether nobody else can read what is written to it."""
    return isinstance(value, io.StringIO | io.BytesIO) or not value.writable()
