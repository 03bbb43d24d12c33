"""What leaves for difficult values, byte by byte: the files in tests/data/llm say what is right.

The template writes a missing value as nothing. A parameter that is missing is left out, so that
the vendor's own default counts: no null is sent. Text goes as it is, in UTF-8.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from batch_servers import End
from paths import DATA

FRAME = pd.DataFrame(
    {
        "id": [12345678901234567890, 1, 2, 3],
        "amount": pd.Series(
            [Decimal("19.90"), Decimal("1E+3"), None, Decimal("0.10")], dtype=object
        ),
        "when": pd.to_datetime(["2026-11-30 10:15", None, "2026-03-29 00:00", "1999-12-31 23:59"]),
        "day": [date(2026, 2, 28), None, None, date(2000, 1, 1)],
        "score": [0.1, np.nan, 3.0, -0.0],
        "heat": [0.5, np.nan, 1, 0],
        "text": [
            "naïve 日本語 🙂",
            "one\u2028two\u2029three\u0085four",
            'quo"te \\ back\ttab',
            "\x00end",
        ],
    }
).set_axis([*"abcd"])
PROMPT = "{{id}}|{{amount}}|{{when}}|{{day}}|{{score}}|{{text}}"


def sent(start, action, **options):
    server, connection = start(lambda requests: End(output=[]))
    run = connection.submit(
        FRAME, action, prompt={"@template": PROMPT}, columns={"temperature": "heat"}, **options
    )
    run.wait(timeout=30)
    return server, run


def keyless(content: bytes, run) -> bytes:
    """Return *content* with the key of the job as KEY: it is another one each time."""
    return content.replace(run.operations[0].context["key"].encode(), b"KEY")


@pytest.mark.parametrize("action", ["chat", "responses"])
def test_the_lines_for_openai_are_these_bytes(openai, action):
    server, run = sent(openai, action, model="gpt-5", system="Be kind.\n", max_tokens=7)
    assert keyless(server.files["file-000"], run) == (DATA / f"llm/{action}.jsonl").read_bytes()


def test_the_body_for_anthropic_is_these_bytes(anthropic):
    server, run = sent(anthropic, "messages", model="claude-x", max_tokens=7)
    [body] = [each[3] for each in server.arrived if each[0] == "POST"]
    assert keyless(body, run) == (DATA / "llm/messages.json").read_bytes()
