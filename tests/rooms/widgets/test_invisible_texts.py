"""Invisible characters in answers and labels, in all that shows a run."""

from __future__ import annotations

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.widgets.record import record_html, record_text
from asyncdest_nb.widgets.run_view import cut
from raw_server import RawServer, answer

FRAME = pd.DataFrame({"user_id": ["a"], "operation_type": "sync_profile"})


HIDDEN = [
    "\u202e",
    "\u202d",
    "\u2066",
    "\u2069",
    "\u061c",
    "\u200e",
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\xad",
    "\x1b",
    "\x00",
    "\r",
    "\x85",
    "\u2028",
    "\U000e0041",
]


@pytest.mark.parametrize("hidden", HIDDEN, ids=[f"U+{ord(each):04X}" for each in HIDDEN])
def test_invisible_characters_are_escaped_wherever_a_run_is_shown(hidden):
    text_of_api = f"exe{hidden}gpj"
    body = {"status": "failed", "error_code": text_of_api, "error_message": text_of_api}
    frame = FRAME.set_axis([f"row{hidden}1"])
    with RawServer(answer(200, body)) as server, ad.Session() as session:
        crm = session.connect("example-async", endpoint=server.url)
        run = crm.submit(frame, "asyncOperation", batch_size=1)
        run.wait(timeout=20)
        executed = crm.execute_action("asyncOperation", dict(FRAME.iloc[0]))
        shown = [record_text(run), record_html(run), repr(run), repr(executed), *run.notices]
        shown += [repr(list(run.operations)), repr(session), cut(text_of_api, 100)]
    assert not [text for text in shown if hidden in text]
    escape = repr(hidden)[1:-1]
    assert all(f"exe{escape}gpj" in text for text in (shown[0], shown[1], cut(text_of_api, 100)))
    assert f"row{escape}1" in shown[0]


def test_joiners_of_scripts_and_emoji_stay():
    for text in ("می‌خواهم", "👩‍🚀", "क्‍ष", "héllo\n\tworld", "שלום"):
        assert cut(text, 100) == text
