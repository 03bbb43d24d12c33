"""Conditions of a subscription as Segment reads them, with all its oddities.

A word that it does not know is skipped; the last "and" or "or" of a level decides for the whole
level; the first ")" ends a group, also if it belongs to a function; there is no negation but
that of functions.
"""

from __future__ import annotations

from typing import Any

from ..numerals import number_in, number_text
from .tokens import FqlToken, LexerError, TokenKind, tokens

Conditions = dict[str, Any]

TYPES = {
    "type": "event-type",
    "event": "event",
    "name": "name",
    "userId": "userId",
    "context": "event-context",
    "properties": "event-property",
    "traits": "event-trait",
}
SUBJECTS = frozenset(TYPES)
SUBJECT_OF = {kind: subject for subject, kind in TYPES.items()}  # By the type of a condition.
# Those with names inside, which may hold any value.
NESTED = {"context", "properties", "traits"}
FUNCTIONS = ("contains", "match")
_SPECIAL = {
    ("!=", "null"): "exists",
    ("=", "null"): "not_exists",
    ("=", "true"): "is_true",
    ("=", "false"): "is_false",
}
_ON_NUMBERS = {"=": "number_equals", "!=": "number_not_equals"}
_NOTHING = "Cannot read properties of undefined (reading 'type')"  # JavaScript's words.


class SubscriptionError(Exception):
    """A subscription that Segment cannot read, in its words."""


def parse_compatible(text: str) -> Conditions:
    """Return the conditions of *text* as Segment reads it, or ``{"error": <its message>}``."""
    try:
        found = _parsed(_joined(tokens(text)))
    except (SubscriptionError, LexerError) as error:
        return {"error": str(error) or _NOTHING}
    if found is None:
        return {"error": _NOTHING}
    if found["type"] == "group":
        return found
    return {"type": "group", "operator": "and", "children": [found]}


def value_of(token: FqlToken) -> Any:
    """Return the value that a token stands for."""
    if token.kind is TokenKind.TEXT:
        return token.value.removeprefix('"').removesuffix('"')
    if token.kind is TokenKind.NUMBER:
        return number_in(token.value)
    if token.kind is TokenKind.WORD and token.value in ("true", "false"):
        return token.value == "true"
    return token.value


def as_string(value: Any) -> str:
    """Return a value of a condition as ``String()`` does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(float(value))
    return "null" if value is None else str(value)


def as_number(value: Any) -> float:
    """Return a value of a condition as ``Number()`` does."""
    if value is None:
        return 0.0
    return number_in(value) if isinstance(value, str) else float(value)


def comparison(subject: str, operator: str, value: FqlToken) -> Conditions:
    """Return the condition of a *subject* such as ``properties.plan``."""
    root = subject.split(".")[0]
    leaf = {"type": TYPES[root]}
    if root in NESTED:
        leaf["name"] = subject.removeprefix(f"{root}.")
    special = _SPECIAL.get((operator, value.value), "")
    if special and _has_special(root, special):
        return {**leaf, "operator": special}
    if root in NESTED and value.kind is TokenKind.NUMBER:
        operator = _ON_NUMBERS.get(operator, operator)
    found = value_of(value)
    return {**leaf, "operator": operator, "value": found if root in NESTED else as_string(found)}


def call(name: str, subject: str, value: FqlToken, *, negated: bool) -> list[Conditions]:
    """Return the condition of a function, none if the subject is not one of a function."""
    text = as_string(value_of(value))
    operator = "contains"
    if name == "match":
        is_start = value.value.endswith('*"')
        operator, text = ("starts_with", text[:-1]) if is_start else ("ends_with", text[1:])
    rest = {"operator": f"not_{operator}" if negated else operator, "value": text}
    if subject in ("event", "name", "userId"):
        return [{"type": subject, **rest}]
    return [
        {"type": TYPES[root], "name": subject.removeprefix(f"{root}."), **rest}
        for root in ("properties", "traits", "context")
        if subject.startswith(root)
    ]


def _has_special(root: str, special: str) -> bool:
    if root in NESTED or root == "userId":
        return True
    return root == "name" and special in ("exists", "not_exists")


def _joined(found: list[FqlToken]) -> list[FqlToken]:
    """Join words with a dot between them."""
    made: list[FqlToken] = []
    at = 0
    while at < len(found):
        kinds = [token.kind for token in (*made[-1:], *found[at : at + 2])]
        if kinds == [TokenKind.WORD, TokenKind.DOT, TokenKind.WORD]:
            made[-1] = FqlToken(TokenKind.WORD, f"{made[-1].value}.{found[at + 1].value}")
            at += 2
        else:
            made.append(found[at])
            at += 1
    return made


def _parsed(found: list[FqlToken]) -> Conditions | None:
    """Take the tokens of a level; a group without conditions is None, also as a child."""
    nodes: list[Any] = []
    operator = "and"
    while found and (token := found.pop(0)).kind is not TokenKind.END:
        if token.kind is TokenKind.WORD:
            nodes += _from_word(token, found)
        elif token.kind is TokenKind.OPERATOR and token.value == "!":
            nodes += _negated(found)
        elif token.kind is TokenKind.OPEN:
            nodes.append(_parsed(_group(found)))
        elif token.kind is TokenKind.CONDITIONAL:
            operator = token.value
    if len(nodes) > 1:
        return {"type": "group", "operator": operator, "children": nodes}
    return nodes[0] if nodes else None


def _from_word(token: FqlToken, found: list[FqlToken]) -> list[Conditions]:
    if token.value in FUNCTIONS:
        return _from_function(token.value, found, negated=False)
    if token.value.split(".")[0] not in TYPES:
        return []
    operator = _taken(found, "Operator token is missing")
    return [comparison(token.value, operator.value, _taken(found, "Value token is missing"))]


def _negated(found: list[FqlToken]) -> list[Conditions]:
    if not found:
        raise SubscriptionError(_NOTHING)
    if found[0].kind is TokenKind.WORD and found[0].value in FUNCTIONS:
        return _from_function(found.pop(0).value, found, negated=True)
    return []


def _from_function(name: str, found: list[FqlToken], *, negated: bool) -> list[Conditions]:
    del found[:1]  # "("
    subject = _taken(found, f"{name}() is missing a 1st argument")
    del found[:1]  # ","
    value = _taken(found, f"{name}() is missing a 2nd argument")
    del found[:1]  # ")"
    return call(name, subject.value, value, negated=negated)


def _taken(found: list[FqlToken], missing: str) -> FqlToken:
    if not found:
        raise SubscriptionError(missing)
    return found.pop(0)


def _group(found: list[FqlToken]) -> list[FqlToken]:
    inner = []
    while found and found[0].kind is not TokenKind.CLOSE:
        inner.append(found.pop(0))
    if not found:
        raise SubscriptionError(_NOTHING)
    del found[0]
    return [*inner, FqlToken(TokenKind.END, "eos")]
