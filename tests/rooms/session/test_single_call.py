"""Single calls, which belong to no run."""

from __future__ import annotations


def test_one_call_shows_its_request_and_its_answer(session, simulator):
    crm = session.connect(simulator)
    executed = crm.execute_action(
        "asyncOperation", {"user_id": "a", "operation_type": "sync_profile"}
    )
    text = repr(executed)
    assert "POST http://127.0.0.1" in text
    assert '"user_id":"a"' in text
    assert "202" in text
    assert "AsyncActionResponse" in text
