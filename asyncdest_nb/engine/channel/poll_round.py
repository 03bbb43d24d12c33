"""Poll some operations in one call, and in smaller groups if that gets no answer.

A function that makes one request per operation fails as a whole if one of them fails. So it
is called again with each half, and with halves of those, until only that one is left without
an answer: at most twice as many calls as operations. It ends once the host is down.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from ...destination import Action
from ...errors import HTTPError, NotSent
from ...operation import value
from ...responses import AsyncPollResponse, JSONObject, clean_text, not_asked
from ..verdict.poll import Answer, read_poll
from ..verdict.trouble import describe
from .call import CallResult
from .channel import Channel

PollContexts = Callable[[Sequence[JSONObject]], Awaitable[CallResult]]


@value
class Part:
    """The answers to some contexts of a round; *places* are their indexes in it."""

    places: Sequence[int]
    answers: Sequence[Answer]
    result: CallResult

    @property
    def unanswered(self) -> list[int]:
        """The places without an answer."""
        found = zip(self.places, self.answers, strict=True)
        return [place for place, answer in found if type(answer) is str]

    @property
    def retry_after(self) -> float | None:
        """Seconds the destination asked to wait; of several requests the longest counts."""
        given = [each.retry_after for each in self.result.exchanges if each.retry_after is not None]
        return max(given) if len(self.places) > 1 and given else self.result.retry_after

    @property
    def status(self) -> int | None:
        """The HTTP status of the answer to a single operation, None = no answer, or to many."""
        error, exchanges = self.result.error, self.result.exchanges
        if len(self.places) > 1:
            return None
        if isinstance(error, HTTPError):
            return error.status
        return exchanges[-1].status if error is None and exchanges else None

    @property
    def knows_operation(self) -> bool:
        """Whether the destination knows the operation, and lacks its result alone."""
        return isinstance(self.result.error, HTTPError) and self.result.error.is_of_result


async def polled(
    contexts: Sequence[JSONObject],
    *,
    poll: PollContexts,
    action: Action,
    channel: Channel,
    on_part: Callable[[Part], object] = lambda part: None,
) -> list[Part]:
    """Poll *contexts*, and return the answers; *on_part* gets them as soon as they are there.

    Once the host is down, the contexts that are left are not polled: their answer is the text
    of the last error.
    """
    parts: list[Part] = []
    left: list[Sequence[int]] = [range(len(contexts))]
    why = ""  # Why the last call got no answer.
    while left:
        places = left.pop()
        some = contexts if len(places) == len(contexts) else [contexts[each] for each in places]
        is_over = why and channel.is_unreachable
        result = CallResult(None, NotSent(why), ()) if is_over else await poll(some)
        found = _read(result, some, action)
        if isinstance(found, str):
            why = found
            if len(places) > 1 and not channel.is_unreachable:
                middle = len(places) // 2
                left += [places[middle:], places[:middle]]
                continue
            found = [why] * len(places)
        parts.append(Part(places, found, result))
        on_part(parts[-1])
    return parts


async def polled_once(
    contexts: Sequence[JSONObject], *, poll: PollContexts, action: Action, channel: Channel
) -> CallResult:
    """Poll *contexts* in one call; if that raises, in smaller groups, and return one result.

    A context without an answer has a failed result with the code POLLING_ERROR. If none has
    an answer, the error is that of the first call.
    """
    whole = await poll(contexts)
    if whole.error is None or len(contexts) < 2:
        return whole
    calls = [whole]

    async def poll_some(some: Sequence[JSONObject]) -> CallResult:
        if len(some) == len(contexts):
            return whole
        calls.append(await poll(some))
        return calls[-1]

    answers: dict[int, Answer] = {}
    for part in await polled(contexts, poll=poll_some, action=action, channel=channel):
        answers.update(zip(part.places, part.answers, strict=True))
    exchanges = [exchange for each in calls for exchange in each.exchanges]
    if all(isinstance(answer, str) for answer in answers.values()):
        return CallResult(None, whole.error, exchanges)
    results = [
        not_asked(answer, contexts[place]) if isinstance(answer, str) else answer
        for place, answer in sorted(answers.items())
    ]
    return CallResult(AsyncPollResponse.of(results), None, exchanges)


def _read(result: CallResult, contexts: Sequence[JSONObject], action: Action) -> list[Answer] | str:
    if result.error is not None:
        return describe(result.error)
    key = action.operation_id
    ids = [clean_text(context.get(key)) for context in contexts]
    return read_poll(result.answer, ids=ids, key=key, exchanges=result.exchanges)
