"""asyncdest-nb send, runs and show, in this process, against simulators on loopback."""

from __future__ import annotations

import io
import json
import re

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.command_line import main
from command_line import example_csv, read_results, received, send

SECRET = "ak_9TqLw2Rv8Xn4Kd"


pytestmark = pytest.mark.usefixtures("own_home")


def test_the_rows_of_a_csv_are_sent_with_their_ids_as_they_are(tmp_path, simulator, capsys):
    file = example_csv(tmp_path, ["1001", "007", "9007199254740993"])
    assert send(file, simulator) == 0
    assert received(simulator) == ["007", "1001", "9007199254740993"]
    output = capsys.readouterr()
    assert output.out == ""
    assert "3 rows: 3 completed" in output.err
    results = read_results(tmp_path / "customers.results.csv")
    assert [(each["row"], each["user_id"], each["status"]) for each in results] == [
        ("2", "1001", "completed"),
        ("3", "007", "completed"),
        ("4", "9007199254740993", "completed"),
    ]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_the_results_of_another_format_are_in_that_format(tmp_path, simulator, suffix):
    frame = pd.DataFrame({"user_id": ["007", "8"], "operation_type": ["sync_profile"] * 2})
    file = tmp_path / f"customers.{suffix}"
    if suffix == "parquet":
        frame.to_parquet(file)
    else:
        frame.to_json(file, orient="records", lines=True)
    assert send(file, simulator) == 0
    assert received(simulator) == ["007", "8"]
    written = tmp_path / f"customers.results.{suffix}"
    if suffix == "parquet":
        found = pd.read_parquet(written).to_dict("records")
    else:
        found = [json.loads(line) for line in written.read_text().splitlines()]
    assert [(each["user_id"], each["status"]) for each in found] == [
        ("007", "completed"),
        ("8", "completed"),
    ]


def test_a_row_that_failed_ends_the_command_with_1_and_its_reason_is_shown(tmp_path, capsys):
    with ad.simulate("example-async", duration_seconds=0.05, failing=1.0) as simulator:
        assert send(example_csv(tmp_path, ["1", "2"]), simulator) == 1
    lines = capsys.readouterr().err.splitlines()
    assert "2 rows: 2 failed" in lines
    assert any(re.match(r"  [12] failed: .* \(rows? 2", line) for line in lines)


def test_some_invalid_rows_end_it_with_1_and_only_invalid_ones_with_2(tmp_path, simulator, capsys):
    file = tmp_path / "customers.csv"
    file.write_text("user_id,operation_type\n1,sync_profile\n,sync_profile\n")
    assert send(file, simulator) == 1
    assert received(simulator) == ["1"]
    file.write_text("user_id,operation_type\n,sync_profile\n")
    assert send(file, simulator) == 2
    assert received(simulator) == ["1"]
    assert "1 invalid: " in capsys.readouterr().err


def test_rows_in_doubt_end_it_with_3_and_the_users_decision_ends_that(tmp_path, capsys):
    file = example_csv(tmp_path, ["1", "2"])
    with ad.simulate("example-async", lose_reply_share=1.0) as simulator:
        options = ("--session", "crm", "--resolve", "not-applied")
        assert send(file, simulator, *options) == 2, "it decides about earlier rows alone"
        assert "--resolve: session crm has not sent the 2 rows" in capsys.readouterr().err
        assert not simulator.attempts
        assert send(file, simulator, "--session", "crm") == 3
        assert "--resolve applied or not-applied" in capsys.readouterr().err
        assert send(file, simulator, "--session", "crm", "--resolve", "not-applied") == 1
        assert "2 rows: 2 failed" in capsys.readouterr().err
        assert set(simulator.attempts.values()) == {1}, "a decision sends nothing"
        assert send(file, simulator, "--session", "crm", "--retry") == 3
        assert set(simulator.attempts.values()) == {2}
        assert send(file, simulator, "--session", "crm", "--resolve", "not-applied", "--retry") == 3
        assert set(simulator.attempts.values()) == {3}, "both at once"


def test_a_retry_of_a_file_that_was_changed_since_sends_nothing(tmp_path, simulator, capsys):
    file = example_csv(tmp_path, ["1", ""])
    assert send(file, simulator, "--session", "crm") == 1
    example_csv(tmp_path, ["1", "2"])
    assert send(file, simulator, "--session", "crm", "--retry") == 2
    assert "put them into a file of their own" in capsys.readouterr().err
    assert received(simulator) == ["1"]


def test_the_same_command_with_a_session_sends_nothing_twice(tmp_path, simulator, capsys):
    file = example_csv(tmp_path, ["1", "2"])
    assert send(file, simulator, "--session", "crm") == 0
    assert send(file, simulator, "--session", "crm") == 0
    assert received(simulator) == ["1", "2"]
    assert "These rows were sent before" in capsys.readouterr().err
    assert send(file, simulator, "--session", "crm", "--again") == 0
    assert received(simulator) == ["1", "1", "2", "2"]


def test_only_what_has_changed_since_the_last_command_is_sent(tmp_path, simulator, capsys):
    options = ("--session", "crm", "--key", "user_id", "--changed-only")
    assert send(example_csv(tmp_path, ["1", "2"]), simulator, *options) == 0
    file = example_csv(tmp_path, ["1", "2", "3"])
    assert send(file, simulator, *options, "--dry-run") == 0
    assert "1 row in 1 batch, 2 unchanged, 0 invalid" in capsys.readouterr().out
    assert send(file, simulator, *options) == 0
    assert received(simulator) == ["1", "2", "3"]
    assert "3 rows: 1 completed, 2 unchanged" in capsys.readouterr().err
    statuses = [each["status"] for each in read_results(tmp_path / "customers.results.csv")]
    assert statuses == ["unchanged", "unchanged", "completed"]
    assert send(file, simulator, *options) == 0
    assert received(simulator) == ["1", "2", "3"]
    assert send(file, simulator, "--session", "crm", "--changed-only") == 2
    assert "--changed-only needs --key COLUMN" in capsys.readouterr().err


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(tmp_path, simulator, capsys):
    file = example_csv(tmp_path, ["1", ""])
    assert send(file, simulator, "--dry-run", "--session", "crm") == 1
    shown = capsys.readouterr().out
    assert "1 row in 1 batch, 1 invalid; nothing has been sent" in shown
    assert "{'user_id': '1', 'operation_type': 'sync_profile'}" in shown
    assert simulator.operations == []
    assert not (tmp_path / "customers.results.csv").exists()
    assert not (tmp_path / "home").exists(), "no session was opened"


def test_columns_constants_and_a_mapping_file_fill_the_fields(tmp_path, simulator):
    file, mapping = tmp_path / "customers.csv", tmp_path / "mapping.json"
    file.write_text("id,mail,plan\n007,a@b.org,pro\n")
    mapping.write_text('{"data": {"email": {"@path": "$.mail"}, "plan": {"@path": "$.plan"}}}')
    options = ["--column", "user_id=id", "--operation-type", "process_data"]
    assert send(file, simulator, *options, "--mapping", str(mapping)) == 0
    assert send(file, simulator, *options, "--data", '{"n": 1}') == 0
    assert [each["payload"] for each in simulator.operations] == [
        {"user_id": "007", "operation_type": "process_data", "data": each}
        for each in ({"email": "a@b.org", "plan": "pro"}, {"n": 1})
    ]


def test_standard_input_is_read_and_the_results_are_on_standard_output(
    simulator, capsys, monkeypatch
):
    rows = io.TextIOWrapper(io.BytesIO(b"user_id,operation_type\n7,sync_profile\n"))
    monkeypatch.setattr("sys.stdin", rows)
    assert send("-", simulator) == 0
    assert received(simulator) == ["7"]
    header, row = capsys.readouterr().out.splitlines()
    assert header.startswith('"row","user_id",')  # Without a byte order mark.
    assert '"completed"' in row


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "nothing fills the required field 'user_id'.*--column user_id=COLUMN"),
        (("--column", "user_id=nr"), "no column 'nr'.*Known: customer"),
        (("--column", "user_id"), "--column is 'user_id'; write FIELD=COLUMN"),
        (("--operation-type", "sync"), "'sync' is not one of 'sync_profile', 'process_data'"),
        (("--data", "{"), "'{' is not JSON"),
        (("--mapping", "nowhere.json"), "nowhere.json cannot be read as JSON"),
        (("--output", "x.xlsx"), "x.xlsx ends with none of .csv"),
        (("--output", "no/such/x.csv"), "no such folder"),
        (("--endpont", "x"), "No such option:? '?--endpont'?"),
        (("--delimiter", "ab"), "--delimiter is 'ab'; give one character, or tab"),
        (("--session", "a/b"), "session name 'a/b': use letters"),
    ],
)
def test_a_mistake_in_the_command_sends_nothing(tmp_path, simulator, capsys, options, message):
    file = tmp_path / "customers.csv"
    file.write_text("customer,operation_type\n1,sync_profile\n")
    assert send(file, simulator, *options) == 2
    assert re.search(message, capsys.readouterr().err, re.DOTALL)
    assert simulator.requests.keys() <= {"GET /operations/{id}"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "customers.csv: it is empty"),
        (b"user_id,operation_type\n", "customers.csv has no rows"),
        (b"user_id,operation_type\nK\xe4the,sync_profile\n", "line 2 is not utf-8"),
    ],
)
def test_a_file_that_cannot_be_read_sends_nothing(tmp_path, simulator, capsys, content, message):
    file = tmp_path / "customers.csv"
    file.write_bytes(content)
    assert send(file, simulator) == 2
    assert message in capsys.readouterr().err
    assert simulator.requests == {}


def test_a_file_of_another_encoding_is_sent_if_that_is_named(tmp_path, simulator):
    file = tmp_path / "customers.csv"
    file.write_bytes(b"user_id,operation_type\nK\xe4the,sync_profile\n")
    assert send(file, simulator, "--encoding", "cp1252") == 0
    assert received(simulator) == ["Käthe"]


def test_the_input_is_never_written_over(tmp_path, simulator, capsys):
    file = example_csv(tmp_path, ["1"])
    before = file.read_bytes()
    assert send(file, simulator, "--output", str(tmp_path / "." / "customers.csv")) == 2
    assert "is the input; give another name" in capsys.readouterr().err
    assert file.read_bytes() == before
    assert simulator.requests == {}


def test_a_secret_is_no_option_and_is_not_repeated(tmp_path, simulator, capsys):
    file = example_csv(tmp_path, ["1"])
    assert send(file, simulator, "--api-key", SECRET) == 2
    message = capsys.readouterr().err
    assert "ASYNCDEST_EXAMPLE_ASYNC_API_KEY" in message
    assert SECRET not in message


def test_a_setting_that_is_missing_is_named_by_its_option(tmp_path, capsys):
    assert main(["send", str(example_csv(tmp_path, ["1"])), "example-async", "asyncOperation"]) == 2
    assert "--endpoint" in capsys.readouterr().err


def test_credentials_that_are_refused_send_no_row(tmp_path, capsys):
    with ad.simulate("example-async", api_key=SECRET) as simulator:
        assert send(example_csv(tmp_path, ["1"]), simulator) == 2
        assert "an API key is needed" in capsys.readouterr().err
        assert simulator.operations == []


@pytest.mark.parametrize("source", ["environment", "file"])
def test_a_secret_is_read_from_where_people_keep_it(tmp_path, monkeypatch, capsys, source):
    options = []
    if source == "file":
        (tmp_path / ".env").write_text(f"ASYNCDEST_EXAMPLE_ASYNC_API_KEY={SECRET}\n")
        options = ["--env-file", str(tmp_path / ".env")]
    else:
        monkeypatch.setenv("ASYNCDEST_EXAMPLE_ASYNC_API_KEY", SECRET)
    with ad.simulate(
        "example-async", api_key=SECRET, duration_seconds=0.05, failing=0.0
    ) as simulator:
        assert send(example_csv(tmp_path, ["1"]), simulator, *options) == 0
    message = capsys.readouterr().err
    assert "ASYNCDEST_EXAMPLE_ASYNC_API_KEY" in message, "it says from where"
    assert SECRET not in message


def test_failed_rows_of_salesforce_are_sent_again_by_a_retry_and_no_others(
    tmp_path, monkeypatch, capsys
):
    file = tmp_path / "contacts.csv"
    file.write_text("Customer_Id__c,LastName\n" + "".join(f"{n:03},Name\n" for n in range(20)))
    with ad.simulate("salesforce-bulk", duration_seconds=0.05, failing=0.0, locked=0.5) as org:
        for key, value in org.settings.items():
            monkeypatch.setenv(f"ASYNCDEST_SALESFORCE_BULK_{key.upper()}", str(value))
        command = ["send", str(file), "salesforce-bulk", "upsert", "--object", "Contact"]
        command += ["--external-id", "Customer_Id__c"]
        command += ["--session", "crm", "--requests-per-second", "1000"]
        assert main(command) == 1
        assert "UNABLE_TO_LOCK_ROW" in capsys.readouterr().err
        assert main([*command, "--retry"]) == 0
        assert "20 rows: 20 completed" in capsys.readouterr().err
        sent = [row["Customer_Id__c"] for job in org.operations for row in job["rows"]]
        names = [record["Customer_Id__c"] for record in org.records["Contact"]]
    assert sorted(names) == [f"{number:03}" for number in range(20)]
    results = read_results(tmp_path / "contacts.results.csv")
    assert {each["status"] for each in results} == {"completed"}
    assert 20 < len(sent) < 40


def test_a_simulated_destination_needs_no_settings_and_no_session(tmp_path, capsys):
    file = example_csv(tmp_path, [""])
    command = ["send", str(file), "example-async", "asyncOperation", "--simulate"]
    assert main(command) == 2, "its only row is invalid"
    assert "1 invalid" in capsys.readouterr().err
    assert main([*command, "--session", "crm"]) == 2
    assert "leave out the settings and --session" in capsys.readouterr().err
