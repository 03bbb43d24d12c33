"""The formats of texts, as the validator of JSON schema that Segment uses understands them."""

from __future__ import annotations

import ipaddress
import re
import warnings
from calendar import monthrange
from collections.abc import Callable
from functools import cache

from .moments import is_date_like

_CLOCK = re.compile(
    r"(\d\d):(\d\d):(\d\d)(?:\.\d+)?(z|[+-]\d\d(?::?\d\d)?)?", re.IGNORECASE | re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_SHORT_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_OCTET = r"(?:25[0-5]|2[0-4]\d|[01]?\d\d?)"
_ENCODED = r"%[0-9a-f]{2}"
_VARIABLE = rf"(?:[a-z0-9_]|{_ENCODED})+(?::[1-9]\d{{0,3}}|\*)?"
_EXPRESSION = rf"\{{[+#./;?&=,!@|]?{_VARIABLE}(?:,{_VARIABLE})*\}}"
_TEMPLATE = rf"(?:[^\x00-\x20\"'<>%\\^`{{|}}]|{_ENCODED}|{_EXPRESSION})*"


def _uri(scheme: str, *, marks: str, path_may_be: str = "") -> str:
    """Return the pattern of RFC 3986; *marks* are the characters of its parts.

    *path_may_be* "?" = the path may be empty.
    """
    part = rf"(?:[a-z0-9\-._~{marks}:@]|{_ENCODED})"
    user = rf"(?:(?:[a-z0-9\-._~!$&'()*+,;=:]|{_ENCODED})*@)?"
    address = r"\[(?P<ipv6>[0-9a-f:.]+)\]|\[v[0-9a-f]+\.[a-z0-9\-._~!$&'()*+,;=:]+\]"
    host = rf"(?:{address}|(?:[a-z0-9\-._~{marks}]|{_ENCODED})*)"
    path = rf"(?:/?/{user}{host}(?::\d*)?(?:/{part}*)*|/|/?{part}+(?:/{part}*)*){path_may_be}"
    return rf"{scheme}{path}(?:\?(?:{part}|[/?])*)?(?:\#(?:{part}|[/?])*)?"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return *pattern* compiled, when it is used first: most runs use none of them."""
    return re.compile(pattern, re.IGNORECASE | re.ASCII)


def _like(pattern: str) -> Callable[[str], bool]:
    return lambda text: _compiled(pattern).fullmatch(text) is not None


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    year, month, day = map(int, text.split("-"))
    # The year 0, which Python does not have, is a leap year as 400 is.
    return 1 <= month <= 12 and 1 <= day <= monthrange(year or 400, month)[1]


def _is_clock(text: str) -> bool:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return False
    hour, minute, second = map(int, found.group(1, 2, 3))
    is_leap_second = (hour, minute, second) == (23, 59, 60)
    return is_leap_second or (hour < 24 and minute < 60 and second < 60)


def _is_moment(text: str) -> bool:
    parts = re.split(r"[t\s]", text, flags=re.IGNORECASE)
    return len(parts) == 2 and _is_day(parts[0]) and _is_clock(parts[1])


def _is_uri(text: str) -> bool:
    return ("/" in text or ":" in text) and _has_address(_compiled(_ABSOLUTE).fullmatch(text))


def _is_reference(text: str) -> bool:
    return _has_address(_compiled(_REFERENCE).fullmatch(text))


def _has_address(found: re.Match[str] | None) -> bool:
    """Whether a URI was found, and what stands in its brackets is an address."""
    return found is not None and (found["ipv6"] is None or _is_ipv6(found["ipv6"]))


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


def _is_pattern(text: str) -> bool:
    """Whether JavaScript compiles *text*, as far as Python can tell.

    Flags inside a pattern are Python's; an escaped letter without a meaning is the letter.
    """
    if re.search(r"\(\?[a-zA-Z-]+[:)]", text) or re.search(r"[^\\]\\Z", text):
        return False
    named = re.sub(r"\(\?<(?![=!])", "(?P<", _PLAIN_LETTER.sub(r"\1", text))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of what Python may read otherwise one day.
        try:
            re.compile(named)
        except re.error:
            return False
        except (OverflowError, RecursionError):
            return True  # JavaScript takes larger numbers, and deeper groups.
    return True


_PLAIN_LETTER = re.compile(r"\\([ac-eg-mo-qyzA-CE-RT-VX-Z]|k<\w*>|\d+)")
_MARKS = "!$&'()*+,;="
_ABSOLUTE = _uri(r"[a-z][a-z0-9+\-.]*:", marks=_MARKS)
# In a reference the validator takes quotation marks too.
_REFERENCE = _uri(r"(?:[a-z][a-z0-9+\-.]*:)?", marks=f'{_MARKS}"', path_may_be="?")

# By the name of a format: whether a text has it.
FORMATS: dict[str, Callable[[str], bool]] = {
    "date": _is_day,
    "time": _is_clock,
    "date-time": _is_moment,
    "date-like": is_date_like,
    "uri": _is_uri,
    "uri-reference": _is_reference,
    "uri-template": _like(_TEMPLATE),
    "email": _like(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}"),
    "hostname": _like(rf"(?=.{{1,253}}\.?$){_SHORT_LABEL}(?:\.{_SHORT_LABEL})*\.?"),
    "ipv4": _like(rf"(?:{_OCTET}\.){{3}}{_OCTET}"),
    "ipv6": _is_ipv6,
    "regex": _is_pattern,
    "uuid": _like(r"(?:urn:uuid:)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
}
