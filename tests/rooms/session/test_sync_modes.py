"""What functions are given beside payloads: a sync mode, a matching key, who is in an audience."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad

FRAME = pd.DataFrame({"id": ["a", "b", "c"], "active": [True, False, None]})


class Payload(ad.Payload):
    id: str = ad.field("Id")


class Hashed(ad.Payload):
    """A payload that each row is read alone for."""

    id: str = ad.field("Id")

    def model_post_init(self, context: Any) -> None:
        assert self.id


class Audience:
    """A destination that keeps what its function was given, and refuses *refused* at first."""

    def __init__(self, payload: Any = Payload, refused: str = "", **declared: Any) -> None:
        self.given: list[tuple[Any, Any, Any, Any, Any]] = []
        self._refused = refused
        modes = {"sync_mode": ["add", "delete", "mirror"], **declared}
        self.action = ad.Action(
            title="Sync", payload=payload, perform_batch=self.send, recovery="natural", **modes
        )
        self.destination = ad.Destination(
            name="Audience", slug="audience", actions={"sync": self.action}
        )

    async def send(self, request: Any, data: Any) -> Any:
        ids = [each.id for each in data.payload]
        texts = list(data.payload_texts)
        members = data.audience_membership
        self.given.append((ids, texts, data.sync_mode, data.matching_key, members))
        answers = ad.MultiStatusResponse()
        for each in ids:
            if each == self._refused and len(self.given) == 1:
                answers.push_error(status=503, errormessage="later")
            else:
                answers.push_success(status=200)
        return answers


@pytest.fixture
def audience() -> Audience:
    return Audience()


@pytest.fixture
def crm(session: ad.Session, audience: Audience) -> ad.Connection:
    return session.connect(audience.destination)


ALL = {"sync_mode": "mirror", "matching_key": "id", "columns": {"audience_membership": "active"}}
TEXTS = ['{"id":"a"}', '{"id":"b"}', '{"id":"c"}']
GIVEN = (["a", "b", "c"], TEXTS, "mirror", "id", [True, False, None])


@pytest.mark.parametrize("payload", [Payload, Hashed, {"id": {"label": "Id", "type": "string"}}])
def test_functions_are_given_what_the_submit_says_and_payloads_have_nothing_of_it(session, payload):
    audience = Audience(payload)
    run = session.connect(audience.destination).submit(FRAME, "sync", **ALL)
    assert run.wait(timeout=10) == "completed"
    assert audience.given == [GIVEN]


def test_a_preview_shows_it_in_its_text_and_in_its_table(crm):
    preview = crm.preview(FRAME, "sync", **ALL)
    assert list(preview.payloads.values()) == [{"id": "a"}, {"id": "b"}, {"id": "c"}]
    assert '  sync_mode <- "mirror"\n' in repr(preview)
    assert "  audience_membership <- column 'active'\n" in repr(preview)
    assert preview.beside[1] == {
        "sync_mode": "mirror",
        "matching_key": "id",
        "audience_membership": False,
    }
    table = preview.table()
    assert list(table["→ audience_membership"].dropna()) == [True, False]
    assert list(table["→ sync_mode"]) == ["mirror"] * 3


def test_a_connection_says_what_an_action_takes_beside_its_fields(crm):
    assert "    sync_mode: Sync mode (string, optional, one of add, delete, mirror)" in repr(crm)
    assert "    audience_membership: Audience membership (boolean, optional)" in repr(crm)


def test_a_retry_is_given_the_same_as_the_first_attempt(session):
    audience = Audience(refused="b")
    run = session.connect(audience.destination).submit(FRAME, "sync", **ALL)
    run.wait(timeout=10)
    assert run.retry().wait(timeout=10) == "completed"
    assert audience.given[1] == (["b"], TEXTS[1:2], "mirror", "id", [False])


def test_a_run_of_a_file_is_given_the_same_and_its_frame_has_only_the_fields(tmp_path):
    path = tmp_path / "audience.db"
    audience = Audience(refused="b")
    with ad.Session(path=path) as first:
        first.connect(audience.destination).submit(FRAME, "sync", **ALL).wait(timeout=10)
    with ad.Session(path=path) as again:
        again.connect(audience.destination)
        [run] = again.runs()
        assert list(run.failed().columns)[:1] == ["id"]
        assert not [name for name in run.failed().columns if "internal" in name]
        assert run.retry().wait(timeout=10) == "completed"
    assert audience.given[1] == (["b"], TEXTS[1:2], "mirror", "id", [False])


def test_frames_that_come_one_after_the_other_are_given_the_same(crm, audience):
    run = crm.submit(iter([FRAME[:2], FRAME[2:]]), "sync", **ALL)
    assert run.wait(timeout=10) == "completed"
    assert audience.given == [GIVEN]


@pytest.mark.parametrize("payload", [Payload, Hashed])
def test_the_same_rows_in_another_mode_are_another_submit(session, payload):
    audience = Audience(payload)
    crm = session.connect(audience.destination)
    for mode in ("mirror", "delete"):
        crm.submit(FRAME, "sync", sync_mode=mode).wait(timeout=10)
    assert [each[2] for each in audience.given] == ["mirror", "delete"]
    with pytest.warns(ad.AlreadySubmitted):
        crm.submit(FRAME, "sync", sync_mode="delete")


def test_of_rows_that_changed_those_are_sent_that_left_the_audience(crm, audience):
    kept = {"key": "id", "changed_only": True}
    crm.submit(FRAME, "sync", **ALL, **kept).wait(timeout=10)
    left = FRAME.assign(active=[False, False, None])
    crm.submit(left, "sync", **ALL, **kept).wait(timeout=10)
    assert audience.given[1][0] == ["a"]
    assert audience.given[1][4] == [False]


def test_a_value_that_says_neither_in_nor_out_makes_its_row_invalid(crm, audience):
    run = crm.submit(FRAME.assign(active=["yes", False, None]), "sync", **ALL)
    run.wait(timeout=10)
    assert run.results()["status"].tolist() == ["invalid", "completed", "completed"]
    assert "audience_membership is 'yes'" in run.results()["message"].iloc[0]


def test_the_mode_that_is_usual_is_given_where_none_is_stated(session):
    audience = Audience(sync_mode={"default": "add", "choices": [{"label": "A", "value": "add"}]})
    session.connect(audience.destination).submit(FRAME, "sync").wait(timeout=10)
    assert audience.given[0][2:] == ("add", None, [None] * 3)


def test_an_action_that_declares_none_of_it_is_given_none(session):
    audience = Audience(sync_mode=None)
    crm = session.connect(audience.destination)
    crm.submit(FRAME, "sync").wait(timeout=10)
    assert audience.given[0][2:] == (None, None, None)
    with pytest.raises(ad.UnknownName, match="no field 'sync_mode'"):
        crm.submit(FRAME, "sync", sync_mode="add")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sync_mode": "upsert"}, "no sync mode 'upsert'"),
        ({"sync_mod": "add"}, "did you mean sync_mode="),
        ({"matching_key": " "}, "matching_key is ' '; write the name"),
        ({"sync_mode": "add", "mapping": {"sync_mode": "add"}}, "sync_mode is stated twice"),
        ({"columns": {"audience_membership": "nobody"}}, "no column 'nobody'"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(crm, audience, given, message):
    with pytest.raises(ad.UsageError, match=message):
        crm.submit(FRAME, "sync", **given)
    assert audience.given == []


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"sync_mode": ["adding"]}, "no sync mode 'adding'"),
        ({"sync_mode": "add"}, "write a list"),
        ({"sync_mode": {"default": "add", "choices": ["delete"]}}, "no sync mode 'add'"),
        ({"audience_membership": "yes"}, "must be True or False"),
        ({"payload": {"sync_mode": {"label": "Mode", "type": "string"}}}, "call that field other"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused(declared, message):
    with pytest.raises(ad.UsageError, match=message):
        Audience(**declared)


def test_a_single_call_is_given_what_its_caller_says(crm, audience):
    crm.execute_batch(
        "sync", [{"id": "a"}], sync_mode="add", matching_key="id", audience_membership=[True]
    )
    assert audience.given == [(["a"], TEXTS[:1], "add", "id", [True])]
    with pytest.raises(ad.UsageError, match="write a list of 1"):
        crm.execute_batch("sync", [{"id": "a"}], audience_membership=True)
    with pytest.raises(ad.UnknownName, match="no argument 'mode'"):
        crm.execute_batch("sync", [{"id": "a"}], mode="add")


def test_a_function_for_one_row_is_given_one_value(session):
    given = []

    async def perform(request: Any, *, audienceMembership: Any, syncMode: Any) -> None:
        given.append((audienceMembership, syncMode))

    action = ad.Action(title="Sync", payload=Payload, perform=perform, sync_mode=["add"])
    crm = session.connect(ad.Destination(name="One", slug="one", actions={"sync": action}))
    run = crm.submit(FRAME[:1], "sync", sync_mode="add", columns={"audience_membership": "active"})
    run.wait(timeout=10)
    crm.execute_action("sync", {"id": "a"}, audience_membership=False)
    assert given == [(True, "add"), (False, None)]
