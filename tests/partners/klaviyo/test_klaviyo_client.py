"""The simulated Klaviyo by klaviyo-api, Klaviyo's own client: whole flows."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from klaviyo_api import KlaviyoAPI
from openapi_client.exceptions import ApiException

import asyncdest_nb as ad
from example_partner import Clock
from recorded_requests import recorded_requests


def client_of(simulator):
    return KlaviyoAPI(simulator.settings["api_key"], test_host=simulator.endpoint, max_delay=1)


def profile(number, **attributes):
    attributes = {"email": f"Anna.{number}@example.com", **attributes}
    return {"type": "profile", "attributes": attributes}


def import_job(profiles, *lists):
    job = {"type": "profile-bulk-import-job", "attributes": {"profiles": {"data": profiles}}}
    if lists:
        data = [{"type": "list", "id": each} for each in lists]
        job["relationships"] = {"lists": {"data": data}}
    return {"data": job}


def test_the_client_follows_a_job_to_its_errors_and_profiles():
    clock = Clock()
    with ad.simulate("klaviyo-profiles", clock=clock, duration_seconds=10, failing=0.2) as sim:
        profiles = client_of(sim).Profiles
        made = profiles.bulk_import_profiles(
            import_job([profile(number) for number in range(150)], "LIST1")
        )
        job_id = made.data.id
        assert (made.data.attributes.status, made.data.attributes.total_count) == ("queued", 150)
        clock.now += 5
        job = profiles.get_bulk_import_profiles_job(job_id).data.attributes
        assert (job.status, job.completed_at) == ("processing", None)
        assert 0 < job.completed_count + job.failed_count < 150
        clock.now += 5
        job = profiles.get_bulk_import_profiles_job(job_id).data.attributes
        assert job.status == "complete"
        assert job.completed_count + job.failed_count == job.total_count

        # Its first page has 20 errors, and a link to the others.
        page = profiles.get_errors_for_bulk_import_profiles_job(job_id)
        cursor = parse_qs(urlsplit(page.links.next).query)["page[cursor]"][0]
        rest = profiles.get_errors_for_bulk_import_profiles_job(job_id, page_cursor=cursor)
        errors = [each.attributes for each in [*page.data, *rest.data]]
        assert (len(page.data), len(errors), rest.links.next) == (20, job.failed_count, None)
        for each in errors:
            index = int(each.source.pointer.split("/")[5])
            pointer = f"/data/attributes/profiles/data/{index}/attributes/email"
            assert (each.code, each.detail) == ("invalid", "Invalid email address")
            assert each.source.pointer == pointer
            assert each.original_payload == profile(index)["attributes"]

        done = profiles.get_profiles_for_bulk_import_profiles_job(job_id, page_size=100)
        assert len(done.data) == 100
        lists = profiles.get_list_for_bulk_import_profiles_job(job_id)
        assert [each.id for each in lists.data] == ["LIST1"]
        assert len(sim.records["profile"]) == job.completed_count


def test_the_client_lists_jobs_by_status():
    clock = Clock()
    with ad.simulate("klaviyo-profiles", clock=clock, duration_seconds=10) as sim:
        client = client_of(sim)
        profiles = client.Profiles
        first = profiles.bulk_import_profiles(import_job([profile(1)])).data.id
        clock.now += 20
        second = profiles.bulk_import_profiles(import_job([profile(2)])).data.id
        assert [job.id for job in profiles.get_bulk_import_profiles_jobs().data] == [second, first]
        page = profiles.get_bulk_import_profiles_jobs(filter='equals(status,"complete")')
        assert [job.id for job in page.data] == [first]
        page = profiles.get_bulk_import_profiles_jobs(sort="created_at", page_size=1)
        assert [job.id for job in page.data] == [first]
        assert [each.id for each in client.Accounts.get_accounts().data] == ["SIMULA"]


def test_the_client_is_told_which_profiles_are_refused():
    with ad.simulate("klaviyo-profiles", lists=["LIST1"]) as sim:
        profiles = client_of(sim).Profiles

        def pointers(job):
            with pytest.raises(ApiException) as raised:
                profiles.bulk_import_profiles(job)
            assert raised.value.status == 400
            return [(each.source.pointer, each.detail) for each in raised.value.data.errors]

        start = "/data/attributes/profiles/data"
        rows = [profile(0), profile(1, email="no"), profile(2, phone_number="12"), profile(3)]
        assert pointers(import_job(rows)) == [
            (f"{start}/1/attributes/email", "Invalid email address"),
            (
                f"{start}/2/attributes/phone_number",
                "Invalid phone number format (Example of a valid format: +12345678901)",
            ),
        ]
        ((pointer, _),) = pointers(import_job([profile(0, title="x" * 100_001)]))
        assert pointer == f"{start}/0"
        ((pointer, _),) = pointers(import_job([{"type": "profile", "attributes": {"title": "x"}}]))
        assert pointer == f"{start}/0/attributes"
        ((pointer, detail),) = pointers(import_job([profile(0)], "LIST2"))
        assert (pointer, detail) == ("/data", "List ID LIST2 does not exist.")
        ((pointer, _),) = pointers(import_job([profile(0)] * 10_001))
        assert pointer == start
        assert sim.operations == []


def test_profiles_are_found_by_any_identifier_and_null_clears_nothing():
    with ad.simulate("klaviyo-profiles", failing=0, duration_seconds=0) as sim:
        profiles = client_of(sim).Profiles
        both = profile(1, external_id="c-1", title="Dr", properties={"LTV": 1, "old": True})
        later = {"type": "profile", "attributes": {"external_id": "c-1", "title": None,
                                                   "properties": {"LTV": 2}},
                 "meta": {"patch_properties": {"unset": "old"}}}  # fmt: skip
        other = {"type": "profile", "attributes": {"external_id": "c-2"}}
        clash = profile(1, external_id="c-2")
        made = profiles.bulk_import_profiles(import_job([both, later, other, clash]), options={})
        (error,) = profiles.get_errors_for_bulk_import_profiles_job(made.data.id).data
        assert (error.attributes.code, error.attributes.source.pointer) == (
            "duplicate_profile",
            "/data/attributes/profiles/data/3/attributes",
        )
        anna, bert = sim.records["profile"]
        assert (anna["email"], anna["title"], anna["properties"]) == (
            "Anna.1@example.com",
            "Dr",
            {"LTV": 2},
        )
        assert bert["external_id"] == "c-2"


def test_a_job_is_gone_when_it_has_expired():
    clock = Clock()
    with ad.simulate(
        "klaviyo-profiles", clock=clock, duration_seconds=0, results_expire_seconds=60
    ) as sim:
        profiles = client_of(sim).Profiles
        job_id = profiles.bulk_import_profiles(import_job([profile(1)])).data.id
        clock.now += 59
        assert profiles.get_errors_for_bulk_import_profiles_job(job_id).data == []
        clock.now += 1
        with pytest.raises(ApiException) as raised:
            profiles.get_errors_for_bulk_import_profiles_job(job_id)
        assert (raised.value.status, raised.value.data.errors[0].code) == (404, "not_found")


def test_the_clients_requests_are_recorded_as_it_sends_them():
    with recorded_requests("klaviyo-profiles", duration_seconds=0) as sim:
        client_of(sim).Profiles.bulk_import_profiles(import_job([profile(1)], "LIST1"))
        (sent,) = sim.of("POST", "/profile-bulk", "authorization", "content-type", "revision")
        assert sent == {
            "method": "POST",
            "path": "/api/profile-bulk-import-jobs",
            "query": [],
            "headers": {
                "authorization": f"Klaviyo-API-Key {sim.settings['api_key']}",
                "content-type": "application/vnd.api+json",
                "revision": "2026-10-15",
            },
            "body": import_job([profile(1)], "LIST1"),
        }
