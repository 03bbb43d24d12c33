"""The explorer: from a destination to a finished run, by clicking."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from IPython.display import display

from ...destination import Action
from ...frame import DataFrame
from ...session import Connection, Run, Session, default_session
from ..shell import in_voila
from . import markup, parts
from .choices import Choices, arguments, texts_of
from .code import cell, free, preset_call, session_arguments, submit_call, taken_names
from .code_panel import CodePanel
from .connect_panel import ConnectPanel
from .fields_panel import FieldsPanel
from .frame_picker import FramePicker
from .offers import name_of, real_place
from .preset_picker import PresetPicker
from .preview import LIVE_ROWS, PreviewResult
from .preview_panel import PreviewPanel
from .saved import SavedOutputs
from .send_panel import PreparedSubmit, SendPanel
from .work import Problem, Start, attempted, on_a_thread


class App:
    """What is on the page, and what was chosen there.

    ``code`` is the cell that does the same, ``saved`` what a saved notebook shows,
    ``connection`` and ``run`` what came of the clicks, None = not yet. *start* starts slow
    work and returns at once.
    """

    def __init__(
        self,
        frame: object = None,
        *,
        session: Session | None = None,
        names: Mapping[str, Any] | None = None,
        start: Start = on_a_thread,
    ) -> None:
        names = {} if names is None else names
        used = session or default_session()
        self._names = names
        self._names_before = taken_names(names)
        self._session = session
        self._chosen: dict[str, str] = {}  # The action, by destination.
        self.code = ""
        self.saved = SavedOutputs()
        self._picker = FramePicker(frame, names, self._action_changed)
        self._connect = ConnectPanel(names, used, self._connection_changed, start=start)
        self._presets = PresetPicker(self._preset_changed)
        self._fields = FieldsPanel(self._changed)
        self._preview = PreviewPanel(
            self._changed, check_all=self.check_all, previewed=self._previewed, start=start
        )
        self._send = SendPanel(
            self._prepared,
            self._changed,
            sent=self.saved.add,
            record=self.saved.outputs,
            session=used,
            start=start,
        )
        self._code = CodePanel()
        self._make()
        self._picker.find()

    def _make(self) -> None:
        self._action = parts.listing("Actions", [], self._action_changed)
        self._action_fields = parts.html()
        self._actions = parts.section(
            "Action", self._action, self._action_fields, self._presets.widget
        )
        self.widget = parts.root(
            [
                self._picker.widget,
                self._connect.chooser,
                self._connect.form,
                self._actions,
                self._fields.widget,
                self._preview.widget,
                self._send.widget,
                self._code.widget,
            ],
            lambda: self.saved.advise(""),
        )
        self.saved.advise(self.widget.advice)

    @property
    def connection(self) -> Connection | None:
        """The connection, None = not connected."""
        return self._connect.connection

    @property
    def run(self) -> Run | None:
        """The run that was sent last."""
        return self._send.run

    def display(self) -> None:
        """Display the app, and below it what a saved notebook shows in its place."""
        metadata = self.saved.outputs.metadata
        display(self.widget, metadata=metadata)  # type: ignore[no-untyped-call]
        if not in_voila():
            self.saved.outputs.display()

    def __repr__(self) -> str:
        sent = f"; sent as {self.run}" if self.run else ""
        where = self.connection.destination.name if self.connection else "not connected"
        return f"<Explorer: {where}{sent}>"

    # ---- what was chosen

    def _connection_changed(self) -> None:
        connection = self.connection
        actions = connection.destination.actions if connection else {}
        options = [
            (f"{slug}: {action.description or action.title}", slug)
            for slug, action in actions.items()
        ]
        parts.refill(self._action, options, self._action_of(connection))
        parts.show(self._actions, bool(actions))
        parts.show(self._code.widget, connection is not None)
        self._action_changed()

    def _action_of(self, connection: Connection | None) -> str | None:
        """Return the only action, or the one that was chosen there before."""
        if connection is None:
            return None
        actions, slug = connection.destination.actions, connection.destination.slug
        chosen = next(iter(actions)) if len(actions) == 1 else self._chosen.get(slug)
        return chosen if chosen in actions else None

    def _action_changed(self) -> None:
        connection, slug = self.connection, self._action.value
        if connection is None or slug not in connection.destination.actions:
            self._action_fields.value = ""
            self._presets.offer([])
            self._fields.set({}, ())
        else:
            action, place = connection.destination.action(slug), connection.destination.slug
            self._chosen[place] = slug
            self._action_fields.value = self._about(action)
            self._preview.show_default(action.batch_size)
            fields = {} if self._picker.frame is None else action.inputs
            self._fields.set(
                fields,
                self._picker.columns,
                place=(place, slug),
                texts=texts_of(action.payload),
            )
            self._send.offer_keys(self._picker.columns)
            found = connection.destination.presets.values()
            self._presets.offer([each for each in found if fields and each.action == slug])
        self._preset_changed()

    def _preset_changed(self) -> None:
        is_open = self._presets.preset is None
        parts.show(self._fields.widget, is_open and self._fields.is_there)
        self._preview.offer_subscription(self._picker.columns if is_open else ())
        self._changed()

    def _about(self, action: Action) -> str:
        """Return the description and the fields of *action*, whose line in the list may be cut."""
        found = markup.note(action.description) if action.description else ""
        found += markup.fields_table(action.inputs)
        if self._picker.frame is None:
            found += markup.note("To go on, choose the rows at the top.")
        return found

    def _is_ready(self) -> bool:
        chosen = (self.connection, self._action.value, self._picker.frame)
        return all(each is not None for each in chosen)

    def _changed(self) -> None:
        is_ready = self._is_ready()
        for part in (self._preview.widget, self._send.widget):
            parts.show(part, is_ready)
        self._preview.forget()
        self._send.allow(None)
        keywords = attempted(self._keywords) if is_ready else {}
        self._write_code(keywords)
        if is_ready:
            self._show_preview(keywords, limit=LIVE_ROWS)

    def _keywords(self) -> dict[str, Any]:
        assert self.connection is not None  # It is ready.
        self._connect.check()
        self._picker.check()
        preset = self._presets.preset
        choices = Choices(
            action=self._action.value,
            sources=self._fields.sources() if preset is None else {},
            batch_size=self._preview.batch_size,
            first_rows=self._preview.first_rows,
            again=self._send.again,
            key=self._send.key,
            subscribe=self._preview.subscribe,
        )
        fields = self.connection.destination.action(choices.action).inputs
        own = {} if preset is None else {"mapping": preset.mapping, "subscribe": preset.subscribe}
        return arguments(choices, fields, self._picker.columns) | own

    # ---- preview and send

    def check_all(self) -> None:
        """Preview every row."""
        self._show_preview(attempted(self._keywords), limit=None)

    def _show_preview(self, keywords: Mapping[str, Any] | Problem, *, limit: int | None) -> None:
        if isinstance(keywords, Problem):
            is_unfinished = keywords.text == self._fields.to_do
            self._preview.show_problem(keywords, is_unfinished=is_unfinished)
            return
        assert self.connection is not None  # It is ready.
        frame, action = self._frame(), self._action.value
        self._preview.preview(self.connection, frame, action, keywords, limit=limit)

    def _frame(self) -> DataFrame:
        assert self._picker.frame is not None  # It is ready.
        count = self._preview.first_rows
        return self._picker.frame if count is None else self._picker.frame.head(count)

    def _previewed(self, result: PreviewResult) -> None:
        self._send.allow(result)

    def _prepared(self, result: PreviewResult) -> PreparedSubmit:
        """Return what sends the rows of *result*, with what is chosen now."""
        assert self.connection is not None  # Otherwise there is no button to click.
        keywords = self._keywords()
        submit = partial(self.connection.submit, result.frame, self._action.value, **keywords)
        session = self._session_name() if self._session else "ad.default_session()"
        return PreparedSubmit(submit, self.code, session, real_place(self.connection))

    # ---- code

    def _write_code(self, keywords: Mapping[str, Any] | Problem) -> None:
        if isinstance(keywords, Problem):
            missing = keywords.text.replace("\n", "\n# ")
            self.code = f"{self._cell()}\n# Not ready to be sent:\n# {missing}"
        else:
            self.code = self._cell(self._submit_call(keywords) if self._is_ready() else "")
        self._code.write(self.code)

    def _cell(self, submit: str = "") -> str:
        offer = self._connect.offer
        if offer is None or self.connection is None:
            return ""
        taken, session = self._taken(), self._session
        return cell(
            offer,
            self._connect.settings,
            submit,
            session=self._session_name(),
            opening=None if session is None else session_arguments(session),
            rows="" if self._picker.name or not submit else free("rows", taken),
            taken=taken,
        )

    def _submit_call(self, keywords: Mapping[str, Any]) -> str:
        rows, taken = self._preview.first_rows, self._taken()
        frame = self._picker.code(rows, otherwise=free("rows", taken))
        preset = self._presets.preset
        if preset is not None:
            return preset_call(frame, preset.name, keywords, taken=taken)
        return submit_call(frame, self._action.value, keywords, taken=taken)

    def _session_name(self) -> str:
        return "" if self._session is None else name_of(self._session, self._names, "")

    def _taken(self) -> frozenset[str]:
        """Return the names that a cell must not assign.

        They are those from before the explorer, and those that the cell itself reads. Later
        names do not count: the cell's own are among them once it has run.
        """
        offer = self._connect.offer
        variable = offer.variable if offer else None
        return self._names_before | {self._picker.name, self._session_name(), variable or ""}
