"""How long the operations of each action take: what schedules have learned, kept in the session."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ...schedule import LearningSchedule, Schedule
from ...store import LEARNED_SCOPE, StateValue
from .context import RunContext


class LearnedDurations:
    """What was learned by destination and action; *note* stores a value with the next commit."""

    def __init__(self, stored: Iterable[StateValue], *, note: Callable[[StateValue], None]) -> None:
        self._known: dict[tuple[str, str], Any] = {
            (each.scope, each.key): each.value for each in stored
        }
        self._note = note

    def teach(self, schedule: Schedule, *, destination: str, action: str) -> None:
        """Let *schedule* begin with what earlier runs of that *action* have learned."""
        known = self._known.get((f"{LEARNED_SCOPE}{destination}", action))
        if isinstance(schedule, LearningSchedule) and isinstance(known, dict):
            schedule.recall(known)

    def keep(self, run: RunContext) -> None:
        """Keep what the schedule of *run* has learned for later runs of its action."""
        if not isinstance(run.schedule, LearningSchedule):
            return
        scope = f"{LEARNED_SCOPE}{run.record.destination}"
        value = StateValue(scope, run.record.action, run.schedule.knowledge(), None)
        if self._known.get((value.scope, value.key)) != value.value:
            self._known[value.scope, value.key] = value.value
            self._note(value)
