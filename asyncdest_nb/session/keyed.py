"""The key of rows: what names them at the destination, and finds those that have changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..destination import Action
from ..engine import Channel, RowKeys
from ..errors import UnknownName, UsageError
from ..frame import DataFrame, FrameRows, column_names, index_names, protected, with_levels
from ..mapping import FieldMap
from ..store import StoredRun
from .field_sources import plan_sources
from .stored_rows import field_of
from .submission import Submission

Key = str | Sequence[str]


def key_names(key: Key | None, *, changed_only: bool) -> tuple[str, ...] | None:
    """Return the names in *key*, whose order means nothing; None = there is none.

    Raises UsageError if it is no name or list of names, or *changed_only* has none.
    """
    if key is None:
        if changed_only:
            raise UsageError(
                "changed_only=True needs key=: the column that tells rows apart at the "
                'destination, such as key="customer_id"'
            )
        return None
    names = [key] if isinstance(key, str) else list(key) if isinstance(key, list | tuple) else []
    if not names or not all(isinstance(name, str) and name for name in names):
        raise UsageError(f"key is {key!r}; give the name of a column, or a list of names")
    return tuple(sorted(set(names)))


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """What a submit says about keys: their ``names``, None = none; what has changed, or all."""

    names: tuple[str, ...] | None
    changed_only: bool


def new_submission(
    channel: Channel,
    action: Action,
    frame: DataFrame,
    given: Mapping[str, Any],
    keys: KeyChoice,
) -> Submission:
    """Return what a submit of *frame* would send; *given* are arguments of ``plan_sources``."""
    fields, own = plan_sources(action, frame, **given), protected(frame)
    found = Submission(
        channel=channel,
        action=action,
        frame=own,
        source=FrameRows(own, fields.reads),
        fields=fields,
    )
    return found if keys.names is None else replace(found, keys=_row_keys(keys, found))


def _row_keys(choice: KeyChoice, submission: Submission) -> RowKeys:
    """Return the keys of the rows of *submission*.

    Each name is that of a column, else of a level of the index, else of a filled field.
    Raises UnknownName if it is none of them.
    """
    frame, fields, channel = submission.frame, submission.fields, submission.channel
    names = choice.names or ()
    columns, levels = column_names(frame), index_names(frame)
    own = FieldMap({}, {})
    for name in names:
        if name in columns or name in levels:
            own.resolvers[name], own.columns[name] = field_of(name), name
        elif name in fields.resolvers:
            own.resolvers[name] = fields.resolvers[name]
            own.columns.update({name: fields.columns[name]} if name in fields.columns else {})
        else:
            known = dict.fromkeys((*columns, *levels, *fields.resolvers))
            raise UnknownName.of("column or field for the key", name, known)
    used = [name for name in names if name in levels and name not in columns]
    source = FrameRows(with_levels(frame, used), own.reads)
    slug = channel.destination.slug_of(submission.action)
    scope = _scope(channel.destination.slug, slug, channel.public_settings(), names)
    return RowKeys(source, own, scope=scope, compares=choice.changed_only)


def stored_keys(record: StoredRun, keys: Mapping[int, bytes], at: Sequence[int]) -> RowKeys | None:
    """Return the keys of those rows of the run of *record* that are *at* some positions.

    *keys* are by position. None = the run has none. Raises UsageError if they are missing.
    """
    if record.key is None:
        return None
    if any(position not in keys for position in at):
        raise UsageError("the keys of its rows were not kept: submit the rows again")
    scope = _scope(record.destination, record.action, record.settings, record.key)
    return RowKeys.stored([keys[position] for position in at], scope=scope)


def _scope(destination: str, action: str, settings: Mapping[str, str], key: Sequence[str]) -> str:
    return json.dumps([destination, action, dict(sorted(settings.items())), list(key)])
