"""Cells that run twice: the same frame submitted again, over real HTTP."""

from __future__ import annotations

import sys
import threading
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import asyncdest_nb as ad
from asyncdest_nb.portal import Portal
from raw_server import RawServer, answer
from repeated_submit import ACCEPTED, FRAME, ONE, submit


def test_the_same_frame_is_not_sent_twice_and_there_is_a_warning(session: ad.Session):
    with ad.simulate("example-async", duration_seconds=0.1, failing=0) as demo:
        run = submit(session.connect(demo))
        with pytest.warns(ad.AlreadySubmitted, match=r"again=True") as caught:
            same = session.connect(demo).submit(FRAME.copy(), "asyncOperation")
        assert caught[0].filename == __file__
        assert same is run
        assert run.wait(timeout=20) == "completed"
        assert "repeated" in run.notices[0]
        assert session.runs() == [run]
        assert len(demo.operations) == 2


def test_the_same_frame_from_two_threads_at_once_is_sent_once(session: ad.Session):
    at_once = threading.Barrier(4)
    interval = sys.getswitchinterval()

    def send(crm: ad.Connection) -> ad.Run:
        at_once.wait(timeout=10)
        return submit(crm)

    with ad.simulate("example-async", duration_seconds=0.1, failing=0) as demo:
        crm = session.connect(demo)
        sys.setswitchinterval(1e-5)
        try:
            with warnings.catch_warnings(), ThreadPoolExecutor(4) as threads:
                warnings.simplefilter("ignore", ad.AlreadySubmitted)
                runs = list(threads.map(send, [crm] * 4))
        finally:
            sys.setswitchinterval(interval)
        assert {run.id for run in runs} == {runs[0].id}
        assert runs[0].wait(timeout=20) == "completed"
        assert len(demo.operations) == 2


@pytest.mark.parametrize("is_begun", [False, True])
def test_a_submit_that_is_interrupted_and_repeated_sends_once(
    session: ad.Session, monkeypatch: pytest.MonkeyPatch, is_begun: bool
):
    start = Portal.start

    def interrupted(self: Portal, work: Any) -> Any:
        if is_begun:
            start(self, work)
        else:
            work.close()
        raise KeyboardInterrupt  # As the stop button does it: in the middle of something.

    with ad.simulate("example-async", duration_seconds=0.1, failing=0) as demo:
        crm = session.connect(demo)
        with monkeypatch.context() as patch:
            patch.setattr(Portal, "start", interrupted)
            with pytest.raises(KeyboardInterrupt):
                submit(crm)
        with pytest.warns(ad.AlreadySubmitted):
            run = submit(crm)
        assert run.wait(timeout=20) == "completed"
        assert len(demo.operations) == 2


def test_again_sends_it_again(session: ad.Session):
    with ad.simulate("example-async", duration_seconds=0.1, failing=0) as demo:
        runs = [submit(session.connect(demo), again=True) for _ in range(2)]
        assert [run.wait(timeout=20) for run in runs] == ["completed"] * 2
        assert Counter(each["payload"]["user_id"] for each in demo.operations) == Counter(
            {"u-1": 2, "u-2": 2}
        )


@pytest.mark.parametrize(
    "change",
    [
        {"frame": FRAME.assign(user_id=["u-1", "u-3"])},
        {"frame": FRAME.iloc[:1]},
        {"mapping": {"operation_type": "process_data"}},
        {"data": {"plan": "pro"}},
    ],
    ids=["a value", "a row less", "the mapping", "a constant"],
)
def test_a_submit_that_differs_is_sent(session: ad.Session, change: dict[str, Any]):
    with ad.simulate("example-async", duration_seconds=0.1) as demo:
        crm = session.connect(demo)
        runs = {submit(crm, **change), submit(crm)}
        assert len(runs) == 2
        for run in runs:
            run.wait(timeout=20)


@pytest.mark.parametrize(
    "change",
    [
        {"frame": FRAME.set_axis(["x", "y"])},
        {"frame": FRAME.assign(status=["completed", "failed"])},
        {"batch_size": 1},
    ],
    ids=["labels", "a column nothing reads", "the batches"],
)
def test_a_submit_of_the_same_payloads_is_the_same(session: ad.Session, change: dict[str, Any]):
    with ad.simulate("example-async", duration_seconds=0.1) as demo:
        crm = session.connect(demo)
        run = submit(crm)
        with pytest.warns(ad.AlreadySubmitted):
            assert submit(crm, **change) is run
        run.wait(timeout=20)
        assert run.results().index.tolist() == change.get("frame", FRAME).index.tolist()


def test_a_failed_second_submit_does_not_hide_the_first(session: ad.Session):
    done, refused = answer(202, {"operations": [{"operation_id": "o-1"}]}), answer(401)
    finished = answer(200, {"status": "completed"})
    with RawServer(done, finished, refused) as server:
        crm = session.connect("example-async", endpoint=server.url)
        first = submit(crm, ONE)
        assert first.wait(timeout=20) == "completed"
        assert submit(crm, ONE, again=True).wait(timeout=20) == "failed"
        with pytest.warns(ad.AlreadySubmitted):
            assert submit(crm, ONE) is first


def test_another_account_is_another_submit(session: ad.Session):
    quick = {"duration_seconds": 0.1}
    with ad.simulate("example-async", **quick) as one, ad.simulate("example-async", **quick) as two:
        runs = {submit(session.connect(each)) for each in (one, two)}
        assert len(runs) == 2
        for run in runs:
            run.wait(timeout=20)


def test_a_run_of_which_nothing_was_applied_is_sent_again(session: ad.Session):
    with RawServer(answer(401), ACCEPTED) as server:
        first = submit(session.connect("example-async", endpoint=server.url, api_key="wrong"))
        assert first.wait(timeout=10) == "failed"
        second = submit(session.connect("example-async", endpoint=server.url, api_key="right"))
        assert second is not first
        while not second.operations or not second.operations[0].operation_id:
            second.wait(timeout=0.02)


def test_a_new_frame_causes_no_warning(session: ad.Session):
    with ad.simulate("example-async", duration_seconds=0.1) as demo, warnings.catch_warnings():
        warnings.simplefilter("error")
        submit(session.connect(demo)).wait(timeout=20)
