"""The fields of a row that is sent to a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import destination as ad

IMAGE_FIELDS = ("image", "images")


class ModelRequest(ad.Payload):
    """One request to a model. Settings of the request are the same for all rows, or a column's."""

    model: str = ad.field("Model", description="Its name, as the vendor writes it", by_name=False)
    parameters: dict[str, Any] | None = ad.field(
        "Parameters",
        description="More of the request, by the names of the vendor's API",
        by_name=False,
    )


class TextRequest(ModelRequest):
    """A prompt, and how the model shall answer it."""

    prompt: str = ad.field(
        "Prompt",
        description="The text for the model, such as {'@template': 'Summarise: {{review}}'}",
    )
    system: str | None = ad.field(
        "System", description="Instructions that come before the prompt", by_name=False
    )
    image: str | None = ad.field(
        "Image",
        description="The URL of a picture, or the path of a PNG, JPEG, GIF or WebP file",
        by_name=False,
    )
    images: list[str] | None = ad.field(
        "Images", description="Several of them, after the first", by_name=False
    )
    temperature: float | None = ad.field("Temperature", minimum=0, maximum=2, by_name=False)
    top_p: float | None = ad.field("Top p", minimum=0, maximum=1, by_name=False)
    output_schema: dict[str, Any] | None = ad.field(
        "Output schema",
        description="A pydantic class or JSON schema: answers are JSON of this form, a column each",
        by_name=False,
    )


def with_parameters(body: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return *body* with the ``parameters`` of a payload in it, also inside its objects.

    An effort that is given beside a schema must not replace the object that both are in.
    """
    found = dict(body)
    for name, value in (values.get("parameters") or {}).items():
        own = found.get(name)
        is_part = isinstance(own, dict) and isinstance(value, dict)
        found[name] = {**found[name], **value} if is_part else value
    return found
