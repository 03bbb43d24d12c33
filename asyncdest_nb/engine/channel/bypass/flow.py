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
# The instructions of an ``await``, which follow the call that it waits for.
_AWAITS = ("GET_AWAITABLE", "LOAD_CONST", "SEND", "YIELD_VALUE", "RESUME")
_WITH_TARGET = frozenset((*dis.hasjrel, *dis.hasjabs))
_LOOKAHEAD = 100  # As many instructions show what a loaded object is used for.


class Flow:
    """The instructions of *code* by number, and which can follow which."""

    def __init__(self, code: types.CodeType) -> None:
        bytecode = dis.Bytecode(code)
        self._instructions = list(bytecode)
        self._offsets = [each.offset for each in self._instructions]
        entries = vars(bytecode)["exception_entries"]  # Typeshed does not know them.
        self._protected = [(each.start, each.end, self._at(each.target)) for each in entries]
        numbers = range(len(self._instructions))
        self._calls = [at for at in numbers if self._instructions[at].opname in _CALLS]
        self._handlers = [self._handlers_of(number) for number in numbers]
        self._following = [self._following_of(number) for number in numbers]

    def from_(self, number: int) -> list[dis.Instruction]:
        """Return the instruction *number* and those after it that use what it loads."""
        return self._instructions[number : number + _LOOKAHEAD]

    def may_have_run(self, offset: int | None) -> set[int]:
        """Return the instructions that may have run until an error at *offset* left the code.

        None = all of them.
        """
        if offset is None:
            return {*range(len(self._instructions))}
        last = self._last(offset)
        preceding: list[list[int]] = [[] for _ in self._instructions]
        for number in range(len(self._instructions)):
            for each in self._all_after(number):
                preceding[each].append(number)
        ran = _reached([last], preceding.__getitem__)
        return ran | _reached(self._handlers[last], self._after_in_handler)

    def is_call_pending(self, number: int, ran: Collection[int]) -> bool:
        """Whether the object loaded at *number* was to be called, and only its arguments *ran*."""
        start = _start(self._instructions[number])
        calls = [at for at in self._calls if _start(self._instructions[at]) == start]
        return start is not None and bool(calls) and not any(at in ran for at in calls)

    def load_of_last_call(self, offset: int | None) -> int | None:
        """Return the instruction that loaded the function that an error at *offset* left.

        None = the error left no call, or that function may have been called before.
        """
        call = None if offset is None else self._call_at(self._last(offset))
        if call is None or (start := _start(self._instructions[call])) is None:
            return None
        for number, each in enumerate(self._instructions[:call]):
            if each.opname.startswith("LOAD_") and _start(each) == start:
                again = _reached(self._all_after(number), self._all_after)
                return None if number in again else number
        return None

    def _call_at(self, last: int) -> int | None:
        """Return the call that runs at *last*, also one that is awaited there; None = none."""
        while self._instructions[last].opname in _AWAITS:
            last -= 1
        return last if last in self._calls else None

    def _all_after(self, number: int) -> list[int]:
        return [*self._following[number], *self._handlers[number]]

    def _after_in_handler(self, number: int) -> list[int]:
        """Return what follows in a handler that raises the error again: ``finally``, ``raise``."""
        further = self._all_after(number)
        if self._instructions[number].opname != "POP_EXCEPT":
            return further
        return [each for each in further if self._instructions[each].opname == "RERAISE"]

    def _handlers_of(self, number: int) -> list[int]:
        offset = self._offsets[number]
        return [handler for start, end, handler in self._protected if start <= offset < end]

    def _following_of(self, number: int) -> list[int]:
        each = self._instructions[number]
        further = [self._at(each.argval)] if each.opcode in _WITH_TARGET else []
        if each.opname not in (*_JUMPS, *_ENDS) and number + 1 < len(self._instructions):
            further.append(number + 1)
        return further

    def _last(self, offset: int) -> int:
        return bisect_right(self._offsets, offset) - 1

    def _at(self, offset: int) -> int:
        return bisect_left(self._offsets, offset)


@functools.lru_cache(maxsize=1000)
def flow_of(code: types.CodeType) -> Flow:
    """Return the flow of *code*, cached."""
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
