"""What ``parameters`` adds to the request of a row, beside what the fields put into it."""

from __future__ import annotations

import pandas as pd
import pytest
from pydantic import BaseModel

from batch_servers import End

ACTIONS = {"openai": "responses", "anthropic": "messages", "gemini": "generate"}


class Topic(BaseModel):
    topic: str


def request_of(vendor, entry):
    return entry[{"openai": "body", "anthropic": "params", "gemini": "request"}[vendor]]


def ask(request, vendor, **options):
    """Submit a row to *vendor*, and return the run and what the server got."""
    got = []

    def ending(entries):
        got.extend(request_of(vendor, each) for each in entries)
        return End(output=[])

    _, connection = request.getfixturevalue(vendor)(ending)
    frame = pd.DataFrame({"word": ["w"]})
    given = {"prompt": {"@path": "$.word"}, "model": "m", **options}
    run = connection.submit(frame, ACTIONS[vendor], **given)
    run.wait(timeout=30)
    return run, got


@pytest.mark.parametrize(
    ("vendor", "place", "schema", "added"),
    [
        ("openai", "text", "format", {"verbosity": "low"}),
        ("anthropic", "output_config", "format", {"effort": "low"}),
        ("gemini", "generationConfig", "responseSchema", {"topK": 3}),
    ],
)
def test_one_beside_the_schema_does_not_replace_it(request, vendor, place, schema, added):
    _, got = ask(request, vendor, output_schema=Topic, parameters={place: added})
    assert got[0][place].items() >= added.items()
    assert schema in got[0][place]


@pytest.mark.parametrize(
    ("vendor", "parameters", "place"),
    [
        ("openai", {"text": {"format": {"type": "json_object"}}}, "text.format"),
        ("anthropic", {"output_config": {"format": {"type": "text"}}}, "output_config.format"),
        (
            *("gemini", {"generationConfig": {"responseJsonSchema": {"type": "object"}}}),
            "generationConfig.responseJsonSchema",
        ),
    ],
)
def test_a_second_schema_is_refused(request, vendor, parameters, place):
    run, got = ask(request, vendor, output_schema=Topic, parameters=parameters)
    message = f"output_schema and parameters both have {place}: leave one out"
    assert run.results()["message"].tolist() == [message]
    assert not got
