"""The simulated HubSpot by hubspot-api-client, HubSpot's own client: whole flows."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hubspot import HubSpot
from hubspot.crm.imports.exceptions import ApiException

import asyncdest_nb as ad
from example_partner import Clock
from recorded_requests import recorded_requests

COLUMNS = {"Email": "email", "First name": "firstname"}


def client_of(simulator):
    return HubSpot(
        access_token=simulator.settings["access_token"], host=simulator.endpoint
    ).crm.imports


def import_request(name="Our contacts", operation="UPSERT", kind="STANDARD", columns=COLUMNS):
    mappings = [
        {
            "columnObjectTypeId": "0-1",
            "columnName": column,
            "propertyName": each,
            "columnType": kind if each == "email" else "STANDARD",
        }
        for column, each in columns.items()
    ]
    page = {"hasHeader": True, "columnMappings": mappings}
    return {
        "name": name,
        "importOperations": {"0-1": operation},
        "files": [{"fileName": "contacts.csv", "fileFormat": "CSV", "fileImportPage": page}],
    }


@pytest.fixture
def upload(tmp_path):
    """Return a function that creates an import of rows, and returns the client's answer."""

    def create(client, rows, header=tuple(COLUMNS), **request):
        file = tmp_path / "contacts.csv"
        text = io.StringIO(newline="")
        csv.writer(text).writerows([header, *rows])
        file.write_bytes(text.getvalue().encode())
        asked = json.dumps(import_request(**request))
        return client.core_api.create(import_request=asked, files=str(file))

    return create


def contacts(count):
    return [[f"Anna.{number}@example.com", f'Anna "{number}",\nÖ.'] for number in range(count)]


def test_the_client_follows_an_import_to_its_errors(upload):
    clock = Clock()
    with ad.simulate("hubspot-imports", clock=clock, duration_seconds=10, failing=0.2) as sim:
        client = client_of(sim)
        rows = contacts(150)
        rows[7][0] = "no"
        rows[9] = ["a@example.com"]
        made = upload(client, rows)
        assert (made.state, made.import_name, made.mapped_object_type_ids) == (
            "STARTED",
            "Our contacts",
            ["0-1"],
        )
        clock.now += 5
        found = client.core_api.get_by_id(made.id)
        assert found.state == "PROCESSING"
        assert 0 < found.metadata.counters["PROCESSED_ROWS"] < 150
        clock.now += 5
        found = client.core_api.get_by_id(made.id)
        counters = found.metadata.counters
        assert (found.state, counters["TOTAL_ROWS"]) == ("DONE", 150)
        assert counters["CREATED_OBJECTS"] + counters["ERRORS"] == 150

        asked = {"include_error_message": True, "include_row_data": True}
        page = client.public_imports_api.get_errors(made.id, limit=20, **asked)
        errors = list(page.results)
        while page.paging:
            after = page.paging.next.after
            page = client.public_imports_api.get_errors(made.id, limit=20, after=after, **asked)
            errors += page.results
        assert len(errors) == counters["ERRORS"] > 20
        by_line = {each.source_data.line_number: each for each in errors}
        for line, each in by_line.items():
            assert each.source_data.row_data == rows[line - 2]
            assert each.error_message
        bad = by_line[9]
        assert (bad.error_type, bad.known_column_number, bad.invalid_value) == (
            "INVALID_EMAIL",
            1,
            "no",
        )
        assert by_line[11].error_type == "INCORRECT_NUMBER_OF_COLUMNS"
        held = {record["email"]: record["firstname"] for record in sim.records["contact"]}
        assert held == {
            email: name
            for line, (email, name) in enumerate((each for each in rows if len(each) == 2), start=2)
            if (line if line < 11 else line + 1) not in by_line
        }


def test_an_error_has_its_message_and_row_only_if_asked_for(upload):
    with ad.simulate("hubspot-imports", duration_seconds=0, failing=1) as sim:
        client = client_of(sim)
        (error,) = client.public_imports_api.get_errors(upload(client, contacts(1)).id).results
        assert (error.error_message, error.source_data.row_data) == (None, [])
        assert error.error_type in ("GDPR_BLACKLISTED_EMAIL", "FAILED_VALIDATION", "LIMIT_EXCEEDED")


def test_the_fourth_import_is_deferred_and_a_cancelled_one_stops(upload):
    clock = Clock()
    with ad.simulate("hubspot-imports", clock=clock, duration_seconds=10, failing=0) as sim:
        client = client_of(sim)
        made = [upload(client, contacts(20), name=f"Part {number}") for number in range(4)]
        assert [each.state for each in made] == ["STARTED"] * 3 + ["DEFERRED"]
        clock.now += 10
        assert client.core_api.get_by_id(made[3].id).state == "STARTED"
        clock.now += 5
        assert client.core_api.cancel(made[3].id).status == "CANCELED"
        assert client.core_api.cancel(made[2].id).status == "COMPLETE"
        clock.now += 50
        found = client.core_api.get_by_id(made[3].id)
        assert (found.state, found.metadata.counters["PROCESSED_ROWS"]) == ("CANCELED", 8)
        # A batch whose reply was lost is found by its name.
        page = client.core_api.get_page(limit=3)
        rest = client.core_api.get_page(limit=3, after=page.paging.next.after)
        names = [each.import_name for each in [*page.results, *rest.results]]
        assert (names, rest.paging) == (["Part 3", "Part 2", "Part 1", "Part 0"], None)


def test_operations_and_keys_decide_what_becomes_of_a_row(upload):
    with ad.simulate("hubspot-imports", duration_seconds=0, failing=0) as sim:
        client = client_of(sim)
        upload(client, [["a@example.com", "A"], ["b@example.com", "B"]])

        def errors(rows, **request):
            made = upload(client, rows, **request)
            found = client.public_imports_api.get_errors(made.id).results
            return [(each.source_data.line_number, each.error_type) for each in found]

        new, old = ["c@example.com", "C"], ["A@Example.com", ""]
        assert errors([new, old], operation="CREATE") == [(3, "CREATE_ONLY_IMPORT")]
        assert errors([["d@example.com", "D"], old], operation="UPDATE") == [
            (2, "UPDATE_ONLY_IMPORT")
        ]
        twice = [["e@example.com", "1"], ["e@example.com", "2"]]
        assert errors(twice) == []
        assert errors(twice, kind="HUBSPOT_ALTERNATE_ID") == [(3, "DUPLICATE_ALTERNATE_ID")]
        # An empty cell leaves what was there.
        names = {record["email"]: record["firstname"] for record in sim.records["contact"]}
        assert names["A@Example.com"] == "A"


@pytest.mark.parametrize(
    ("knobs", "header", "state", "errors"),
    [
        ({"failing_jobs": 1}, tuple(COLUMNS), "FAILED", [(0, "UNKNOWN_ERROR")]),
        ({}, ("Email", "Name"), "FAILED", [(0, "INVALID_COLUMN_CONFIGURATION")]),
        ({"reverted_jobs": 1}, tuple(COLUMNS), "REVERTED", []),
    ],
)
def test_an_import_can_fail_or_be_undone_as_a_whole(upload, knobs, header, state, errors):
    with ad.simulate("hubspot-imports", duration_seconds=0, failing=0, **knobs) as sim:
        client = client_of(sim)
        made = upload(client, contacts(3), header=header)
        assert client.core_api.get_by_id(made.id).state == state
        found = client.public_imports_api.get_errors(made.id).results
        assert [(each.source_data.line_number, each.error_type) for each in found] == errors
        assert sim.records == {}


def test_the_client_is_told_what_is_wrong_with_a_request(upload):
    with ad.simulate("hubspot-imports") as sim:
        client = client_of(sim)
        for request, word in [({"name": ""}, "name"), ({"columns": {}}, "columnMappings")]:
            with pytest.raises(ApiException) as raised:
                upload(client, contacts(1), **request)
            about = json.loads(raised.value.body)
            assert (raised.value.status, about["category"]) == (400, "VALIDATION_ERROR")
            assert word in about["message"]
        with pytest.raises(ApiException) as raised:
            client.core_api.get_by_id(1)
        assert (raised.value.status, json.loads(raised.value.body)["category"]) == (
            404,
            "OBJECT_NOT_FOUND",
        )
        stranger = HubSpot(access_token="another", host=sim.endpoint).crm.imports
        with pytest.raises(ApiException) as raised:
            stranger.core_api.get_page()
        assert raised.value.status == 401


def test_the_clients_import_is_recorded_as_it_sends_it(upload):
    with recorded_requests("hubspot-imports", duration_seconds=0) as sim:
        upload(client_of(sim), [["a@example.com", "Ö"]])
        (sent,) = sim.of("POST", "/imports", "authorization")
        assert sent == {
            "method": "POST",
            "path": "/crm/v3/imports/",
            "query": [],
            "headers": {"authorization": f"Bearer {sim.settings['access_token']}"},
            "body": {
                "importRequest": import_request(),
                "files": "Email,First name\r\na@example.com,Ö\r\n",
            },
        }
