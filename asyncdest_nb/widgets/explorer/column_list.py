"""The widget that lists the columns of a frame, of which there may be hundreds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets

from ...responses import clean_text
from ..esm import join_modules
from ..marimo_host import ModuleWidget
from ..subshell import receive_while_cells_run
from . import parts
from .choices import default_key


class ColumnList(ModuleWidget):
    """A list with a filter, to choose one or some of *columns*; some also get keys.

    The page sends positions in *columns*, which stay the same while it is filtered.
    """

    _esm = join_modules(Path(__file__).parent / "column_list.js")

    description = traitlets.Unicode("").tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)  # Of the columns.
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)  # Their keys by default.
    is_several = traitlets.Bool(False).tag(sync=True)
    chosen = traitlets.List(traitlets.Int()).tag(sync=True)
    renames = traitlets.Dict().tag(sync=True)  # Renamed keys by the text of a position.

    def __init__(
        self,
        label: str,
        columns: Sequence[str],
        changed: parts.Changed,
        *,
        is_several: bool = False,
    ) -> None:
        self._columns = list(columns)
        super().__init__(
            description=clean_text(label),
            labels=[clean_text(each) for each in columns],
            names=[clean_text(default_key(each)) for each in columns],
            is_several=is_several,
        )
        self.observe(lambda _: parts.in_turn(changed), names=["chosen", "renames"])
        receive_while_cells_run(self.comm)

    @property
    def value(self) -> tuple[str, ...]:
        """The columns that are chosen, in their order."""
        return tuple(self._columns[at] for at in sorted(self.chosen) if at < len(self._columns))

    @value.setter
    def value(self, columns: Iterable[str]) -> None:
        wanted = set(columns)
        self.chosen = [at for at, each in enumerate(self._columns) if each in wanted]

    @property
    def renamed(self) -> dict[str, str]:
        """The keys that were renamed, by column; empty = as by default."""
        places = {str(at): each for at, each in enumerate(self._columns)}
        return {places[at]: str(key) for at, key in self.renames.items() if at in places}

    @renamed.setter
    def renamed(self, keys: Mapping[str, str]) -> None:
        self.renames = {
            str(at): keys[each] for at, each in enumerate(self._columns) if each in keys
        }

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take the state that a front end sends: of a choice and its keys only."""
        super().set_state(
            {key: sync_data[key] for key in ("chosen", "renames") if key in sync_data}
        )
