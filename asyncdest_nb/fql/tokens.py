"""The tokens of a subscription, as Segment's lexer finds them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_BLANK = " \t\n"


class TokenKind(StrEnum):
    """What a token is."""

    WORD = "ident"
    DOT = "dot"
    OPERATOR = "operator"
    CONDITIONAL = "conditional"
    TEXT = "string"
    NUMBER = "number"
    NULL = "null"
    OPEN = "parenleft"
    CLOSE = "parenright"
    OTHER = "other"
    END = "eos"


@dataclass(frozen=True, slots=True)
class FqlToken:
    """A token: its kind, and its text, a quoted one with its quotes."""

    kind: TokenKind
    value: str


class LexerError(Exception):
    """A text that has no tokens; Segment forgets why."""


_SIGNS = {
    ".": TokenKind.DOT,
    "(": TokenKind.OPEN,
    ")": TokenKind.CLOSE,
    "[": TokenKind.OTHER,
    "]": TokenKind.OTHER,
    ",": TokenKind.OTHER,
}
_CONDITIONALS = {"a": "and", "o": "or", "n": "null"}


def tokens(text: str) -> list[FqlToken]:
    """Return the tokens of *text*, the last of them the end.

    Raises LexerError for a text that Segment's lexer refuses.
    """
    return _Lexer(text).tokens()


def is_letter(character: str) -> bool:
    """Whether *character* is a letter of ASCII."""
    return character.isascii() and character.isalpha()


def _is_digit(character: str) -> bool:
    return character.isascii() and character.isdigit()


def _is_in_word(character: str) -> bool:
    return is_letter(character) or _is_digit(character) or character in ("_", "-", "\\")


def _ends(character: str) -> bool:
    """Whether *character* ends a token; "" is the end of the text."""
    return not character or character in _BLANK or character in ",])"


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def tokens(self) -> list[FqlToken]:
        found = []
        while character := self._next():
            if character not in _BLANK:
                found.append(self._token(character))
        return [*found, FqlToken(TokenKind.END, "eos")]

    def _token(self, character: str) -> FqlToken:
        if character == "!" and (is_letter(self._peek()) or self._peek() == "("):
            return FqlToken(TokenKind.OPERATOR, "!")
        if character in ("!", "=", "<", ">"):
            return self._operator(character)
        if is_letter(character) or character in ("\\", "_"):
            return self._word(character)
        if _is_digit(character) or character in ("-", "+"):
            return self._number(character)
        if character in ('"', "'"):
            return self._quoted(character)
        if character in _SIGNS:
            return FqlToken(_SIGNS[character], character)
        raise LexerError

    def _operator(self, character: str) -> FqlToken:
        if character == "=":
            return FqlToken(TokenKind.OPERATOR, "=")
        if self._accept("="):
            return FqlToken(TokenKind.OPERATOR, f"{character}=")
        if character == "!":
            raise LexerError
        return FqlToken(TokenKind.OPERATOR, character)

    def _word(self, first: str) -> FqlToken:
        whole = _CONDITIONALS.get(first)
        if whole and self._accept(whole[1:]):
            return FqlToken(TokenKind.NULL if whole == "null" else TokenKind.CONDITIONAL, whole)
        word, character = "", first
        while True:
            if character == "\\":
                character = self._next()
                if not character:
                    raise LexerError
            word += character
            if not self._peek() or not _is_in_word(self._peek()):
                break
            character = self._next()
        if not (_ends(self._peek()) or self._peek() in ".(=!"):
            raise LexerError
        return FqlToken(TokenKind.WORD, word)

    def _number(self, first: str) -> FqlToken:
        digits = first
        while _is_digit(self._peek()) or self._peek() == ".":
            character = self._next()
            if character == "." and (_ends(self._peek()) or "." in digits[1:]):
                raise LexerError
            digits += character
        return FqlToken(TokenKind.NUMBER, digits)

    def _quoted(self, quote: str) -> FqlToken:
        end = self._text.find(quote, self._at)
        if end < 0:
            raise LexerError
        content = self._text[self._at : end]
        self._at = end
        # Without a blank behind it, the closing quote is read again, as an opening one.
        self._accept(quote)
        return FqlToken(TokenKind.TEXT, f"{quote}{content}{quote}")

    def _accept(self, rest: str) -> bool:
        """Go beyond *rest* if it is next, and a token ends there.

        At the end of the text Segment's lexer forgets to go back, and loses characters.
        """
        start = self._at
        for _ in rest:
            character = self._next()
            if not character:
                return False
            if _ends(character):
                break
        if self._text[start : self._at] == rest and _ends(self._peek()):
            return True
        self._at = start
        return False

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        character = self._peek()
        self._at += len(character)
        return character
