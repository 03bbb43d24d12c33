"""Descriptions in YAML, whose unquoted words are words: yes, no, on, off, dates and times."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

import asyncdest_nb as ad
from asyncdest_nb.api_description.yaml_text import read_yaml
from described_api import ApiCall, DescribedApi

DESCRIPTION = """
name: Letters
base_url: {url}
actions:
  send:
    fields:
      name: {{label: Name, type: string, required: true, choices: [yes, no, 010, 2026-01-02]}}
    limits: {{rows: 1_000}}
    handle: id
    submit: [{{url: /jobs, json: "{{{{ rows }}}}", expect: 202, extract: {{id: id}}}}]
    poll:
      url: /jobs/{{{{ id }}}}
      status: {{path: finished, words: {{pending: [no, off], completed: yes}}}}
    results:
      unlisted: unknown
      sources:
        - {{match: {{by: order}}, items: all, outcome: {{path: $, words: {{completed: on}}}}}}
"""


def test_the_words_of_an_api_need_no_quotes(session: ad.Session, tmp_path: Path):
    import pandas as pd

    states = iter(["no", "off", "Yes"])

    def answer(call: ApiCall) -> Any:
        if call.method == "POST":
            return 202, {"id": "j"}
        return {"finished": next(states), "all": ["on"] * 4}

    rows = pd.DataFrame({"name": ["yes", "no", "010", "2026-01-02", "off"]})
    with DescribedApi(answer) as api:
        path = tmp_path / "letters.yaml"
        path.write_text(DESCRIPTION.format(url=api.url))
        run = session.connect(ad.http_destination(path)).submit(rows, "send")
        run.wait(timeout=30)
    assert run.results()["status"].tolist() == ["completed"] * 4 + ["invalid"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, word) for word in ["yes", "No", "ON", "off", "y", "12:30:45", "2026-01-02"]),
        *((word, word) for word in ["010", "0x1F", ".", "+", "1.2.3", ".inf", "1e", "e5"]),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("0", 0),
        ("-7", -7),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        ("1.5E-1", 0.15),
        ("'1'", "1"),
    ],
)
def test_a_scalar_is_what_version_1_2_says(text: str, value: Any):
    found = read_yaml(f"- {text}\n")
    assert found == [value]
    assert type(found[0]) is type(value)


def test_a_value_of_python_is_written_and_read_again():
    given = {"on": True, "a": [1, 1.5, None, "no", "010", "2026-01-02"], "2": "x"}
    assert read_yaml(yaml.safe_dump(given)) == given
    assert read_yaml(yaml.safe_dump([date(2026, 1, 2)])) == ["2026-01-02"]
    with pytest.raises(yaml.YAMLError):
        read_yaml("!!python/object/apply:os.getcwd []")
