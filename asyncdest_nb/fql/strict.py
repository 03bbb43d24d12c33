"""Conditions of a subscription that somebody types: what Segment would misread is refused.

What this accepts, Segment reads as it is written; so a text can be copied to there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..errors import UsageError
from .syntax import FUNCTIONS, NESTED, TYPES, Conditions, call, comparison, parse_compatible
from .text import generate
from .tokens import FqlToken, TokenKind

_PATH = r"(?:[A-Za-z_]|\\.)(?:[\w-]|\\.)*(?:\.(?:[\w-]|\\.)+)*"
_TOKENS = re.compile(
    rf"""(?P<blank>[ \t\n]+)
    | (?P<text>"[^"]*")
    | (?P<single>'[^']*')
    | (?P<number>[+-]?\d+(?:\.\d+)?(?![\w.]))
    | (?P<operator>!=|<=|>=|[=<>])
    | (?P<word>{_PATH})
    | (?P<sign>[!(),])
    | (?P<unknown>[^ \t\n]+?(?=[ \t\n(),"=]|\Z))""",
    re.VERBOSE | re.ASCII,
)
_KNOWN = ", ".join(sorted(name + ".…" * (name in NESTED) for name in TYPES))
_NEGATION = "Segment ignores a '!' that is not before contains( or match(; write !="


def parse(text: str) -> Conditions:
    """Return the conditions of *text*.

    Raises UsageError with all problems: what Segment cannot read, and what it would read as
    something else.
    """
    conditions, found = _read(text)
    if found or conditions is None:
        raise UsageError("\n".join([f"the subscription {text!r} cannot be read:", *found]))
    return conditions


def problems(text: str) -> list[str]:
    """Return all that is wrong with *text*, as ``parse`` has it; [] = nothing."""
    return _read(text)[1]


def _read(text: str) -> tuple[Conditions | None, list[str]]:
    reader = _Reader(_lexed(text), [])
    group = reader.group(depth=0)
    found = reader.problems
    if group is None:
        return None, found
    as_segment_reads = parse_compatible(text)
    if not found and as_segment_reads != group:
        is_read = "error" not in as_segment_reads
        other = f"as something else ({generate(as_segment_reads)})" if is_read else "not at all"
        found = [
            f"- Segment reads it {other}; put a space around each operator and after each quoted "
            "text, and a function last in its parentheses"
        ]
    return group, found


@dataclass(frozen=True, slots=True)
class _Word:
    """A token of the text: which kind it is, what is written, and at which character."""

    kind: str
    text: str
    at: int

    def __str__(self) -> str:
        return f"{self.text} at character {self.at + 1}" if self.text else "the end"


def _lexed(text: str) -> list[_Word]:
    found = [
        _Word(str(match.lastgroup), match[0], match.start())
        for match in _TOKENS.finditer(text)
        if match.lastgroup != "blank"
    ]
    return [*found, _Word("end", "", len(text))]


@dataclass
class _Reader:
    """Takes words one after the other, and collects the problems."""

    words: list[_Word]
    problems: list[str] = field(default_factory=list)

    def group(self, depth: int) -> Conditions | None:
        """Return the conditions up to the end of the text or of the parentheses."""
        children: list[Conditions] = []
        operators: list[str] = []
        while True:
            if (child := self._condition(depth)) is not None:
                children.append(child)
            self._skip(depth)
            if not self._is_next("and", "or"):
                break
            operators.append(self._take().text)
        if len(set(operators)) > 1:
            self._tell("'and' and 'or' are mixed: put one of them in parentheses")
        if len(children) == 1 and (depth or children[0]["type"] == "group"):
            return children[0]
        operator = operators[-1] if operators and len(children) > 1 else "and"
        return {"type": "group", "operator": operator, "children": children} if children else None

    def _condition(self, depth: int) -> Conditions | None:
        word = self._take()
        if word.text == "(":
            return self._parentheses(word, depth)
        if word.text == "!":
            return self._negated(word)
        if word.text in FUNCTIONS:
            return self._function(word, negated=False)
        if word.kind != "word" or word.text in ("and", "or"):
            self._back(word)
            return self._fail(f"a condition is missing before {word}")
        if not self._is_subject(word):
            return None
        return self._comparison(word)

    def _parentheses(self, word: _Word, depth: int) -> Conditions | None:
        if depth:
            self._tell(f"parentheses in parentheses, {word}: Segment reads one level of them")
        inner = self.group(depth + 1)
        if not self._is_next(")"):
            return self._fail(f"no ')' belongs to {word}")
        self._take()
        return inner

    def _negated(self, word: _Word) -> Conditions | None:
        if self._is_next(*FUNCTIONS):
            return self._function(self._take(), negated=True)
        return self._fail(f"{word}: {_NEGATION}")

    def _is_subject(self, word: _Word) -> bool:
        root, _, rest = word.text.partition(".")
        if root not in TYPES:
            self._tell(f"unknown: {word}. Known: {_KNOWN}")
        elif root in NESTED and not rest:
            self._tell(f"{word} needs a name, as in {root}.plan")
        elif root not in NESTED and rest:
            self._tell(f"{word}: {root!r} has no names inside")
        elif wrong := next((each for each in rest.split(".") if _is_misread(each)), ""):
            self._tell(f"{word}: Segment cannot read the name {wrong!r}")
        else:
            return True
        return False

    def _comparison(self, word: _Word) -> Conditions | None:
        if not self._is_next_kind("operator"):
            return self._fail(f"an operator (= != < <= > >=) is missing before {self.words[0]}")
        operator, value = self._take().text, self._take()
        if value.text == "=":
            return self._fail(f"'==' before {self.words[0]}: write one '='")
        root = word.text.partition(".")[0]
        if reason := _wrong_value(root, operator, value):
            if value.kind not in ("text", "single", "number", "word"):
                self._back(value)
            return self._fail(f"{word.text} {operator} {value}: {reason}")
        return comparison(_plain(word.text), operator, _token(value))

    def _function(self, word: _Word, *, negated: bool) -> Conditions | None:
        parts = [self._take() for _ in range(5)]
        shape = [part.text if part.kind == "sign" else part.kind for part in parts]
        if shape != ["(", "word", ",", "text", ")"]:
            for part in reversed(parts):
                self._back(part)
            return self._fail(f'{word}: write {word.text}(properties.plan, "text")')
        subject, value = parts[1], parts[3]
        if subject.text == "type":
            return self._fail(f"{word}: Segment cannot look into 'type'; compare it")
        if not self._is_subject(subject):
            return None
        if word.text == "match" and not _is_pattern(value.text):
            return self._fail(f"{value}: a pattern has one star, first or last in it")
        return call(word.text, _plain(subject.text), _token(value), negated=negated)[0]

    def _skip(self, depth: int) -> None:
        """Go to what may follow a condition; tell of the first word that may not."""
        told = bool(self.problems)
        while not (self._is_next("and", "or") or self._is_next_kind("end")):
            if self._is_next(")") and depth:
                return
            word = self._take()
            if not told:
                self._tell(f"'and' or 'or', in small letters, is missing before {word}")
                told = True

    def _fail(self, problem: str) -> Conditions | None:
        """Tell of a problem, and return no condition."""
        self._tell(problem)
        return None

    def _tell(self, problem: str) -> None:
        self.problems.append(f"- {problem}")

    def _take(self) -> _Word:
        return self.words.pop(0) if len(self.words) > 1 else self.words[0]

    def _back(self, word: _Word) -> None:
        if word.kind != "end":
            self.words.insert(0, word)

    def _is_next(self, *texts: str) -> bool:
        return self.words[0].text in texts and self.words[0].kind in ("word", "sign")

    def _is_next_kind(self, kind: str) -> bool:
        return self.words[0].kind == kind


def _is_misread(name: str) -> bool:
    return name in ("and", "or", "null") or name[:1].isdigit() or "\\." in name


def _is_pattern(quoted: str) -> bool:
    inner = quoted[1:-1]
    return inner.count("*") == 1 and (inner[0] == "*" or inner[-1] == "*")


def _wrong_value(root: str, operator: str, value: _Word) -> str:
    """Return why Segment cannot compare with *value*, "" if it can."""
    if value.kind == "single":
        return f'write it in double quotes: "{value.text[1:-1]}"'
    if value.kind not in ("text", "number", "word"):
        return "a value is missing"
    is_word = value.text if value.kind == "word" else ""
    if is_word and is_word not in ("true", "false", "null"):
        return f'write a text in double quotes: "{is_word}"'
    if operator not in ("=", "!="):
        return "" if value.kind == "number" and root in NESTED else _wrong_order(root)
    if root in NESTED or value.kind == "text":
        return _wrong_truth(operator, is_word)
    if is_word == "null" and root in ("name", "userId"):
        return ""
    return f"{root} is a text; write one in double quotes"


def _wrong_order(root: str) -> str:
    if root in NESTED:
        return "it compares numbers; write one"
    return f"{root} is a text; compare it with = or !="


def _wrong_truth(operator: str, word: str) -> str:
    if operator == "!=" and word in ("true", "false"):
        opposite = "false" if word == "true" else "true"
        return f"Segment compares with the text {word!r}; write = {opposite}, or = null"
    return ""


def _plain(path: str) -> str:
    return re.sub(r"\\(.)", r"\1", path)


def _token(word: _Word) -> FqlToken:
    if word.kind == "text":
        return FqlToken(TokenKind.TEXT, word.text)
    if word.kind == "number":
        return FqlToken(TokenKind.NUMBER, word.text)
    return FqlToken(TokenKind.NULL if word.text == "null" else TokenKind.WORD, word.text)


__all__ = ["parse", "problems"]
