"""Ask about some operations at once, and apart where that gets no answer.

A function that makes a request per operation fails as a whole when one of them does. Asked
again in halves, and in halves of those, only that one is left without an answer: at most
twice as many calls as operations. A host that is down ends it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from ...destination import Action
from ...errors import HTTPError, NotSent
from ...responses import AsyncPollResponse, JSONObject, clean_text, not_asked
from ..verdict.poll import Answer, read_poll
from ..verdict.trouble import describe
from .channel import CallResult, Channel

Ask = Callable[[Sequence[JSONObject]], Awaitable[CallResult]]


@dataclass(frozen=True, slots=True)
class Part:
    """What some contexts of a round got: their *places* in it, and an answer for each."""

    places: Sequence[int]
    answers: Sequence[Answer]
    asked: CallResult

    @property
    def silent(self) -> set[int]:
        """The places that got no answer."""
        found = zip(self.places, self.answers, strict=True)
        return {place for place, answer in found if isinstance(answer, str)}

    @property
    def retry_after(self) -> float | None:
        """Seconds the destination asked to wait; of a request per operation the longest counts."""
        said = [each.retry_after for each in self.asked.exchanges if each.retry_after is not None]
        return max(said) if len(self.places) > 1 and said else self.asked.retry_after

    @property
    def status(self) -> int | None:
        """The HTTP status of what one operation alone was answered, None = of none, or of many."""
        error, exchanges = self.asked.error, self.asked.exchanges
        if len(self.places) > 1:
            return None
        if isinstance(error, HTTPError):
            return error.status
        return exchanges[-1].status if error is None and exchanges else None


async def polled(
    contexts: Sequence[JSONObject], *, ask: Ask, action: Action, channel: Channel
) -> AsyncIterator[Part]:
    """Ask about *contexts*, and yield what they got as soon as it is there.

    Once the host is down, what is left is not asked about: it gets the text of the last error.
    """
    left: list[Sequence[int]] = [range(len(contexts))]
    why = ""  # The last call got no answer.
    while left:
        places = left.pop()
        some = [contexts[place] for place in places]
        asked = _not_asked(why) if why and channel.is_unreachable else await ask(some)
        found = _read(asked, some, action)
        if not isinstance(found, str):
            yield Part(places, found, asked)
            continue
        why = found
        if len(places) == 1 or channel.is_unreachable:
            yield Part(places, [found] * len(places), asked)
        else:
            middle = len(places) // 2
            left += [places[middle:], places[:middle]]


async def polled_once(
    contexts: Sequence[JSONObject], *, ask: Ask, action: Action, channel: Channel
) -> CallResult:
    """Ask about *contexts* in one call; if that raises, put together what they get apart.

    A context without an answer is a failed result with the code POLLING_ERROR, in its place.
    The error is that of the one call where none of them gets an answer.
    """
    whole = await ask(contexts)
    if whole.error is None or len(contexts) < 2:
        return whole
    calls = [whole]

    async def apart(some: Sequence[JSONObject]) -> CallResult:
        if len(some) == len(contexts):
            return whole
        calls.append(await ask(some))
        return calls[-1]

    answers: dict[int, Answer] = {}
    async for part in polled(contexts, ask=apart, action=action, channel=channel):
        answers.update(zip(part.places, part.answers, strict=True))
    exchanges = [exchange for each in calls for exchange in each.exchanges]
    if all(isinstance(answer, str) for answer in answers.values()):
        return CallResult(None, whole.error, exchanges)
    results = [
        not_asked(answer, contexts[place]) if isinstance(answer, str) else answer
        for place, answer in sorted(answers.items())
    ]
    return CallResult(AsyncPollResponse.of(results), None, exchanges)


def _not_asked(why: str) -> CallResult:
    return CallResult(None, NotSent(why), ())


def _read(asked: CallResult, contexts: Sequence[JSONObject], action: Action) -> list[Answer] | str:
    if asked.error is not None:
        return describe(asked.error)
    key = action.operation_id
    ids = [clean_text(context.get(key)) for context in contexts]
    return read_poll(asked.answer, ids=ids, key=key, exchanges=asked.exchanges)
