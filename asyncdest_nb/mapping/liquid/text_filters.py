"""The filters for texts; a value that is no text is made one first."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import math
import re
import unicodedata
from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import quote, unquote

from ...errors import MappingError
from ..values import UNDEFINED, code_units, trimmed
from .filters import FILTERS, named, of_text
from .values import check_size, strict_number_of, text_of, whole_text

_BLANK = re.compile("[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+")
_UNESCAPED = re.compile("&(?:amp|lt|gt|#34|#39);")
_HTML = re.compile(r"<script[\s\S]*?</script>|<style[\s\S]*?</style>|<!--[\s\S]*?-->|<[\s\S]*?>")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"}


def _with_dashes(kept: str = "") -> Callable[[str], str]:
    """Return what keeps letters with their marks, digits and *kept*, and a dash for all else."""

    def is_kept(character: str) -> bool:
        kind = unicodedata.category(character)
        return kind[0] in "LM" or kind == "Nd" or character in kept

    return lambda text: "".join(
        "".join(run) if stays else "-" for stays, run in groupby(text, is_kept)
    )


_SLUG: dict[str, Callable[[str], str]] = {
    "raw": partial(_BLANK.sub, "-"),
    "default": _with_dashes(),
    "latin": _with_dashes(),
    "pretty": _with_dashes("._~!$&'()+,;=@"),
    "ascii": partial(re.compile("[^A-Za-z0-9]+").sub, "-"),
}
_LATIN = {
    **dict.fromkeys("àáâãäå", "a"),
    **dict.fromkeys("èéêë", "e"),
    **dict.fromkeys("ìíîï", "i"),
    **dict.fromkeys("òóôõöø", "o"),
    **dict.fromkeys("ùúûü", "u"),
    **dict.fromkeys("ýÿ", "y"),
    **{"æ": "ae", "ç": "c", "ð": "d", "ñ": "n", "ß": "ss", "œ": "oe", "þ": "th"},
    **{"ẞ": "SS", "Œ": "OE", "Þ": "TH"},
}

of_text("downcase", str.lower)
of_text("upcase", str.upper)
of_text("capitalize", lambda text: text[:1].upper() + text[1:].lower())
of_text("strip_newlines", lambda text: re.sub(r"\r?\n", "", text))
of_text("normalize_whitespace", lambda text: _BLANK.sub(" ", text))
of_text("strip_html", lambda text: _HTML.sub("", text))
of_text("escape", lambda text: re.sub("[&<>\"']", lambda found: _ENTITIES[found[0]], text))
FILTERS["xml_escape"] = FILTERS["escape"]
of_text(
    "escape_once",
    lambda text: FILTERS["escape"](_UNESCAPED.sub(lambda found: html.unescape(found[0]), text)),
)
of_text("url_encode", lambda text: _encoded(text, "!'()*~").replace("%20", "+"))
of_text("cgi_escape", lambda text: _encoded(text, "~").replace("%20", "+"))
of_text("uri_escape", lambda text: _encoded(text, "!'()*~;,/?:@&=+$#[]"))
of_text("base64_encode", lambda text: base64.b64encode(_bytes(text)).decode())
of_text("sha256", lambda text: hashlib.sha256(_bytes(text)).hexdigest())


@named("hmac_sha256")
def _hmac_sha256(value: Any, key: Any = None, *rest: Any) -> str:
    return hmac.new(_bytes(text_of(key)), _bytes(text_of(value)), "sha256").hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _encoded(text: str, safe: str) -> str:
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        raise MappingError("URI malformed") from None


@named("url_decode")
def _url_decode(value: Any, *rest: Any) -> str:
    text = text_of(value)
    if re.search("%(?![0-9a-fA-F]{2})", text):
        raise MappingError("URI malformed")
    try:
        return unquote(text, errors="strict").replace("+", " ")
    except UnicodeDecodeError:
        raise MappingError("URI malformed") from None


@named("base64_decode")
def _base64_decode(value: Any, *rest: Any) -> str:
    text = re.sub("[^A-Za-z0-9+/]", "", text_of(value).split("=")[0].translate({45: 43, 95: 47}))
    text = text[: len(text) - (len(text) % 4 == 1)]
    return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace")


@named("slugify")
def _slugify(value: Any, mode: Any = "default", cased: Any = False, *rest: Any) -> str:
    text, dashed = text_of(value), _SLUG.get(text_of(_or(mode, "default")))
    if mode == "latin":
        text = "".join(_LATIN.get(each, each) for each in text)
    if dashed:
        text = re.sub("^-|-$", "", dashed(text))
    return text if cased else text.lower()


@named("append")
def _append(value: Any, *rest: Any) -> str:
    return text_of(value) + text_of(_second("append", rest))


@named("prepend")
def _prepend(value: Any, *rest: Any) -> str:
    return text_of(_second("prepend", rest)) + text_of(value)


def _second(name: str, rest: tuple[Any, ...]) -> Any:
    if len(rest) != 1:
        raise MappingError(f"{name} expect 2 arguments")
    return rest[0]


@named("strip")
def _strip(value: Any, letters: Any = None, *rest: Any) -> str:
    return text_of(value).strip(text_of(letters)) if letters else trimmed(text_of(value))


@named("lstrip")
def _lstrip(value: Any, letters: Any = None, *rest: Any) -> str:
    text = text_of(value)
    return text.lstrip(text_of(letters)) if letters else _left(text)


@named("rstrip")
def _rstrip(value: Any, letters: Any = None, *rest: Any) -> str:
    text = text_of(value)
    return text.rstrip(text_of(letters)) if letters else _left(text[::-1])[::-1]


def _left(text: str) -> str:
    return trimmed(f"{text}.")[:-1]


@named("remove")
def _remove(value: Any, other: Any = None, *rest: Any) -> str:
    return text_of(value).replace(text_of(other), "") if text_of(other) else text_of(value)


@named("replace")
def _replace(value: Any, old: Any = None, new: Any = None, *rest: Any) -> str:
    text, pattern, replacement = text_of(value), text_of(old), text_of(new)
    check_size(len(text) + len(replacement) * text.count(pattern))
    return replacement.join(text.split(pattern) if pattern else code_units(text))


@named("remove_first")
def _remove_first(value: Any, other: Any = None, *rest: Any) -> str:
    return text_of(value).replace(text_of(other), "", 1)


@named("replace_first")
def _replace_first(value: Any, old: Any = None, new: Any = None, *rest: Any) -> str:
    return text_of(value).replace(text_of(old), text_of(new), 1)


@named("remove_last")
def _remove_last(value: Any, other: Any = None, *rest: Any) -> str:
    return str(_replace_last(value, other))


@named("replace_last")
def _replace_last(value: Any, old: Any = None, new: Any = None, *rest: Any) -> str:
    text, pattern = text_of(value), text_of(old)
    before, found, after = text.rpartition(pattern) if pattern else (text, "", "")
    return f"{before}{text_of(new)}{after}" if found or not pattern else text


@named("truncate")
def _truncate(value: Any, length: Any = 50, tail: Any = "...", *rest: Any) -> Any:
    text, end = code_units(text_of(value)), text_of(_or(tail, "..."))
    most = strict_number_of(_or(length, 50))
    if len(text) <= most:
        return value
    kept = most - len(code_units(end))
    return whole_text(text[: max(0, int(kept) if math.isfinite(kept) else 0)]) + end


@named("truncatewords")
def _truncatewords(value: Any, words: Any = 15, tail: Any = "...", *rest: Any) -> str:
    found, most = _BLANK.split(text_of(value)), strict_number_of(_or(words, 15))
    most = 1 if most <= 0 else most
    kept = found[: int(most)] if math.isfinite(most) else found if most > 0 else []
    return " ".join(kept) + (text_of(_or(tail, "...")) if len(found) >= most else "")


def _or(value: Any, default: Any) -> Any:
    return default if value is UNDEFINED else value


@named("number_of_words")
def _number_of_words(value: Any, *rest: Any) -> int:
    text = trimmed(text_of(value))
    return len(_BLANK.split(text)) if text else 0


@named("split")
def _split(value: Any, separator: Any = None, *rest: Any) -> list[str]:
    text, between = text_of(value), text_of(separator)
    parts = text.split(between) if between else code_units(text)
    while parts and not parts[-1]:
        parts.pop()
    return parts
