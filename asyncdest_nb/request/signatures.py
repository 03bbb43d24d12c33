"""The signatures of pre-signed URLs, which are secrets in no setting."""

from __future__ import annotations

import re

MASK = "•••"

# Whoever has a signed URL may use it, so its signature is a secret that is in no setting. These
# are its names in URLs of S3, Google, CloudFront and Azure, also in escaped URLs.
_SIGNATURE = re.compile(
    r"(?:[?&;]|\\u0026|%3F|%26)"
    r"(?:X-(?:Amz|Goog)-(?:Signature|Security-Token)|Signature|sig)(?:=|%3D)"
    r"((?:(?!%26)[^&;\s\"'<>\\#])+)",
    re.IGNORECASE,
)

Span = tuple[int, int]


def signatures(text: str) -> list[Span]:
    """Return where the signatures of pre-signed URLs in *text* are."""
    if "=" not in text and "%" not in text:
        return []
    return [found.span(1) for found in _SIGNATURE.finditer(text)]


def unsigned(text: str) -> str:
    """Return *text* with the signatures masked."""
    if "=" not in text and "%" not in text:
        return text
    return _SIGNATURE.sub(lambda found: found[0].removesuffix(found[1]) + MASK, text)
