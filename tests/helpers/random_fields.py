"""Random fields in Segment's form, and payloads that mostly fit them."""

from __future__ import annotations

from random import Random
from typing import Any

_KINDS = "string text number integer boolean object datetime password".split()
_KEYS = "a b c mode flag n".split()
_ODD = ["x", "", None, 0, 1, -1, 2.5, True, False, "true", "TRUE", "1", "7.0", "1e3", " ", "0x1f"]
_ODD += ["😀😀", "Infinity", ".5", "5.", "null", 1e21, 1e-7, 123456789012, [], ["x"], [1, 2]]
_CHOICES: list[list[Any]] = [["x", "y"], ["5"], [{"label": "One", "value": 1}, "x"]]
_FORMATS = (
    "date time date-time uri uri-reference uri-template email hostname ipv4 ipv6 uuid".split()
)
_FORMATTED = [
    *("2024-02-29", "2023-02-29", "10:20:30Z", "23:59:60Z", "2024-02-29T10:20:30.5Z"),
    *("https://x.y/z?q#f", "//h/p", "a:b", "?q", "/a/{b,c*}", "/a/{b", "mailto:x", "%zz"),
    *("http://[::1]:80/", "a@b.co", "a.b@c-d.e", "a@b", "host-name.x", "-a", "1.2.3.4"),
    *("01.2.3.4", "::1", "1::2::3", "::ffff:1.2.3.4", "123e4567-e89b-12d3-a456-426614174000"),
]
_DATES: list[Any] = [
    *("2024-01-01", "2024/1/5 10:00", "1717236000", "9999999999999", "not", "12:30", "2024-06"),
    *("June 1, 2024", "Sat, 01 Jun 2024 10:00:00 GMT", "2024-99-99", "5 Jan 2020 10:00 PM"),
    *("2024-01-01T10:00+05:30", "Tue Mar 01 2022 00:00:00 GMT+0100 (CET)", "2022-W05", "  "),
    *("2024-01-01 13:30 PM", "+275760-09-14T00:00:00Z", "foo2024", "1 1 1", "32/1/1", 5, -1.5),
]


class RandomFields:
    """Cases of a seed: the same for each run."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def case(self) -> dict[str, Any]:
        """Return the question of one case for Segment's framework."""
        pick = self._random
        keys = pick.sample(_KEYS, pick.randint(1, 5))
        fields = {key: self._field(key) for key in keys}
        if pick.random() < 0.4:
            inner = {key: self._field(key, depth=1) for key in "ab"}
            fields["o"] = {"label": "O", "type": "object", "properties": inner}
        payload = {key: self._value(own) for key, own in fields.items() if pick.random() < 0.75}
        if pick.random() < 0.1:
            payload["ghost"] = "x"
        mode = pick.choice(["batch", "single"])
        return {"op": "fields", "fields": fields, "payload": payload, "mode": mode}

    def _field(self, key: str, depth: int = 0) -> dict[str, Any]:
        pick = self._random
        kind = pick.choice(_KINDS)
        found: dict[str, Any] = {"label": pick.choice(["", "lower", key]), "type": kind}
        found |= self._requirement()
        for name, values in {
            "allowNull": [True],
            "multiple": [True],
            "choices": _CHOICES,
            "format": _FORMATS,
            "minimum": [0, 1, 3],
            "maximum": [0, 1, 3, 10],
        }.items():
            if pick.random() < 0.2:
                found[name] = pick.choice(values)
        if kind == "object" and depth < 3 and pick.random() < 0.8:
            inner = pick.sample("abc", pick.randint(1, 3))
            found["properties"] = {each: self._field(each, depth + 1) for each in inner}
            found["additionalProperties"] = pick.random() < 0.3
        return found

    def _requirement(self) -> dict[str, Any]:
        chance = self._random.random()
        if chance > 0.5:
            return {}
        if chance > 0.2:
            return {"required": True}
        count = self._random.choice([1, 1, 1, 2, 3])
        conditions = [self._condition() for _ in range(count)]
        match = self._random.choice(["any", "all"])
        return {"required": {"conditions": conditions, "match": match}}

    def _condition(self) -> dict[str, Any]:
        pick = self._random
        key = pick.choice([*_KEYS, "o.a", "o.b", "ghost"])
        found = {"fieldKey": key, "operator": pick.choice(["is", "is_not"])}
        if pick.random() < 0.7:
            found["value"] = pick.choice(["x", "y", True, 5, 0, "5", ["x"], None])
        return found

    def _value(self, field: dict[str, Any], depth: int = 0) -> Any:
        pick = self._random
        if pick.random() < 0.2:
            return pick.choice(_ODD)
        if field.get("multiple") and pick.random() < 0.7:
            single = {**field, "multiple": False}
            return [self._value(single, depth + 1) for _ in range(pick.randint(0, 3))]
        if "properties" in field:
            inner = field["properties"].items()
            found = {key: self._value(own, depth + 1) for key, own in inner if pick.random() < 0.75}
            return found | ({"other": 1} if pick.random() < 0.2 else {})
        if field["type"] == "datetime":
            return pick.choice(_DATES)
        if "format" in field:
            return pick.choice(_FORMATTED)
        return pick.choice(["x", "5", 1, 2, "2", True, "false", {"k": None}])
