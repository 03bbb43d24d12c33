"""What a function is given beside payloads, of an action that declares it, as in Segment.

It is the first entry in the text of a payload, and so is stored, compared and sent again with it.
No function sees it there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UnknownName, UsageError
from .input_field import InputField

BESIDE = "__segment_internal"
NAMES = ("sync_mode", "matching_key", "audience_membership")
SYNC_MODES = ("add", "update", "upsert", "delete", "mirror")

_START = f'{{"{BESIDE}":'
_encode = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


def with_beside(text: str, beside: Mapping[str, Any] | None) -> str:
    """Return the *text* of a payload with what is *beside* it; None = its action declares none."""
    if beside is None:
        return text
    return f"{_START}{_encode(beside)}{'' if text == '{}' else ','}{text[1:]}"


def parted(texts: Sequence[str]) -> tuple[Sequence[str], list[dict[str, Any]]]:
    """Return the texts of payloads of one action alone, and what is beside each; [] = nothing."""
    if not texts or not texts[0].startswith(_START):
        return texts, []
    pairs = [_parted(text) for text in texts]
    return [text for text, _ in pairs], [beside for _, beside in pairs]


def _parted(text: str) -> tuple[str, dict[str, Any]]:
    beside, end = _decode(text, len(_START))
    return f"{{{text[end:].removeprefix(',')}", beside


@dataclass(frozen=True, slots=True)
class SyncMode:
    """What an action can do with a row: some of SYNC_MODES, and which of them is usual."""

    choices: tuple[str, ...]
    default: str | None = None

    def checked(self, given: object, owner: str) -> str:
        """Return *given*; raises UnknownName if it is none of the choices."""
        if given not in self.choices:
            raise UnknownName.of("sync mode", given, self.choices, owner=owner)
        return str(given)


def read_sync_mode(given: Any, owner: str) -> SyncMode | None:
    """Return the sync modes of an action: a list of them, or a dict in Segment's form.

    That has choices, as texts or as dicts with a value, and a default. None = it has none.
    Raises UsageError or UnknownName.
    """
    if given is None or isinstance(given, SyncMode):
        return given
    own = given if isinstance(given, Mapping) else {"choices": given}
    choices = own.get("choices") or SYNC_MODES
    if isinstance(choices, str) or not isinstance(choices, Sequence):
        raise UsageError(
            f"{owner}: sync_mode is {given!r}; write a list, such as ['add', 'delete']"
        )
    values = [each.get("value") if isinstance(each, Mapping) else each for each in choices]
    found = SyncMode(tuple(SyncMode(SYNC_MODES).checked(each, owner) for each in values))
    default = own.get("default")
    return found if default is None else SyncMode(found.choices, found.checked(default, owner))


def beside_fields(modes: SyncMode | None) -> dict[str, InputField]:
    """Return NAMES as fields that a submit may fill; *modes* None = there is no sync mode."""
    mode, key, membership = NAMES
    own = InputField(
        key=mode,
        label="Sync mode",
        description="What to do with the rows",
        type="string",
        required=False,
        default=modes.default if modes else None,
        choices=modes.choices if modes else None,
        by_name=False,
    )
    found = {mode: own} if modes else {}
    found[key] = InputField(
        key=key,
        label="Matching key",
        description="What finds a record at the destination",
        type="string",
        required=False,
        by_name=False,
    )
    found[membership] = InputField(
        key=membership,
        label="Audience membership",
        description="Whether the user of a row is in the audience; else its event says so",
        type="boolean",
        required=False,
    )
    return found
