"""The Python cell that does what was clicked."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Collection, Iterable, Mapping
from itertools import chain, count
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from ...session import Session
from .offers import Offer

WIDTH = 88  # Characters that fit in a cell beside a file browser.

_MODULES = {"ad": "asyncdest_nb", "getpass": "getpass", "json": "json"}  # By the name in a cell.


def cell(
    offer: Offer,
    settings: Mapping[str, Any],
    submit: str = "",
    *,
    session: str = "",
    opening: str | None = None,
    rows: str = "",
    taken: Collection[str] = (),
) -> str:
    """Return the cell that connects to *offer*, and goes on with *submit* if that is given.

    In place of a secret among *settings*, a question for it is written. *session* is the
    variable that holds the session, *opening* the arguments of a new one if none does;
    neither = the default session. *rows* is the name in *submit* of a frame that no variable
    holds, for the user to fill in; empty = a variable holds it. Names that are *taken* are
    not assigned.
    """
    ad, crm, demo, run = (free(name, taken) for name in ("ad", "crm", "demo", "run"))
    slug = literal(offer.destination.slug)
    hidden = {
        key: value
        for key, value in settings.items()
        if is_secret(value) or offer.settings[key].holds_secret
    }
    place = demo if offer.is_simulated else offer.variable or slug
    holder = session or (ad if opening is None else free("session", taken))
    written = {
        key: _question(offer.settings[key].label, value, taken)
        if key in hidden
        else literal(value, indent=len(key) + 5)
        for key, value in settings.items()
    }
    lines = [
        *_imports(hidden.values(), taken),
        f"import asyncdest_nb as {ad}",
        "",
        *([f"{rows} = ...  # the frame you gave to {ad}.explore(…)"] if rows else []),
        *([] if session or opening is None else [f"{holder} = {ad}.Session({opening})"]),
        *([f"{demo} = {ad}.simulate({slug})"] if offer.is_simulated else []),
        f"{crm} = {call(f'{holder}.connect', [place], written)}",
        *([f"{run} = {submit}", run] if submit else []),
    ]
    return "\n".join(lines)


def free(name: str, taken: Collection[str]) -> str:
    """Return *name*, with a number behind it if it is *taken*."""
    others = (f"{name}_{number}" for number in count(2))
    return next(each for each in chain([name], others) if each not in taken)


def taken_names(names: Mapping[str, Any]) -> frozenset[str]:
    """Return those of *names* that mean something else than in a cell written here."""
    return frozenset(
        name
        for name, each in list(names.items())
        if name not in _MODULES or each is not sys.modules.get(_MODULES[name])
    )


def _imports(hidden: Collection[Any], taken: Collection[str]) -> list[str]:
    """Return the imports for the questions for *hidden* values, and a blank line."""
    modules = ["getpass"] if hidden else []
    if not all(map(_is_text, hidden)):
        modules.append("json")
    names = [(module, free(module, taken)) for module in modules]
    lines = [f"import {each}" + f" as {name}" * (name != each) for each, name in names]
    return [*lines, ""] if lines else []


def _question(label: str, value: Any, taken: Collection[str]) -> str:
    """Return the call that asks for a hidden *value*."""
    asked = f"{free('getpass', taken)}.getpass({literal(label)})"
    return asked if _is_text(value) else f"{free('json', taken)}.loads({asked})"


def _is_text(value: object) -> bool:
    return isinstance(value, str | SecretStr)


def submit_call(
    frame: str,
    action: str,
    keywords: Mapping[str, Any],
    *,
    taken: Collection[str] = (),
) -> str:
    """Return the call of ``submit``; *frame* is the code of the rows."""
    written = {name: literal(value, indent=len(name) + 5) for name, value in keywords.items()}
    return call(f"{free('crm', taken)}.submit", [frame, literal(action)], written)


def preset_call(
    frame: str, name: str, keywords: Mapping[str, Any], *, taken: Collection[str] = ()
) -> str:
    """Return the call of ``submit`` by the preset called *name*, which has its own mapping."""
    crm = free("crm", taken)
    written = {
        key: literal(value, indent=len(key) + 5)
        for key, value in keywords.items()
        if key not in ("mapping", "subscribe")
    }
    preset = f"**{crm}.destination.presets[{literal(name)}]"
    return call(f"{crm}.submit", [frame, preset], written)


def session_arguments(session: Session) -> str:
    """Return the arguments of a session like *session*."""
    defaults = inspect.signature(Session).parameters
    written = {
        name: literal(value)
        for name in ("keep_payloads", "keep_days")
        if (value := getattr(session, name)) != defaults[name].default
    }
    if session.name is None and session.path is not None:
        written = {"path": literal(str(session.path))} | written
    place = [] if session.name is None else [literal(session.name)]
    return ", ".join([*place, *(f"{name}={value}" for name, value in written.items())])


def is_secret(value: object) -> bool:
    """Whether *value* must not be written: a secret, or a URL with a password in it."""
    return isinstance(value, SecretStr) or (isinstance(value, str) and _has_password(value))


def _has_password(text: str) -> bool:
    try:
        return urlsplit(text).password is not None
    except ValueError:
        return False


def call(function: str, arguments: Iterable[str], keywords: Mapping[str, str]) -> str:
    """Write a call: on one line if it fits, otherwise one line for each argument."""
    parts = [*arguments, *(f"{name}={value}" for name, value in keywords.items())]
    flat = f"{function}({', '.join(parts)})"
    if len(flat) + len("run = ") <= WIDTH and "\n" not in flat:
        return flat
    return f"{function}(\n" + "".join(f"    {part},\n" for part in parts) + ")"


def literal(value: Any, *, indent: int = 0) -> str:
    """Write a JSON value in Python; a long one is written over several lines.

    *indent* is where it begins, in characters; lines are indented for an argument.
    """
    return _literal(value, begins=indent, depth=1)


def _literal(value: Any, *, begins: int, depth: int) -> str:
    flat = _flat(value)
    if begins + len(flat) <= WIDTH - 1 or not isinstance(value, dict | list) or not value:
        return flat
    margin = "    " * (depth + 1)
    if isinstance(value, dict):
        heads = [f"{_flat(key)}: " for key in value]
        items: Iterable[Any] = value.values()
    else:
        heads, items = [""] * len(value), value
    lines = [
        f"{margin}{head}{_literal(each, begins=len(margin + head), depth=depth + 1)},\n"
        for head, each in zip(heads, items, strict=True)
    ]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{''.join(lines)}{'    ' * depth}{closing}"


def _flat(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{_flat(k)}: {_flat(each)}" for k, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flat, value)) + "]"
        case str():
            return _quoted(value)
        case _:
            return repr(value)


def _quoted(text: str) -> str:
    # repr() escapes invisible characters, such as marks that reverse the direction of text.
    found = repr(text)
    return f'"{found[1:-1]}"' if found[0] == "'" and '"' not in found else found
