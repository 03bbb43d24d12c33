"""A submission whose reply was lost, looked for in the API by what was sent with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from ..destination import ActionData, Request
from ..errors import HTTPError, ProtocolError
from ..request import Response
from ..responses import JSONObject
from .exchange import RequestPlan, is_word, value_at
from .faults import shown
from .filters import ABSENT
from .look_up import keys_of, look_up, looker
from .model import FindRule
from .pages import list_at, pages_of
from .template import Scope, compiled


class LostSubmission:
    """Looks for a submission by *rule*. What cannot be read is never taken for "not there"."""

    def __init__(self, rule: FindRule, plan: RequestPlan) -> None:
        self._rule, self._plan = rule, plan
        self._match = {path: compiled(each) for path, each in rule.match.items()}

    async def context(
        self, request: Request, scope: Scope, data: ActionData[Any, Any]
    ) -> JSONObject | None:
        """Return what is kept of the submission; None = the API does not have it.

        Raises ProtocolError if the answer decides nothing, or two entries match.
        """
        wanted = {path: render(scope) for path, render in self._match.items()}
        found: list[JSONObject] = []
        unclear = ""
        async for entry, _ in entries_of(self._rule, self._plan, request, scope):
            if _is_match(entry, wanted):
                kept = kept_of(self._rule, entry)
                found += [] if kept in found else [kept]
            elif blind := [path for path in wanted if not _is_told(entry, path)]:
                unclear = unclear or f"nothing is at {', '.join(blind)} in {shown(entry)}"
        if len(found) > 1:
            raise ProtocolError(
                f"{self._plan.place}: {len(found)} entries match, so it is not known which is this "
                f"submission: {', '.join(map(shown, found))}"
            )
        if unclear and not found:
            raise ProtocolError(
                f"{self._plan.place}: {unclear}, so nobody can tell whether that is this submission"
            )
        return found[0] if found else None


async def entries_of(
    rule: FindRule, plan: RequestPlan, request: Request, scope: Scope
) -> AsyncIterator[tuple[Any, Response]]:
    """Yield each entry of the list, with the answer that has it.

    Raises ProtocolError if there is no list.
    """
    try:
        async for response in pages_of(plan, rule.pages, rule.items, request, scope):
            if rule.items is None:
                yield response.data, response
                continue
            for entry in list_at(rule.items, response.data, plan.place, null_is_empty=False):
                yield entry, response
    except HTTPError as error:
        # The list itself is not there; only words of not_found say more than that.
        if rule.items is not None and error.status == 404 and error.response is not None:
            raise ProtocolError(f"{plan.place}: there is no such list: {error}") from None
        raise


def kept_of(rule: FindRule, entry: Any) -> JSONObject:
    """Return what is kept of the *entry* that is the submission; raises ProtocolError."""
    rules: Mapping[str, Any] = rule.extract
    own = {name: value_at(each.path, entry) for name, each in rules.items() if each.path}
    missing = [name for name, value in own.items() if value in (ABSENT, None, "")]
    if missing:
        raise ProtocolError(f"find: the submission was found without {', '.join(missing)}")
    return own


def _is_match(entry: Any, wanted: Mapping[str, Any]) -> bool:
    return all(is_word(looker(path)(entry), [value]) for path, value in wanted.items())


def _is_told(entry: Any, path: str) -> bool:
    """Whether *entry* states what is at *path*: a value, or nothing there or on the way.

    ``"metadata": {}`` states that there is no key; without ``metadata``, it may just not be shown.
    """
    keys = keys_of(path.partition("|")[0])
    ways = [look_up(entry, keys[: count + 1]) for count in range(len(keys))] or [entry]
    return ways[-1] is not ABSENT or any(each is None or each == {} for each in ways)
