"""Texts of others, made safe to show: invisible characters in them are escaped.

A right-to-left override shows ``exe.jpg`` as ``gpj.exe``, a zero-width space makes two
ids look the same, and a control character can forge a line.
"""

from __future__ import annotations

import re

_CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # All but the tab and the line feed.
_DIRECTIONS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_NO_WIDTH = (
    r"\xad\u180e\u200b\u2028\u2029\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f"
)
# Persian and emoji use joiners between characters outside of ASCII.
_JOINERS = r"(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
_HIDDEN = re.compile(f"[{_CONTROLS}{_DIRECTIONS}{_NO_WIDTH}]|{_JOINERS}")
_ENDS = re.compile(r"[\t\n]")


def visible(text: str) -> str:
    """Return *text* with invisible characters as Python escapes; tabs and line feeds stay."""
    return _HIDDEN.sub(_escaped, text)


def is_visible(text: str) -> bool:
    """Whether *text* has no invisible characters."""
    return _HIDDEN.search(text) is None


def one_line(text: str) -> str:
    """Return *text* with tabs and line feeds escaped too, so that it cannot forge a line."""
    return _ENDS.sub(_escaped, visible(text))


def _escaped(found: re.Match[str]) -> str:
    return repr(found[0])[1:-1]
