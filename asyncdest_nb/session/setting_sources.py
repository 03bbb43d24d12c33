"""Settings that a connect leaves out, from where people keep their credentials.

From the file of variables that the connect names, else the environment, else the keyring.
The values are settings like those that are given: masked, and never in an error.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ..destination import Destination, Settings, input_fields
from ..errors import SettingsError, UsageError, install_command
from .session_file import absolute_path

logger = logging.getLogger(__name__)

# Given a key of the settings, the value that is kept, and where, in words; None = there is none.
LookUp = Callable[[str], tuple[str, str] | None]


@dataclass(frozen=True)
class FoundSettings:
    """The settings of a connect; ``sources`` says in words where those are from that it left out.

    It has them by key, and nothing about those that were given.
    """

    # How a notebook shows a note; the package's face sets it.
    show_note: ClassVar[Callable[..., None]] = staticmethod(logger.info)

    settings: Settings = field(repr=False)
    sources: Mapping[str, str]

    def show_sources(self, name: str) -> None:
        """Show a note about what was not given to connect to *name*; nothing if all was."""
        if self.sources:
            found = ", ".join(f"{key} is from {source}" for key, source in self.sources.items())
            self.show_note(f"{name}: {found}")


def find_settings(
    destination: Destination,
    given: Mapping[str, Any],
    *,
    env_file: str | Path | None,
    is_simulated: bool,
) -> FoundSettings:
    """Return *given* with what it leaves out, from *env_file*, the environment and the keyring.

    A simulated destination reads only the file, since it brings what it needs. Raises
    UsageError if the file cannot be read or has nothing for *destination*, SettingsError,
    without values, if the settings do not fit.
    """
    values, sources = dict(given), {}
    for look_up in _look_ups(destination, env_file, is_simulated):
        for key in _left_out(destination, values):
            if (found := look_up(key)) is not None:
                values[key], sources[key] = found
    try:
        return FoundSettings(destination.read_settings(values), sources)
    except SettingsError as error:
        raise SettingsError(f"{error}{_hint(destination, sources, is_simulated)}") from None


def _look_ups(
    destination: Destination, env_file: str | Path | None, is_simulated: bool
) -> Iterator[LookUp]:
    if env_file is not None:
        yield _in_file(destination, env_file)
    if not is_simulated:
        yield lambda key: _first(_variables(destination, key), os.environ.get, "the variable %s")
        yield lambda key: _in_keyring(f"asyncdest-nb/{destination.slug}", key)


def _left_out(destination: Destination, values: Mapping[str, Any]) -> list[str]:
    """Return the keys to look up: those that are not among *values*.

    With a secret among these no optional secret is looked up: a token that somebody left in
    the environment would be used in place of the password that was given.
    """
    fields = input_fields(destination.settings)
    has_secret = any(fields[key].holds_secret for key in values if key in fields)
    return [
        key
        for key, each in fields.items()
        if key not in values and not (has_secret and each.holds_secret and not each.required)
    ]


def variable(slug: str, key: str) -> str:
    """Return the name of the variable that has the setting *key* of the destination *slug*."""
    return re.sub(r"\W", "_", f"ASYNCDEST_{slug}_{key}").upper()


def _variables(destination: Destination, key: str) -> list[str]:
    """Return the variables that may have a setting: ours, and that of the vendor's clients."""
    own = input_fields(destination.settings)[key].variable
    return [variable(destination.slug, key), *([own] if own else [])]


def _first(
    names: Sequence[str], get: Callable[[str], str | None], where: str
) -> tuple[str, str] | None:
    """Return the first value that one of *names* has, and *where* it is, in words."""
    found = ((get(name), where.replace("%s", name, 1)) for name in names)
    return next(((value, place) for value, place in found if value), None)


def _in_file(destination: Destination, path: str | Path) -> LookUp:
    values = _read_file(path)
    fields = input_fields(destination.settings)
    names = [name for key in fields for name in _variables(destination, key)]
    if not any(values.get(name) for name in names):
        raise UsageError(f"{path} has none of the variables {', '.join(names)}")

    def look_up(key: str) -> tuple[str, str] | None:
        return _first(_variables(destination, key), values.get, f"%s in {path}")

    return look_up


def _read_file(path: str | Path) -> Mapping[str, str | None]:
    try:
        from dotenv import dotenv_values
    except ImportError:
        raise UsageError(f"env_file needs python-dotenv: {install_command('keys')}") from None
    try:
        with absolute_path(path, "a file of variables").open(encoding="utf-8") as stream:
            # A password may contain what looks like the name of a variable.
            return dotenv_values(stream=stream, interpolate=False)
    except OSError as error:
        raise UsageError(f"cannot read the env_file {path}: {error.strerror}") from None
    except UnicodeDecodeError:  # Its message has a part of the file.
        raise UsageError(f"cannot read the env_file {path}: it is not UTF-8") from None


def _in_keyring(service: str, key: str) -> tuple[str, str] | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        value = keyring.get_password(service, key)
    except (KeyringError, OSError) as error:  # A server has a keyring that nobody can open.
        logger.info("the keyring cannot be read: %s", error)
        return None
    return (value, f"the keyring ({service})") if value else None


def _hint(destination: Destination, sources: Mapping[str, str], is_simulated: bool) -> str:
    found = "".join(f"; {key} is from {source}" for key, source in sources.items())
    name = f"{variable(destination.slug, '')}<SETTING>"
    where = f"; what is left out may be in a variable {name}, or in the keyring"
    return found if is_simulated else f"{found}{where}"
