"""The presets of an action: mappings that come with its destination, each ready to be sent."""

from __future__ import annotations

from collections.abc import Sequence

from ...destination import Preset
from . import markup, parts

_OWN = ("none: fill the fields below", "")  # With None a dropdown shows nothing as chosen.


class PresetPicker:
    """A choice between the presets of an action; hidden where there are none.

    *changed* is called with each choice.
    """

    def __init__(self, changed: parts.Changed) -> None:
        self._changed = changed
        self._presets: dict[str, Preset] = {}
        self._choice = parts.dropdown("Preset", [_OWN], self._chosen, "")
        self._about = parts.html()
        self.widget = parts.column(self._choice, self._about)
        parts.show(self.widget, False)

    @property
    def preset(self) -> Preset | None:
        """What is chosen; None = the fields are filled one by one."""
        return self._presets.get(self._choice.value)

    def offer(self, presets: Sequence[Preset]) -> None:
        """Offer *presets*; one that was chosen before stays so, if it is among them."""
        self._presets = {each.name: each for each in presets}
        chosen = self._choice.value if self.preset is not None else ""
        parts.refill(self._choice, [_OWN, *((name, name) for name in self._presets)], chosen)
        parts.show(self.widget, bool(presets))
        self._describe()

    def _chosen(self) -> None:
        self._describe()
        self._changed()

    def _describe(self) -> None:
        preset, words = self.preset, ""
        if preset is not None:
            rows = f"Only rows that match: {preset.subscribe}" if preset.subscribe else "All rows"
            words = f"It fills {', '.join(preset.mapping) or 'no field'}.\n{rows}."
        self._about.value = markup.note(words) if words else ""
