"""Which instructions of a function may have run before an error left it."""

from __future__ import annotations

import dis
import functools
import types
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable

_JUMPS = ("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_ABSOLUTE")
_ENDS = ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE")
_CALLS = ("CALL", "CALL_FUNCTION_EX", "CALL_KW")
# What an ``await`` is made of, after the call whose result it takes.
_AWAITS = ("GET_AWAITABLE", "LOAD_CONST", "SEND", "YIELD_VALUE", "RESUME")


class Flow:
    """The instructions of *code*, and which can follow which."""

    def __init__(self, code: types.CodeType) -> None:
        bytecode = dis.Bytecode(code)
        self.instructions = list(bytecode)
        self._offsets = [each.offset for each in self.instructions]
        entries = vars(bytecode)["exception_entries"]  # Typeshed does not know them.
        self._protected = [(each.start, each.end, self._at(each.target)) for each in entries]
        numbers = range(len(self.instructions))
        self._calls = [at for at in numbers if self.instructions[at].opname in _CALLS]
        self._handlers = [self._handlers_of(number) for number in numbers]
        self._following = [self._following_of(number) for number in numbers]

    def from_(self, number: int) -> list[dis.Instruction]:
        """Return the instructions from *number* on, as many as say what it is used for."""
        return self.instructions[number : number + 100]

    def before(self, offset: int | None) -> set[int]:
        """Return, by number, what may have run until an error at *offset* left the code.

        None = all of it may have.
        """
        if offset is None:
            return {*range(len(self.instructions))}
        last = self._last(offset)
        leading: list[list[int]] = [[] for _ in self.instructions]
        for number in range(len(self.instructions)):
            for each in self._all_after(number):
                leading[each].append(number)
        ran = _reached([last], leading.__getitem__)
        return ran | _reached(self._handlers[last], self._leaving)

    def is_to_be_called(self, number: int, ran: Collection[int]) -> bool:
        """Say whether what is loaded at *number* waits for its arguments, when these *ran*."""
        start = _start(self.instructions[number])
        calls = [at for at in self._calls if _start(self.instructions[at]) == start]
        return start is not None and bool(calls) and not any(at in ran for at in calls)

    def called_at(self, offset: int | None) -> int | None:
        """Return, by number, what has loaded the function whose call an error has left.

        None = there is none, or it may have been called before.
        """
        call = None if offset is None else self._call_at(self._last(offset))
        if call is None or (start := _start(self.instructions[call])) is None:
            return None
        for number, each in enumerate(self.instructions[:call]):
            if each.opname.startswith("LOAD_") and _start(each) == start:
                again = _reached(self._all_after(number), self._all_after)
                return None if number in again else number
        return None

    def _call_at(self, last: int) -> int | None:
        """Return the call that is under way at *last*, also one that is awaited there."""
        while self.instructions[last].opname in _AWAITS:
            last -= 1
        return last if last in self._calls else None

    def _all_after(self, number: int) -> list[int]:
        return [*self._following[number], *self._handlers[number]]

    def _last(self, offset: int) -> int:
        return bisect_right(self._offsets, offset) - 1

    def _leaving(self, number: int) -> list[int]:
        """Return what follows in a handler that lets the error go on: ``finally``, ``raise``."""
        further = self._all_after(number)
        if self.instructions[number].opname != "POP_EXCEPT":
            return further
        return [each for each in further if self.instructions[each].opname == "RERAISE"]

    def _handlers_of(self, number: int) -> list[int]:
        offset = self._offsets[number]
        return [handler for start, end, handler in self._protected if start <= offset < end]

    def _following_of(self, number: int) -> list[int]:
        each = self.instructions[number]
        further = [self._at(each.argval)] if each.opcode in _WITH_TARGET else []
        if each.opname not in (*_JUMPS, *_ENDS) and number + 1 < len(self.instructions):
            further.append(number + 1)
        return further

    def _at(self, offset: int) -> int:
        return bisect_left(self._offsets, offset)


_WITH_TARGET = frozenset((*dis.hasjrel, *dis.hasjabs))


@functools.lru_cache(maxsize=1000)
def flow_of(code: types.CodeType) -> Flow:
    """Return the flow of *code*, which is worked out once."""
    return Flow(code)


def _start(each: dis.Instruction) -> tuple[int, int] | None:
    """Return where its expression begins in the source; a call begins with its function."""
    at = each.positions
    if at is None or at.lineno is None or at.col_offset is None:
        return None
    return at.lineno, at.col_offset


def _reached(starts: Iterable[int], further: Callable[[int], Iterable[int]]) -> set[int]:
    found, waiting = set[int](), [*starts]
    while waiting:
        if (number := waiting.pop()) not in found:
            found.add(number)
            waiting.extend(further(number))
    return found
