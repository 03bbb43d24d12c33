"""Pictures for a model: by URL, or files that are sent with the request in base64."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*", re.ASCII)


@dataclass(frozen=True)
class ImageLimits:
    """How many pictures a request may have, and how many bytes each, in base64."""

    count: int
    encoded_bytes: int


@dataclass(frozen=True)
class WebImage:
    """A picture that the vendor fetches itself, or that is in its URL (``data:``)."""

    url: str

    def fault(self, limits: ImageLimits) -> str | None:
        """Return why it cannot be sent, None = it can."""
        size = len(self.url)
        if size > limits.encoded_bytes:
            return f"an image has {size:,} bytes in base64; it may have {limits.encoded_bytes:,}"
        if self.url.startswith("data:") and not _DATA.fullmatch(self.url):
            return f"an image is {self.url[:30]!r}…; write data:image/png;base64,… or a path"
        return None


@dataclass(frozen=True)
class ImageFile:
    """A picture in a file of this machine, which is read when its row is sent."""

    path: Path

    @property
    def encoded_bytes(self) -> int:
        """The bytes it has in base64; 0 = there is no such file."""
        try:
            return 4 * -(-self.path.stat().st_size // 3)
        except OSError:
            return 0

    def fault(self, limits: ImageLimits) -> str | None:
        """Return why it cannot be sent, None = it can."""
        try:
            with self.path.open("rb") as file:
                kind = _kind(file.read(16))
        except OSError as error:
            return f"the image {self.path} cannot be read: {error.strerror}"
        if kind is None:
            return f"the image {self.path} is no PNG, JPEG, GIF or WebP file"
        if self.encoded_bytes > limits.encoded_bytes:
            return (
                f"the image {self.path} has {self.encoded_bytes:,} bytes in base64; "
                f"it may have {limits.encoded_bytes:,}"
            )
        return None

    def read(self) -> tuple[str, str]:
        """Return its media type and its base64; raises OSError, ValueError if it is no picture."""
        content = self.path.read_bytes()
        kind = _kind(content[:16])
        if kind is None:
            raise ValueError(f"the image {self.path} is no PNG, JPEG, GIF or WebP file")
        return kind, base64.b64encode(content).decode()


def image_at(text: str) -> WebImage | ImageFile:
    """Return the picture that *text* names: a URL, or a path."""
    if text.startswith(("http://", "https://", "data:")):
        return WebImage(text)
    return ImageFile(Path(text).expanduser())


def images_of(values: Mapping[str, Any]) -> list[WebImage | ImageFile]:
    """Return the pictures of a payload, in their order."""
    texts = [values.get("image"), *(values.get("images") or ())]
    return [image_at(each) for each in texts if each]


def image_bytes(values: Mapping[str, Any], *, around: int) -> int:
    """Return the bytes that pictures add to a request; *around* each there are so many more."""
    sizes = [
        each.encoded_bytes if isinstance(each, ImageFile) else len(each.url.encode())
        for each in images_of(values)
    ]
    return sum(size + around for size in sizes)


def image_faults(values: Mapping[str, Any], limits: ImageLimits) -> Iterator[str]:
    """Yield why the pictures of a payload cannot be sent."""
    found = images_of(values)
    if len(found) > limits.count:
        yield f"{len(found):,} images; a request may have {limits.count:,}"
    for each in found[: limits.count]:
        if fault := each.fault(limits):
            yield fault


def _kind(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for mark, kind in _KINDS if head.startswith(mark)), None)
