"""What a submit states beside fields: sync mode, matching key, and who is in an audience."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..destination import BESIDE, NAMES, SYNC_MODES, Action, Payload, WrittenPayloads, text_of
from ..errors import MappingError, UnknownName, UsageError
from ..mapping import UNDEFINED, FieldMap, Resolver, audience_membership, nested, split_names
from ..stored import StoredMapping

MEMBERSHIP = NAMES[2]
# By the keyword of submit: the key that Segment has for it in a mapping.
_KEYS = {
    "sync_mode": "__segment_internal_sync_mode",
    "matching_key": "__segment_internal_matching_key",
}
_OF_EVENTS = frozenset({"context", "event", "properties", "traits", "type"})


def taken_beside(
    action: Action, mapping: Mapping[str, Any] | None, constants: Mapping[str, Any]
) -> tuple[dict[str, str], Mapping[str, Any] | None, dict[str, Any]]:
    """Return sync mode and matching key, as far as stated, and the other two without them.

    Of a stored mapping they are read as in Segment; a keyword goes before it. Raises UsageError
    for what cannot be meant.
    """
    given = mapping if isinstance(mapping, Mapping) else {}
    is_stored = isinstance(mapping, StoredMapping)
    found = {name: constants[name] for name in _KEYS if name in constants}
    for name, key in {} if is_stored else _KEYS.items():
        for own in (name, key):
            if own in given and name in found:
                raise MappingError(f"{name} is stated twice, also as {own!r} in mapping=: keep one")
            found |= {name: given[own]} if own in given else {}
    stated = _checked(action, found)
    if is_stored:
        stated = _as_stored(action, given) | {name: stated[name] for name in found}
    used = {*_KEYS, *_KEYS.values()}
    left = {name: value for name, value in given.items() if name not in used}
    rest = {name: value for name, value in constants.items() if name not in used}
    if not isinstance(mapping, Mapping):
        return stated, mapping, rest
    return stated, StoredMapping(left) if is_stored else left, rest


def added(fields: FieldMap, stated: Mapping[str, str], columns: Sequence[str]) -> FieldMap:
    """Return *fields* with what is *stated*, and with what the rows say of an audience.

    They say it where the mapping or a column fills that, else as events of Segment: those of
    Engage have a context, and, in a sync mode, others are told by their type and name.
    """
    resolvers, sources = dict(fields.resolvers), dict(fields.sources)
    membership, source = resolvers.pop(MEMBERSHIP, None), sources.pop(MEMBERSHIP, None)
    if membership is None and (read := _events(columns, stated.get("sync_mode"))) is not None:
        membership, source = _by_event(read, stated.get("sync_mode")), "the event"
    sources |= {name: f'"{value}"' for name, value in stated.items()}
    sources |= {} if source is None else {MEMBERSHIP: source}
    resolvers[BESIDE] = _beside(stated, membership)
    own = {name: column for name, column in fields.columns.items() if name != MEMBERSHIP}
    return FieldMap(resolvers, sources, own)


def _beside(stated: Mapping[str, str], membership: Resolver | None) -> Resolver:
    if membership is None:
        return Resolver.constant(dict(stated))

    def run(row: Mapping[str, Any]) -> dict[str, Any]:
        found = membership.resolve(row)
        if found is None or found is UNDEFINED:
            return dict(stated)
        if not isinstance(found, bool):
            raise MappingError(f"{MEMBERSHIP} is {found!r}; it is true, false or missing")
        return {**stated, MEMBERSHIP: found}

    return Resolver.of(run, [membership])


def _events(columns: Sequence[str], mode: str | None) -> dict[tuple[str, ...], str] | None:
    """Return the columns of events by their pieces, None = rows of these say nothing."""
    read = {
        pieces: name for pieces, name in split_names(columns).items() if pieces[0] in _OF_EVENTS
    }
    read |= {(name,): name for name in columns if name in _OF_EVENTS}
    roots = {pieces[0] for pieces in read}
    is_known = "context" in roots or (mode is not None and {"type", "event"} <= roots)
    return read if is_known else None


def _by_event(read: Mapping[tuple[str, ...], str], mode: str | None) -> Resolver:
    split = {pieces: name for pieces, name in read.items() if pieces != (name,)}

    def run(row: Mapping[str, Any]) -> bool | None:
        return audience_membership(nested(dict(row), split), sync_mode=mode)

    return Resolver(run, frozenset(read.values()))


def payloads_with(
    action: Action, payloads: list[Payload], *, is_single: bool = False, **given: Any
) -> Any:
    """Return *payloads* for a function, with what is *given* beside them under NAMES.

    Raises UsageError or UnknownName for what cannot be meant.
    """
    if not action.has_beside and not given:
        return payloads[0] if is_single else payloads
    known = NAMES if action.has_beside else ()
    for name in given:
        if name not in known:
            raise UnknownName.of("argument", name, known, owner=f"action {action.title!r}")
    members = given.pop(MEMBERSHIP, None)
    stated = _checked(action, given)
    each_row = _members(members, len(payloads), is_single=is_single)
    beside = [stated if each is None else {**stated, MEMBERSHIP: each} for each in each_row]
    texts, kept = [text_of(each) for each in payloads], dict(enumerate(payloads))
    return WrittenPayloads(action.payload, texts, kept, is_single=is_single, beside=beside)


def _members(given: Any, rows: int, *, is_single: bool) -> list[bool | None]:
    found = [given] if is_single else [None] * rows if given is None else given
    is_list = isinstance(found, Sequence) and len(found) == rows
    if not is_list or not all(each is None or isinstance(each, bool) for each in found):
        wanted = "True or False" if is_single else f"a list of {rows}, each True or False"
        raise UsageError(f"{MEMBERSHIP} is {given!r}; write {wanted}")
    return list(found)


def _as_stored(action: Action, mapping: Mapping[str, Any]) -> dict[str, str]:
    """Return what a stored *mapping* states; what Segment cannot use is not there."""
    mode, key = (mapping.get(name) for name in _KEYS.values())
    is_mode = action.sync_mode is not None and isinstance(mode, str) and mode in SYNC_MODES
    found = {"sync_mode": str(mode)} if is_mode else {}
    return found | ({"matching_key": str(key)} if key else {})


def _checked(action: Action, found: Mapping[str, Any]) -> dict[str, str]:
    """Return what is *found* with the usual sync mode, if no other is; raises UsageError."""
    owner, modes, stated = f"action {action.title!r}", action.sync_mode, dict(found)
    if "sync_mode" not in found:
        stated |= {} if modes is None or modes.default is None else {"sync_mode": modes.default}
    elif modes is None:
        raise UsageError(
            f"sync_mode is {found['sync_mode']!r}, and {owner} has no sync modes: leave it out"
        )
    else:
        stated["sync_mode"] = modes.checked(found["sync_mode"], owner)
    key = found.get("matching_key", "-")
    if not isinstance(key, str) or not key.strip():
        raise UsageError(
            f"matching_key is {key!r}; write the name of what finds a record at the destination, "
            'such as "email"'
        )
    return {name: stated[name] for name in _KEYS if name in stated}
