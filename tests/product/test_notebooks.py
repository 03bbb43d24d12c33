"""The notebooks, from top to bottom, in a real kernel.

Each runs in a kernel once, and is then asked whether it did and showed what its text promises.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import time
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from notebook_files import (
    ALL,
    DESCRIBED,
    EXPLORING,
    FAILING,
    FIRST,
    KEPT,
    MODELS,
    OWN,
    SALESFORCE,
    SEGMENT,
    TRANSLATED,
    source,
)
from notebook_questions import QUESTIONS
from paths import NOTEBOOKS

pytestmark = pytest.mark.slow

SECONDS = 120


class Executed:
    """A notebook that has run in a kernel, in a copy of its folder.

    ``answers`` are those to its questions.
    """

    def __init__(self, stem: str) -> None:
        from nbclient import NotebookClient  # It takes two seconds, and most tests need none of it.

        self.notebook = source(stem)
        self._ask(QUESTIONS.get(stem, {}))
        started = time.monotonic()
        with TemporaryDirectory() as folder:
            shutil.copytree(NOTEBOOKS, folder, dirs_exist_ok=True)
            resources = {"metadata": {"path": folder}}
            NotebookClient(self.notebook, timeout=SECONDS, resources=resources).execute()
        self.seconds = time.monotonic() - started
        self.answers: dict[str, Any] = json.loads(self.notebook.cells[-1].outputs[0].text)

    def _ask(self, questions: dict[str, str]) -> None:
        from nbformat.v4 import new_code_cell

        asked = ", ".join(f"{name!r}: {question}" for name, question in questions.items())
        cell = f"import json\nprint(json.dumps({{{asked}}}, default=int))"
        self.notebook.cells.append(new_code_cell(cell))

    @property
    def outputs(self) -> list[Any]:
        """All outputs, in order."""
        return [output for cell in self.notebook.cells for output in cell.get("outputs", [])]

    def shown(self, fragment: str) -> str:
        """Return what the one code cell with *fragment* in it has shown, as text."""
        code = [cell for cell in self.notebook.cells if cell.cell_type == "code"]
        [cell] = [cell for cell in code if fragment in cell.source]
        return "".join(
            output.text if output.output_type == "stream" else output.data["text/plain"]
            for output in cell.outputs
        )


executed = functools.cache(Executed)


in_a_kernel = pytest.mark.timeout(180)


def test_every_notebook_is_asked_whether_it_keeps_its_promises():
    assert sorted(QUESTIONS) == ALL


@pytest.mark.parametrize("stem", ALL)
def test_a_notebook_is_short_and_saved_without_outputs(stem: str):
    notebook = source(stem)
    assert len(notebook.cells) <= 15
    assert notebook.cells[0].source.startswith("# ")
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("stem", ALL)
@in_a_kernel
def test_a_notebook_runs_from_top_to_bottom_in_a_kernel(stem: str):
    ran = executed(stem)
    assert ran.seconds < SECONDS
    # What a headless host saves is the record, and no widget.
    assert "widgets" not in ran.notebook.metadata
    kinds = {kind for output in ran.outputs for kind in output.get("data", {})}
    assert "text/html" in kinds
    assert "application/vnd.jupyter.widget-view+json" not in kinds


@in_a_kernel
def test_the_first_notebook_ends_with_an_outcome_for_every_customer():
    ran = executed(FIRST)
    counts = ran.answers["counts"]
    assert sum(counts.values()) == 5000
    assert (counts["pending"], counts["unknown"], counts["invalid"]) == (0, 0, 5)
    assert f"{counts['completed']:,} completed" in ran.shown("run = crm.submit")


@in_a_kernel
def test_exploring_sends_what_was_asked_for_and_nothing_else():
    ran = executed(EXPLORING)
    assert ran.answers["users"] == ["u-1"]
    assert ran.answers["run"] == "None"
    assert set(ran.answers["requests"]) == {"POST /operations", "GET /operations/{id}"}
    assert "202" in ran.shown("crm.execute_action")
    assert "pending" in ran.shown("crm.execute_poll")
    assert "nothing was sent from here" in ran.shown("ad.explore")


@in_a_kernel
def test_the_salesforce_notebook_ends_with_the_corrected_rows_sent():
    answers = executed(SALESFORCE).answers
    first, second = answers["completed"]
    assert first > 4_700
    assert second > answers["left"]
    assert set(answers["submitted"]) == set(answers["there"])


@in_a_kernel
def test_a_storm_and_an_outage_are_told_and_lose_nothing():
    ran = executed(FAILING)
    told = ran.shown("run.notices:")
    assert "answered 429" in told or "asks for fewer requests" in told
    assert "is not available (it answers 503)" in told
    answered = dict(re.findall(r"^(\w+) +(\d+)$", told, re.MULTILINE))
    assert int(answered["429"]) >= 5
    assert int(answered["503"]) >= 1
    assert ran.answers["contacts"] == ran.answers["upserted"] > 950


@in_a_kernel
def test_only_the_rows_that_met_a_lock_go_again():
    ran = executed(FAILING)
    codes = re.findall(r"^(\w+) +(True|False) +(\d+)$", ran.shown("run.retry()"), re.MULTILINE)
    may_go_again = {code: int(count) for code, retryable, count in codes if retryable == "True"}
    assert may_go_again == {"UNABLE_TO_LOCK_ROW": sum(ran.answers["retried"].values())}
    assert ran.answers["retried"]["completed"] > 0


@in_a_kernel
def test_a_run_outlives_its_kernel_and_a_cell_that_runs_again_attaches_to_it():
    ran = executed(FAILING)
    assert "100 unknown" in ran.shown("other.kill()")
    assert "killed: -9" in ran.shown("other.kill()")
    assert "AlreadySubmitted: these rows were submitted" in ran.shown("session = ad.Session")
    assert ran.answers["is_one_run"]
    # Each batch was sent once: two of the replies got lost, and nothing was repeated.
    assert ran.answers["submits"] == {"202": 8, "lost": 2}


@in_a_kernel
def test_rows_nobody_knows_about_are_asked_about_and_never_sent_twice():
    ran = executed(FAILING)
    asked = ran.shown("unknown = people")
    assert "100 operations may or may not have been applied" in asked
    assert "100 customers unknown, 100 of them are there" in asked
    settled = ran.shown("run.resolve")
    assert "The run is partial." in settled
    assert "500 customers submitted, 500 there, 500 different ones" in settled
    assert len(set(ran.answers["customers"])) == len(ran.answers["customers"]) == 500
    counts = ran.answers["counts"]
    assert (counts["pending"], counts["unknown"]) == (0, 100)
    loaded = dict(re.findall(r"^(\w+) +(\d+)$", ran.shown("ad.load"), re.MULTILINE))
    assert loaded == {word: str(count) for word, count in counts.items() if count}


@in_a_kernel
def test_a_destination_of_ones_own_is_sent_every_contact_once():
    ran = executed(OWN)
    assert "1 invalid; nothing has been sent" in ran.shown("crm.preview")
    assert "POST " in ran.shown("execute_batch")
    assert "GET " in ran.shown("execute_poll")
    counts = {word: count for word, count in ran.answers["counts"].items() if count}
    assert counts == {"completed": 98, "failed": 1, "invalid": 1}
    assert ran.answers["submits"] == 5, "the try, and four batches"
    assert len(set(ran.answers["contacts"])) == len(ran.answers["contacts"]) == 100
    assert "This address is blocked" in ran.shown("run.failed()")


@in_a_kernel
def test_the_documents_functions_send_every_row_once_and_follow_it_to_its_end():
    ran = executed(TRANSLATED)
    assert "'isAsync': True" in ran.shown("crm.execute_action")
    assert "'overallStatus': 'pending'" in ran.shown("crm.execute_poll")
    counts = {word: count for word, count in ran.answers["counts"].items() if count}
    assert counts == {"completed": 20}
    assert ran.answers["submits"] == {"202": 21}, "the try, and twenty rows"
    assert sorted(ran.answers["users"]) == sorted(f"u-{number}" for number in range(21))
    assert re.search(r"completed +100.* is completed", ran.shown("run.results()"))


@in_a_kernel
def test_the_answers_of_a_model_become_columns_and_only_expired_rows_go_again():
    ran = executed(MODELS)
    answers = ran.answers
    assert answers["topics"] == ["app", "delivery", "price", "product", "support"]
    assert answers["parsed"] == answers["done"] > 350
    assert answers["jobs"] == 4 + 1
    assert answers["sent_again"] == answers["retryable"] > 0
    assert answers["completed"] == answers["first"] + answers["sent_again"]
    assert "at most 80,000" in ran.shown("preview.estimate")
    assert "batch_expired" in ran.shown("run.retry()")


@in_a_kernel
def test_a_described_api_is_sent_every_row_and_says_which_failed():
    ran = executed(DESCRIBED)
    mistakes = ran.shown("wrong =")
    assert "the description has 2 mistakes" in mistakes
    assert "actions.add.handle: no step that extracts 'job'" in mistakes
    assert ran.answers["jobs"] == 3
    assert sorted(ran.answers["completed"]) == sorted(ran.answers["there"])
    assert ran.answers["counts"]["invalid"] == 1
    assert 0 < ran.answers["counts"]["failed"] < 100


@in_a_kernel
def test_only_what_has_changed_goes_to_the_crm_and_it_is_in_step_then():
    ran = executed(KEPT)
    first, second, third = ran.answers["counts"]
    sent = second["completed"] + second["failed"]
    assert sent + second["unchanged"] + second["invalid"] == ran.answers["rows"]
    assert max(first["failed"], 45) <= sent <= first["failed"] + 45
    assert third["unchanged"] == sum(third.values())
    there = ran.answers["points"]
    assert len(there) == second["completed"] + second["unchanged"]
    assert there.items() <= ran.answers["wanted"].items()
    assert "its key is missing: customer_id" in ran.shown("doubles =")


@in_a_kernel
def test_a_mapping_of_segment_says_what_each_row_becomes():
    ran = executed(SEGMENT)
    assert "small letters" in ran.shown("subscribe=str(orders)")
    assert "3 of 4 rows match" in ran.shown("preview = crm.preview")
    assert list(ran.answers["reasons"].values()) == ["User ID (user_id): is missing"]
    counts = {word: count for word, count in ran.answers["counts"].items() if count}
    assert counts == {"completed": 2, "invalid": 1}
    first, second = ran.answers["sent"]
    assert first["data"] == {
        "plan": "pro",
        "summary": "Order Completed: 18.5 EUR",
        "skus": [{"sku": "a"}, {"sku": "b"}],
    }
    assert second["user_id"] == "anon-7"
