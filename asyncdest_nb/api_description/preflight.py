"""Faults of rows that are found before anything is sent."""

from __future__ import annotations

import json
from asyncio import to_thread
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ..destination import ActionData, Payload, Request
from ..responses import JSONObject
from .filters import ABSENT, text_of
from .look_up import looker
from .model import ApiAction

# How often each value of a key is there, in rows that go into the same job.
_Times = Mapping[str, Counter[tuple[str, str]]]


class Preflight:
    """Looks at all rows of a run of *action*."""

    def __init__(self, action: ApiAction) -> None:
        self._action = action
        self._keys = {path: looker(path) for some in action.unique for path in some}

    @property
    def is_needed(self) -> bool:
        """Whether the description asks for anything to be checked."""
        action = self._action
        return bool(action.unique or action.limits.row_bytes or action.nulls.policy == "error")

    async def check(
        self, request: Request, data: ActionData[object, list[Payload]]
    ) -> list[str | None]:
        """Return for each row why it cannot be sent; None = it can."""
        return await to_thread(self._faults, data.payload_texts)

    def _faults(self, texts: Sequence[str]) -> list[str | None]:
        times: _Times = {path: Counter() for path in self._keys}
        for text in texts if times else ():
            values = json.loads(text)
            for path, counter in times.items():
                counter[self._key(values, path)] += 1
        return [next(self._of(text, times), None) for text in texts]

    def _key(self, values: JSONObject, path: str) -> tuple[str, str]:
        """Return the job that a row goes to, and its key there; "" = it has none."""
        found = self._keys[path](values)
        job = json.dumps([values.get(name) for name in self._action.batch_by])
        return job, "" if found is ABSENT else text_of(found)

    def _of(self, text: str, times: _Times) -> Iterator[str]:
        action, values = self._action, json.loads(text)
        if action.nulls.policy == "error":
            nulls = [*_null_names(values)]
            if nulls:
                yield f"{', '.join(nulls)}: null, which this API does not take: fill or drop it"
        for paths in action.unique:
            yield from self._key_faults(values, paths, times)
        size, most = len(text.encode()), action.limits.row_bytes
        if most is not None and size > most:
            yield f"the row has {size:,} bytes; this API takes {most:,}"

    def _key_faults(self, values: JSONObject, paths: Sequence[str], times: _Times) -> Iterator[str]:
        keys = {path: self._key(values, path) for path in paths}
        if not any(key for _, key in keys.values()):
            yield f"{' or '.join(map(_name, paths))}: no value, and rows are told apart by it"
        for path, key in keys.items():
            if key[1] and times[path][key] > 1:
                count = times[path][key]
                yield f"{_name(path)}: {count} rows have it, and rows are told apart by it"


def _name(path: str) -> str:
    return path.partition("|")[0].strip()


def _null_names(values: JSONObject, above: str = "") -> Iterator[str]:
    """Yield the names of nulls, also of those in objects, as "address.city"."""
    for name, each in values.items():
        if each is None:
            yield f"{above}{name}"
        elif isinstance(each, dict):
            yield from _null_names(each, f"{above}{name}.")
