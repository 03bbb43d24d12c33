"""What the instructions of a function take from outside of it."""

from __future__ import annotations

import builtins
import functools
import inspect
import sys
import types
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dis import Instruction
from typing import Any

_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT")
NATIVE_METHODS = (
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.WrapperDescriptorType,
)


def names_of(function: types.FunctionType) -> Mapping[str, Any]:
    """Return what *function* finds by name outside of itself."""
    return ChainMap(closure_of(function), function.__globals__, vars(builtins))


def closure_of(function: types.FunctionType) -> dict[str, Any]:
    """Return the variables of outer functions that *function* uses, if they have a value."""
    names, cells = function.__code__.co_freevars, function.__closure__ or ()
    found = {}
    for name, cell in zip(names, cells, strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # Not filled yet.
            continue
    return found


def arguments_of(function: types.FunctionType, bound: Sequence[Any]) -> dict[str, Any]:
    """Return the known arguments of *function*: the first are *bound*, others have defaults."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    last = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    first = dict(zip(names, bound, strict=False))
    return {**last, **(function.__kwdefaults__ or {}), **first}


def imported(module: str, following: Sequence[Instruction]) -> dict[str, Any] | None:
    """Return by name what an import in a function binds; None = it cannot be found out.

    The import itself runs code of modules, whose events the audit hook sees.
    """
    if module not in sys.modules:
        return {}  # The import failed.
    first = following[0]
    if first.opname.startswith("STORE_"):
        return {_stored(first): sys.modules[module.partition(".")[0]]}
    found: dict[str, Any] = {}
    for each, store in zip(following[::2], following[1::2], strict=False):
        if each.opname != "IMPORT_FROM":
            return found
        if not store.opname.startswith("STORE_"):
            return None
        found[_stored(store)] = getattr(sys.modules[module], each.argval, None)
    return found


def _stored(each: Instruction) -> str:
    """Return the name that it stores; one instruction may store one name and load another."""
    return str(each.argval[0] if isinstance(each.argval, tuple) else each.argval)


def used(
    instructions: Sequence[Instruction],
    names: Mapping[str, Any],
    local: Mapping[str, Any],
    *,
    is_call_pending: bool = False,
) -> Iterator[Any]:
    """Yield what the first of the *instructions* takes from outside, as the others use it.

    *names* are those outside of the function, *local* the arguments that are known. What
    was not called yet (*is_call_pending*) is not used.
    """
    first, *following = instructions
    if not (objects := _loaded(first, names, local)):
        return
    *whole, last = objects
    yield from whole
    found, is_plain = _attribute(last, following)
    if not (is_plain and is_call_pending):
        yield found


def _loaded(each: Instruction, names: Mapping[str, Any], local: Mapping[str, Any]) -> list[Any]:
    """Return the objects that the instruction loads; only the last of them is looked into."""
    if each.opname.startswith(_LOADS):
        found = (local if each.argval in local else names).get(each.argval)
        # super() takes the first argument, which no instruction shows before Python 3.12.
        return [*local.values(), found] if each.argval == "super" else [found]
    if "LOAD_FAST" in each.opname:
        several = each.argval if isinstance(each.argval, tuple) else (each.argval,)
        return [local.get(name) for name in several[each.opname.startswith("STORE_") :]]
    return []


def _attribute(value: Any, instructions: Sequence[Instruction]) -> tuple[Any, bool]:
    """Return what is really used of *value*, such as ``server.url`` of a server.

    And whether looking that up runs no code.
    """
    for each in instructions:
        if each.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
            break
        if _has_own_lookup(value):
            return value, False
        try:
            found = inspect.getattr_static(value, each.argval)
        except AttributeError:
            return value, False
        # These are used with the object they belong to.
        if isinstance(found, (*NATIVE_METHODS, types.GetSetDescriptorType)):
            return value, not isinstance(found, types.GetSetDescriptorType)
        value = _bound(found, value)
        if isinstance(found, property | functools.cached_property):
            return value, False
    return value, True


def _has_own_lookup(value: Any) -> bool:
    """Whether its class finds attributes by Python code of its own."""
    return isinstance(type(value).__getattribute__, types.FunctionType)


def _bound(found: Any, owner: Any) -> Any:
    """Return the member that was *found* as ``owner.member`` returns it."""
    if isinstance(found, types.MemberDescriptorType):
        return found.__get__(owner)
    if isinstance(found, staticmethod):
        return found.__func__
    if isinstance(found, classmethod):
        return types.MethodType(found.__func__, owner)
    if isinstance(found, property | functools.cached_property):
        found = found.fget if isinstance(found, property) else found.func
    is_method = isinstance(found, types.FunctionType) and not isinstance(
        owner, type | types.ModuleType
    )
    return types.MethodType(found, owner) if is_method else found
