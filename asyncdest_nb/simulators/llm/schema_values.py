"""A value that conforms to a JSON schema, drawn with dice."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

_DEEPEST = 8  # A schema may contain itself.
_FORMATS = {
    "date": "2026-05-17",
    "date-time": "2026-05-17T09:30:00Z",
    "time": "09:30:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com",
    "uuid": "6f1c1f0e-58b4-4d0b-9d0c-0c8f0d4e7a11",
}
WORDS = ("clear", "short", "useful", "common", "recent", "open", "second", "quiet")


class SchemaValues:
    """Values of one *schema*; ``draw`` returns another one for other dice."""

    def __init__(self, schema: Any) -> None:
        self._root = schema

    def draw(self, dice: random.Random) -> Any:
        """Return a value that conforms to the schema."""
        return self._value(self._root, dice, 0)

    def _value(self, schema: Any, dice: random.Random, depth: int) -> Any:
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return dice.choice(schema["enum"])
        for word in ("anyOf", "oneOf"):
            if schema.get(word):
                return self._value(self._chosen(schema[word], dice, depth), dice, depth + 1)
        return self._of_type(schema, dice, depth)

    def _chosen(self, options: list[Any], dice: random.Random, depth: int) -> Any:
        plain = [each for each in options if self._resolved(each).get("type") == "null"]
        return plain[0] if plain and depth >= _DEEPEST else dice.choice(options)

    def _of_type(self, schema: dict[str, Any], dice: random.Random, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = dice.choice(kind) if isinstance(kind, list) and kind else kind
        drawn: dict[str, Callable[[], Any]] = {
            "object": lambda: self._object(schema, dice, depth),
            "array": lambda: self._array(schema, dice, depth),
            "integer": lambda: int(_number(schema, dice)),
            "number": lambda: round(_number(schema, dice), 2),
            "boolean": lambda: dice.random() < 0.5,
            "null": lambda: None,
        }
        # Google writes types in capitals.
        return drawn.get(str(kind).lower(), lambda: _text(schema, dice))()

    def _object(self, schema: dict[str, Any], dice: random.Random, depth: int) -> dict[str, Any]:
        required = schema.get("required", ())
        return {
            name: self._value(each, dice, depth + 1)
            for name, each in schema.get("properties", {}).items()
            if depth < _DEEPEST or name in required
        }

    def _array(self, schema: dict[str, Any], dice: random.Random, depth: int) -> list[Any]:
        least = schema.get("minItems", 0 if depth >= _DEEPEST else 1)
        most = max(least, min(schema.get("maxItems", 3), least + 2))
        length = least if depth >= _DEEPEST else dice.randint(least, most)
        return [self._value(schema.get("items", {}), dice, depth + 1) for _ in range(length)]

    def _resolved(self, schema: Any) -> dict[str, Any]:
        """Follow a reference into the schema itself, as "#/$defs/Name"."""
        steps = 0
        while isinstance(schema, dict) and "$ref" in schema and steps < _DEEPEST:
            target: Any = self._root
            for part in str(schema["$ref"]).removeprefix("#").strip("/").split("/"):
                target = target.get(part, {}) if part and isinstance(target, dict) else target
            schema, steps = target, steps + 1
        return schema if isinstance(schema, dict) else {}


def _number(schema: dict[str, Any], dice: random.Random) -> float:
    least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    most = schema.get("maximum", max(least, 100))
    return dice.randint(int(least), max(int(least), int(most)))


def _text(schema: dict[str, Any], dice: random.Random) -> str:
    if text := _FORMATS.get(str(schema.get("format"))):
        return text
    text = " ".join(dice.choices(WORDS, k=2))
    text += "." * (schema.get("minLength", 0) - len(text))
    return str(text[: schema.get("maxLength", len(text))])
