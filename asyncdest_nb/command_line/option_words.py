"""Messages of the package in the words of a terminal: options in place of Python."""

from __future__ import annotations

import re

_COLUMN = re.compile(
    r"Name one with columns=\{'([^']+)': '<column>'\}, or write "
    r"mapping=\{'[^']+': <a constant or a directive>\}"
)
_ENCODING = re.compile(r"give its encoding, such as (\S+),")
_CONNECT = re.compile(r"session\.connect\('([^']+)', …(.*)\) continues it")
_SETTING = re.compile(r", (\w+)=('[^']*'|[^,]+)")


def in_options(text: str, *, session: str = "NAME") -> str:
    """Return *text* with the options that do what it says in Python."""
    text = text.replace("give the delimiter ", "give --delimiter ")
    text = text.replace("key= and changed_only=True", "--key COLUMN and --changed-only")
    text = _ENCODING.sub(r"give --encoding \1,", text)
    text = _COLUMN.sub(_of_field, text)
    return _CONNECT.sub(lambda found: _send(found, session), text)


def _of_field(found: re.Match[str]) -> str:
    name = found[1]
    return (
        f"Name one with --column {name}=COLUMN, or give one value for all rows, "
        f"--{name.replace('_', '-').lower()} VALUE, or a --mapping FILE"
    )


def _send(found: re.Match[str], session: str) -> str:
    settings = "".join(
        f" --{key.replace('_', '-')} {value}" for key, value in _SETTING.findall(found[2])
    )
    command = f"asyncdest-nb send FILE {found[1]} ACTION{settings} --session {session}"
    return f"the command that sent it continues it: {command} …"
