"""The caller's faults: raised at once, before anything is sent."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import asyncdest_nb as ad
from one_action import destination, echo, submit, users


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda crm: crm.submit(users("a"), "nope"), ad.UnknownName, "Known: act"),
        (lambda crm: crm.submit([1], "act"), ad.FrameError, "not a DataFrame"),
        (lambda crm: crm.submit(users("a"), "act", batch_size=0), ad.UsageError, "batch_size is 0"),
        (
            lambda crm: crm.submit(pd.DataFrame({"x": [1]}), "act"),
            ad.MappingError,
            "required field 'user_id'",
        ),
        (
            lambda crm: crm.submit(users("a"), "act", columns={"user": "user_id"}),
            ad.UnknownName,
            "did you mean 'user_id'",
        ),
        (
            lambda crm: crm.submit(users("a"), "act", mapping={"user_id": {"@path": "$.usr_id"}}),
            ad.UnknownName,
            "no column 'usr_id'; did you mean 'user_id'",
        ),
        (
            lambda crm: crm.submit(users("a"), "act", user_id={"@template": "{{user_id}}-{{x}}"}),
            ad.UnknownName,
            "no column 'x'. Known: user_id",
        ),
        (
            lambda crm: crm.submit(users("a").set_index("user_id"), "act"),
            ad.MappingError,
            "'user_id' is in the index: df.reset_index",
        ),
        (
            lambda crm: crm.submit(users("a"), "act", batchsize=10),
            ad.UnknownName,
            "no field or option 'batchsize'; did you mean batch_size=?",
        ),
        (lambda crm: crm.submit(users("a"), ["act"]), ad.UnknownName, "Test has no action"),
        (lambda crm: crm.submit(users("a"), "act", batch_size="10"), ad.UsageError, "'10'; it mus"),
        (
            lambda crm: crm.submit(users("a"), "act", deadline="60"),
            ad.UsageError,
            "above 0 .second",
        ),
        (lambda crm: crm.submit(users("a"), "act", schedule=5), ad.UsageError, "a Schedule"),
        (lambda crm: crm.submit(users("a"), "act", again="no"), ad.UsageError, "True or False"),
        (lambda crm: crm.preview(users("a"), "act", rows=0), ad.UsageError, "rows is 0"),
        (lambda crm: crm.execute_action("act", ["a"]), ad.UsageError, "the payload is a list"),
        (lambda crm: crm.execute_poll("act", []), ad.UsageError, "are final"),
        (lambda crm: crm.execute_batch("act", []), ad.UsageError, "use execute_action"),
        (lambda crm: crm.execute_action("act", {"use": 1}), ad.UnknownName, "user_id"),
        (lambda crm: crm.execute_action("act", {}), ad.UsageError, "is missing"),
    ],
)
def test_a_callers_fault_is_raised_at_once(session, call, error, message):
    with pytest.raises(error, match=message):
        call(session.connect(destination(perform=echo)))
    assert session.runs() == []


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".", "ü"])
def test_a_session_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(ad.UsageError, match="session name"):
        ad.Session(name)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda session: session.connect(None), "the destination is a NoneType; give its slug"),
        (lambda session: session.connect({}), "the destination is a dict; give its slug"),
        (
            lambda session: session.connect(destination(perform=echo), requests_per_second="5"),
            "'5'",
        ),
        (lambda session: session.connect(destination(perform=echo), timeout_seconds="5"), "'5'"),
        (lambda session: ad.Session(5), "session name 5"),
        (lambda session: ad.Session(keep_days="90"), "keep_days is '90'; it must be a number"),
        (lambda session: ad.Session(keep_payloads="no"), "keep_payloads is 'no'; it must be True"),
        (
            lambda session: ad.load(None),
            "path is None; give that of the file that Run.export wrote",
        ),
    ],
)
def test_an_argument_of_the_wrong_kind_is_named(session, call, message):
    with pytest.raises(ad.UsageError, match=message):
        call(session)


@pytest.mark.parametrize("wrong", [users("a"), {"user_id": "a"}, "a"])
def test_payloads_and_contexts_are_lists_of_dicts(session, simulator, wrong):
    crm = session.connect(simulator)
    with pytest.raises(ad.UsageError, match="write a list of dicts"):
        crm.execute_batch("asyncOperation", wrong)
    with pytest.raises(ad.UsageError, match="has no contexts to poll"):
        crm.execute_poll("asyncOperation", "op-1")


def test_a_choice_is_checked_however_it_is_written(session, simulator):
    crm = session.connect(simulator)
    for choice in ({"operation_type": "sync"}, {"mapping": {"operation_type": "sync"}}):
        with pytest.raises(ad.MappingError, match="choose one of 'sync_profile'"):
            crm.submit(users("a"), "asyncOperation", **choice)


def test_wrong_arguments_of_the_methods_of_a_run_are_refused(session):
    run = submit(session, destination(perform=echo), users("a"))
    with pytest.raises(ad.UsageError, match="timeout is '5'; it must be a number of 0 or more"):
        run.wait("5")
    run.wait(timeout=10)
    with pytest.raises(ad.UsageError, match="applied is 'no'; it must be True or False"):
        run.resolve(applied="no")
    for number in (99, "a"):
        with pytest.raises(ad.UsageError, match="the run has 1, numbered from 0"):
            run.details(number)
    run.pause()
    assert not run.is_paused


def test_an_unknown_destination_is_named(session):
    with pytest.raises(ad.UnknownName, match="did you mean 'example-async'"):
        session.connect("example-asinc")


@pytest.mark.parametrize("rate", [-1, 0, float("nan")])
def test_a_rate_that_is_none_is_refused(session, rate):
    with pytest.raises(ad.UsageError, match="requests_per_second"):
        session.connect(destination(perform=echo), requests_per_second=rate)


def test_the_only_action_need_not_be_named(session: ad.Session):
    crm = session.connect(destination(perform=echo))
    assert crm.preview(users("a")).payloads == {0: {"user_id": "a"}}
    run = crm.submit(users("a"))
    assert run.wait(timeout=10) == "completed"
    assert crm.earlier_runs(users("a")) == [run]


def test_without_its_name_an_action_of_several_is_refused_with_their_names(session: ad.Session):
    one = destination(perform=echo)
    both = replace(one, actions={"put": one.actions["act"], "drop": one.actions["act"]})
    with pytest.raises(ad.UsageError, match="several actions; name one of them: 'put', 'drop'"):
        session.connect(both).submit(users("a"))


@pytest.mark.parametrize(
    ("endpoint", "is_warned"),
    [
        ("http://crm.example", True),
        ("http://10.0.0.7:8080/v1", True),
        ("https://crm.example", False),
        ("http://127.0.0.1:9", False),
        ("http://localhost:9", False),
        ("http://[::1]:9", False),
    ],
)
def test_a_key_that_others_on_the_way_can_read_is_warned_of(
    session: ad.Session, endpoint: str, is_warned: bool
):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        session.connect("example-async", endpoint=endpoint, api_key="sk_live_7Gq2Wm4Tz81c")
        session.connect("example-async", endpoint=endpoint)
    texts = [str(each.message) for each in caught]
    assert len(texts) == is_warned, "once, and not without a key"
    for text in texts:
        assert f"{endpoint}" in text
        assert "others on the way can read your key" in text
        assert "sk_live" not in text


def test_a_session_in_a_folder_that_does_not_exist_is_refused(tmp_path: Path):
    path = tmp_path / "mistyped" / "crm.sqlite"
    with pytest.raises(ad.StoreError, match=r"there is no folder .*mistyped; .*: make it"):
        ad.Session(path=path)
    assert not path.parent.exists()
