"""What happens at the end of a run for somebody who does not look: a call, a posted notice."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ..engine import Engine
from ..errors import AsyncDestError, StoreError
from ..numerals import counted
from ..operation import State, counts_text
from ..portal import Runner, wait_async
from ..request import Hook
from .entry import RunEntry

logger = logging.getLogger(__name__)

_STOP_SECONDS = 5.0  # How long the end of a session waits for a notice on its way.


def at_end(entry: RunEntry, act: Callable[[], object]) -> None:
    """Call *act* once nothing more happens to the run by itself; at once if that is so.

    On the engine's thread, or on this one. A session that is closed first ends no run.
    """

    def rested(future: Future[None]) -> None:
        if type(future.exception()) is not AsyncDestError:
            act()

    entry.ledger.rested.add_done_callback(rested)


def call_on_own_thread(entry: RunEntry, function: Callable[[], object]) -> None:
    """Call *function* on a thread of its own; an error of it is logged, and a notice of the run."""

    def call() -> None:
        try:
            function()
        except Exception as error:  # The edge to the user's code: the run goes on.
            logger.exception("a function for the end of run %s failed", entry.id)
            entry.add_trouble(entry.mask(f"when_done failed: {type(error).__name__}: {error}"))

    # No daemon: a script that ends with the run would end before the function.
    threading.Thread(target=call, name="asyncdest-when-done").start()


class EndNotices:
    """Posts a notice of the end of runs, at most once for each, also after a restart."""

    def __init__(self, runner: Runner, engine: Engine) -> None:
        self._runner = runner
        self._engine = engine
        self._posts: list[Future[None]] = []

    def add(self, entry: RunEntry, hook: Hook) -> None:
        """Post to *hook* when *entry* is at its end, unless that was done before."""
        at_end(entry, lambda: self._posts.append(self._runner.start(self._post(entry, hook))))

    async def _post(self, entry: RunEntry, hook: Hook) -> None:
        if entry.is_notified:
            return
        entry.is_notified = True
        try:
            # On disk first: a kernel that is killed now must not post it twice.
            await self._engine.journal.transact(lambda store: store.put_notified(entry.id))
            trouble = await hook.post(end_notice(entry))
        except StoreError as error:
            trouble = str(error)
        if trouble:
            entry.add_trouble(f"the notice of its end was not posted: {trouble}")

    async def finish(self) -> None:
        """Wait a few seconds for notices on their way."""
        for each in self._posts:
            await wait_async(each, timeout=_STOP_SECONDS)


def end_notice(entry: RunEntry) -> dict[str, Any]:
    """Return the JSON of a notice: counts, and no label or value of a row.

    ``text`` is what Slack and Mattermost show.
    """
    ledger = entry.ledger
    counts = ledger.counts
    title = entry.record.title
    held = ledger.states.get(State.HELD, 0)
    failure = ledger.rested.exception() if ledger.rested.done() else None
    parts = [
        f"{title}: {ledger.status}",
        f"{counted(sum(counts.values()), 'row')}: {counts_text(counts)}",
        f"For your decision: {counted(held, 'operation')}" if held else "",
        "it ended early, by an error" if failure else "",
    ]
    text = ". ".join(filter(None, parts))
    return {
        "text": _escaped(text),
        "run": entry.id,
        "title": title,
        "status": str(ledger.status),
        "counts": counts,
    }


def _escaped(text: str) -> str:
    """Return *text* so that Slack finds no link and no mention in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
