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
# What these find is nothing without the object they are of.
_NATIVE = (
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.WrapperDescriptorType,
    types.GetSetDescriptorType,
)


def names_of(function: types.FunctionType) -> Mapping[str, Any]:
    """Return what *function* finds by name outside of itself."""
    return ChainMap(closure_of(function), function.__globals__, vars(builtins))


def closure_of(function: types.FunctionType) -> dict[str, Any]:
    names, cells = function.__code__.co_freevars, function.__closure__ or ()
    found = {}
    for name, cell in zip(names, cells, strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # Not filled yet.
            continue
    return found


def given_to(function: types.FunctionType, own: Sequence[Any]) -> dict[str, Any]:
    """Return what is known of the arguments of *function*: the first is *own*, or defaults."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    last = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    first = dict(zip(names, own, strict=False))
    return {**last, **(function.__kwdefaults__ or {}), **first}


def imported(module: str, following: Sequence[Instruction]) -> dict[str, Any] | None:
    """Return what an import in a function binds to which name; None = it cannot be seen.

    The import itself runs code of modules, whose events are heard.
    """
    if module not in sys.modules:
        return {}  # It has failed.
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
    """Return the name it stores under, and may load another at once."""
    return str(each.argval[0] if isinstance(each.argval, tuple) else each.argval)


def loaded(
    instructions: Sequence[Instruction],
    names: Mapping[str, Any],
    local: Mapping[str, Any],
    *,
    is_to_be_called: bool = False,
) -> Iterator[Any]:
    """Yield what the first of the *instructions* takes from outside, and the others use.

    That it *is_to_be_called* is no use of it yet.
    """
    first, *following = instructions
    if first.opname.startswith(_LOADS):
        found = [(local if first.argval in local else names).get(first.argval)]
        if first.argval == "super":  # It takes the first argument, unseen before Python 3.12.
            yield from local.values()
    elif "LOAD_FAST" in first.opname:
        several = first.argval if isinstance(first.argval, tuple) else (first.argval,)
        found = [local.get(name) for name in several[first.opname.startswith("STORE_") :]]
    else:
        return
    *whole, last = found
    yield from whole
    used, is_plain = _followed(last, following)
    if not (is_plain and is_to_be_called):
        yield used


def _followed(value: Any, instructions: Sequence[Instruction]) -> tuple[Any, bool]:
    """Return what is really used of *value*, such as ``server.url`` of a server.

    And whether that was looked up without running anything.
    """
    for each in instructions:
        if each.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
            break
        if _has_own_way(value):
            return value, False
        try:
            found = inspect.getattr_static(value, each.argval)
        except AttributeError:
            return value, False
        if isinstance(found, _NATIVE):
            return value, not isinstance(found, types.GetSetDescriptorType)
        value = _bound(found, value)
        if isinstance(found, property | functools.cached_property):
            return value, False
    return value, True


def _has_own_way(value: Any) -> bool:
    """Say whether its attributes are found by code of its own."""
    return isinstance(type(value).__getattribute__, types.FunctionType)


def _bound(found: Any, owner: Any) -> Any:
    """Return the member that was *found* as it comes out of its *owner*."""
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
