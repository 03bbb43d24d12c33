"""The explorer: from a destination to a finished run, by clicking."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from IPython.display import display

from ...destination import Action
from ...frame import DataFrame
from ...session import Connection, Run, Session, default_session
from ..following import told_to
from ..show import in_voila
from . import markup, parts
from .choices import Choices, arguments, texts_of
from .code import cell, free, session_arguments, submit_call, taken_names
from .connecting import Connecting
from .filling import FieldRows
from .kept import Keeper
from .look import LIVE, Look, look
from .offers import name_of
from .rows import Rows, whole_number
from .sending import Sending, Submission
from .work import Problem, Start, Work, attempted, on_a_thread

_PER_REQUEST = "Rows per request"
_FIRST = "Only the first rows"


class App:
    """What is on the page, and what was chosen there.

    ``code`` is the cell that does the same, ``connection`` and ``run`` what came of
    it, None = not yet. Slow work goes by *start*, which returns at once.
    """

    def __init__(
        self,
        frame: DataFrame | None = None,
        *,
        session: Session | None = None,
        names: Mapping[str, Any] | None = None,
        start: Start = on_a_thread,
    ) -> None:
        names = {} if names is None else names
        self._names = names
        self._before = taken_names(names)
        self._session = session
        self._rows = Rows(frame, names, self._action_changed)
        self._connecting = Connecting(
            names, session or default_session(), self._connection_changed, start=start
        )
        self._looking: Work[Look] = Work(start, parts.TURN)
        self._fields = FieldRows(self._changed)
        self._chosen: dict[str, str] = {}  # The action, by destination.
        self._sending = Sending(
            self._submission, self._changed, session=session or default_session(), start=start
        )
        self.code = ""
        self._keeper = Keeper()
        self._sending.sent = self._keeper.keep
        self._make()
        self._rows.find()

    def _make(self) -> None:
        self._action = parts.listing("Actions", [], self._action_changed)
        self._action_fields = parts.html()
        self._actions = parts.section("Action", self._action, self._action_fields)
        self._per_request = parts.text(_PER_REQUEST, self._changed)
        self._first = parts.text(_FIRST, self._changed, placeholder="all")
        self._check = parts.button("Check all rows", self.check_all)
        self._status = parts.status()
        self._seen = parts.html()
        options = parts.line(self._per_request, self._first, name="ade-field")
        self._preview = parts.section("Preview", options, self._status, self._seen, self._check)
        self._code = parts.html()
        self._code_button = parts.button("Show as code", self._toggle_code)
        parts.show(self._code, False)
        self._in_python = parts.section("The same in Python", self._code_button, self._code)
        self.widget = parts.root(
            [
                self._rows.widget,
                self._connecting.chooser,
                self._connecting.form,
                self._actions,
                self._fields.widget,
                self._preview,
                self._sending.widget,
                self._in_python,
            ]
        )

    @property
    def connection(self) -> Connection | None:
        """The connection, None = not connected."""
        return self._connecting.connection

    @property
    def run(self) -> Run | None:
        """The run that was sent last."""
        return self._sending.run

    def _connection_changed(self) -> None:
        connection = self.connection
        actions = connection.destination.actions if connection else {}
        options = [
            (f"{slug}: {action.description or action.title}", slug)
            for slug, action in actions.items()
        ]
        parts.refill(self._action, options, self._action_of(connection))
        parts.show(self._actions, bool(actions))
        parts.show(self._in_python, connection is not None)
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
            self._fields.set({}, ())
        else:
            action, place = connection.destination.action(slug), connection.destination.slug
            self._chosen[place] = slug
            self._action_fields.value = self._about(action)
            self._per_request.placeholder = f"{action.batch_size:,}, as the action takes"
            fields = {} if self._rows.frame is None else action.fields
            self._fields.set(
                fields,
                self._rows.columns,
                place=(place, slug),
                texts=texts_of(action.payload),
            )
        self._changed()

    def _about(self, action: Action) -> str:
        """Return what is to be known of *action*, also where its line in the list is cut."""
        found = markup.note(action.description) if action.description else ""
        found += markup.fields_table(action.fields)
        if self._rows.frame is None:
            found += markup.note("To go on, choose the rows at the top.")
        return found

    def _is_ready(self) -> bool:
        chosen = (self.connection, self._action.value, self._rows.frame)
        return all(each is not None for each in chosen)

    def _changed(self) -> None:
        ready = self._is_ready()
        for part in (self._preview, self._sending.widget):
            parts.show(part, ready)
        self._looking.forget()
        self._sending.allow(None)
        keywords = attempted(self._keywords) if ready else {}
        self._write_code(keywords)
        if not ready:
            return
        if isinstance(keywords, Problem):
            self._show_look(keywords)
        else:
            self._look(keywords, limit=LIVE)

    def _choices(self) -> Choices:
        return Choices(
            action=self._action.value,
            fillings=self._fields.fillings(),
            batch_size=whole_number(_PER_REQUEST, self._per_request.value),
            first_rows=whole_number(_FIRST, self._first.value),
            again=self._sending.again,
        )

    def _keywords(self) -> dict[str, Any]:
        assert self.connection is not None  # It is ready.
        self._connecting.check()
        self._rows.check()
        choices = self._choices()
        fields = self.connection.destination.action(choices.action).fields
        return arguments(choices, fields, self._rows.columns)

    def _frame(self) -> DataFrame:
        assert self._rows.frame is not None  # It is ready.
        count = whole_number(_FIRST, self._first.value)
        return self._rows.frame if count is None else self._rows.frame.head(count)

    def display(self) -> None:
        """Show it, and below what a saved notebook keeps of it."""
        display(self.widget)  # type: ignore[no-untyped-call]  # IPython has none here
        if not in_voila():
            self._keeper.display()

    def __repr__(self) -> str:
        sent = f"; sent as {self.run}" if self.run else ""
        where = self.connection.destination.name if self.connection else "not connected"
        return f"<Explorer: {where}{sent}>"

    # ---- preview

    def check_all(self) -> None:
        """Look at every row."""
        keywords = attempted(self._keywords)
        if isinstance(keywords, Problem):
            self._show_look(keywords)
        else:
            self._look(keywords, limit=None)

    def _look(self, keywords: Mapping[str, Any], *, limit: int | None) -> None:
        connection, frame, action = self.connection, self._frame(), self._action.value
        assert connection is not None  # It is ready.
        count = len(frame) if limit is None else min(limit, len(frame))
        self._status.value = markup.note(f"Looking at {markup.rows(count)} …")

        def look_slowly() -> Look:
            with told_to(self._tell):
                return look(connection, frame, action, keywords, limit=limit)

        self._looking.do(look_slowly, self._show_look)

    def _tell(self, doing: str, done: int, rows: int) -> None:
        """Say how far a look is that takes long."""
        with parts.TURN:
            if self._looking.is_wanted:
                words = f"Looking at {markup.rows(rows)}, {doing}: {done:,} …"
                self._status.value = markup.note(words)

    def _show_look(self, found: Look | Problem) -> None:
        if isinstance(found, Problem):
            # Where something is only missing yet, nothing is wrong.
            is_open = found.text == self._fields.to_do
            words = markup.to_do if is_open else markup.problem
            self._status.value = words(found.text)
            self._seen.value = ""
            parts.show(self._check, False)
            return
        self._sending.allow(found)
        self._status.value = markup.note(markup.look_words(found))
        self._seen.value = markup.seen(found)
        self._check.description = f"Check all {found.total:,} rows"
        parts.show(self._check, not found.is_whole)

    # ---- send

    def _submission(self, look: Look) -> Submission:
        """Return what sends the rows of *look*, as is chosen now."""
        assert self.connection is not None  # Else there is no button to click.
        submit = partial(self.connection.submit, look.frame, self._action.value, **self._keywords())
        session = self._session_name() if self._session else "ad.default_session()"
        return Submission(submit, self.code, session)

    # ---- code

    def _toggle_code(self) -> None:
        is_hidden = self._code.layout.display == "none"
        parts.show(self._code, is_hidden)
        self._code_button.description = "Hide code" if is_hidden else "Show as code"

    def _write_code(self, keywords: Mapping[str, Any] | Problem) -> None:
        if isinstance(keywords, Problem):
            missing = keywords.text.replace("\n", "\n# ")
            self.code = f"{self._cell()}\n# Not ready to be sent:\n# {missing}"
        else:
            self.code = self._cell(self._submit_call(keywords) if self._is_ready() else "")
        self._code.value = markup.code(self.code)

    def _cell(self, submit: str = "") -> str:
        offer = self._connecting.offer
        if offer is None or self.connection is None:
            return ""
        taken, session = self._taken(), self._session
        return cell(
            offer,
            self._connecting.settings,
            submit,
            session=self._session_name(),
            opening=None if session is None else session_arguments(session),
            rows="" if self._rows.name or not submit else free("rows", taken),
            taken=taken,
        )

    def _submit_call(self, keywords: Mapping[str, Any]) -> str:
        rows, taken = whole_number(_FIRST, self._first.value), self._taken()
        frame = self._rows.name or free("rows", taken)
        return submit_call(frame, self._action.value, keywords, rows=rows, taken=taken)

    def _session_name(self) -> str:
        return "" if self._session is None else name_of(self._session, self._names, "")

    def _taken(self) -> frozenset[str]:
        """Return the names that a cell must leave alone.

        What came later does not count, but for what the cell itself reads: its own names
        are among those once it has run.
        """
        offer = self._connecting.offer
        variable = offer.variable if offer else None
        return self._before | {self._rows.name, self._session_name(), variable or ""}
