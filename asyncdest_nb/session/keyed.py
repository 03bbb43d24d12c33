"""The key of rows: what names them at the destination, and finds those that have changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ..destination import Action
from ..engine import Channel, RowKeys
from ..errors import UnknownName, UsageError
from ..frame import DataFrame, FrameRows, column_names, index_names, with_levels
from ..mapping import FieldMap
from ..store import StoredRun
from .stored_rows import field_of

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


def row_keys(
    names: Sequence[str],
    frame: DataFrame,
    fields: FieldMap,
    *,
    channel: Channel,
    action: Action,
    changed_only: bool,
) -> RowKeys:
    """Return the keys of the rows of *frame*, whose payloads *fields* make.

    Each name is that of a column, else of a level of the index, else of a filled field.
    Raises UnknownName if it is none of them.
    """
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
    slug = channel.destination.slug_of(action)
    scope = _scope(channel.destination.slug, slug, channel.public_settings(), names)
    return RowKeys(source, own, scope=scope, compares=changed_only)


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
