"""The simulated Salesforce over plain HTTP, against Salesforce's developer guides: versions,
limits, and the tokens of the OAuth flows."""

from __future__ import annotations

import pytest
import requests

from documented_salesforce import DATA, JOBS, refusal

# Versions, limits, objects


def test_the_versions_are_listed_for_everybody(documented_org):
    answer = requests.get(f"{documented_org().simulator.endpoint}/services/data", timeout=30)
    assert answer.status_code == 200
    listed = answer.json()
    assert {"label": "Winter '24", "url": DATA, "version": "59.0"} in listed
    assert {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"} == listed[0]
    assert [float(each["version"]) for each in listed] == [31.0 + n for n in range(len(listed))]


@pytest.mark.parametrize("version", ["v99.0", "v30.0", "v0.0", "v059.0", "v59", "v59.5", "59.0"])
@pytest.mark.parametrize("path", ["", "/limits", "/sobjects/Contact/describe", "/jobs/ingest"])
def test_an_unknown_version_is_not_found(documented_org, version, path):
    answer = documented_org().ask("GET", f"/services/data/{version}{path}")
    assert refusal(answer) == (404, "NOT_FOUND")


def test_jobs_are_there_from_version_41_on(documented_org):
    org = documented_org()
    wanted = {"operation": "insert", "object": "Contact"}
    for version, status in (("40.0", 404), ("41.0", 200)):
        path = f"/services/data/v{version}/jobs/ingest"
        assert org.ask("GET", path).status_code == status
        assert org.ask("POST", path, json=wanted).status_code == status
        assert org.ask("GET", f"/services/data/v{version}/limits").status_code == 200


def test_every_answer_about_data_says_how_many_requests_were_used(documented_org):
    org = documented_org(daily_requests=1000)
    job_id = org.open()["id"]
    asked = [
        org.ask("GET", f"{DATA}/limits"),
        org.ask("GET", f"{DATA}/sobjects/Contact/describe"),
        org.upload(job_id, ""),
        org.change(job_id, "UploadComplete"),
        org.ask("GET", f"{JOBS}/{job_id}/successfulResults"),
        org.ask("GET", f"{JOBS}/750000000000000AAA"),
        org.ask("DELETE", f"{JOBS}/{job_id}"),
        org.ask("GET", JOBS),
    ]
    used = [answer.headers["Sforce-Limit-Info"] for answer in asked]
    assert used == [f"api-usage={number}/1000" for number in range(2, 10)]
    assert [answer.status_code for answer in asked] == [200, 200, 201, 200, 200, 404, 204, 200]
    left = org.ask("GET", f"{DATA}/limits").json()["DailyApiRequests"]
    assert left == {"Max": 1000, "Remaining": 990}


def test_above_the_limit_of_the_day_requests_are_refused(documented_org):
    org = documented_org(daily_requests=2)
    for _ in range(2):
        assert org.ask("GET", f"{DATA}/limits").status_code == 200
    answer = org.ask("GET", f"{DATA}/limits")
    assert refusal(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=2/2"


def test_what_clients_ask_at_login_is_there(documented_org):
    org = documented_org(username="ada@example.com")
    resources = org.ask("GET", DATA).json()
    listed = org.ask("GET", resources["sobjects"]).json()["sobjects"]
    assert {"Contact", "Lead", "Account", "User"} <= {each["name"] for each in listed}
    describe = listed[0]["urls"]["describe"]
    assert org.ask("GET", describe).json()["name"] == listed[0]["name"]
    basic = org.ask("GET", listed[0]["urls"]["sobject"]).json()
    assert basic["objectDescribe"]["name"] == listed[0]["name"]
    for path in (
        resources["identity"].removeprefix(org.simulator.endpoint),
        "/services/oauth2/userinfo",
    ):
        who = org.ask("GET", f"{path}?format=json").json()
        assert (who["username"], who["organization_id"][:3]) == ("ada@example.com", "00D")
    assert refusal(org.ask("GET", "/id/00D000000000002EAA/005000000000001AAA"))[0] == 404


# Tokens

CLIENT = {"client_id": "me", "client_secret": "sesame"}
USER = {"username": "ada@example.com", "password": "wordpass"}


def client_org(documented_org):
    return documented_org(token_seconds=60, refresh_token="again", **CLIENT, **USER)


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "password", **CLIENT, **USER},
        {"grant_type": "client_credentials", **CLIENT},
        {"grant_type": "refresh_token", "refresh_token": "again", **CLIENT},
    ],
    ids=lambda form: form["grant_type"],
)
def test_a_grant_gives_a_token_that_opens(documented_org, form):
    org = client_org(documented_org)
    answer = org.token(**form)
    assert answer.status_code == 200
    token = answer.json()
    assert {"access_token", "instance_url", "id", "issued_at", "signature"} <= set(token)
    assert (token["instance_url"], token["token_type"]) == (org.simulator.endpoint, "Bearer")
    assert token["id"].startswith(f"{org.simulator.endpoint}/id/00D")
    for scheme in ("Bearer", "bearer", "OAuth"):
        org.session.headers["Authorization"] = f"{scheme} {token['access_token']}"
        assert org.ask("GET", f"{DATA}/limits").status_code == 200


def test_any_user_and_any_refresh_token_is_taken_where_none_is_set(documented_org):
    org = documented_org(**CLIENT)
    assert org.token(grant_type="password", **CLIENT, **USER).status_code == 200
    again = {"grant_type": "refresh_token", "refresh_token": "anything", **CLIENT}
    assert org.token(**again).status_code == 200
    revoke = f"{org.simulator.endpoint}/services/oauth2/revoke"
    assert requests.post(revoke, data={"token": "anything"}, timeout=30).status_code == 200
    assert org.token(**again).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"grant_type": "implicit"}, ("unsupported_grant_type", "grant type not supported")),
        ({"grant_type": None}, ("unsupported_grant_type", "grant type not supported")),
        ({"client_id": "you"}, ("invalid_client_id", "client identifier invalid")),
        ({"client_secret": "sesam"}, ("invalid_client", "invalid client credentials")),
        ({"client_secret": None}, ("invalid_client", "invalid client credentials")),
        ({"password": "passwort"}, ("invalid_grant", "authentication failure")),
        ({"username": "bob@example.com"}, ("invalid_grant", "authentication failure")),
        ({"username": None}, ("invalid_request", "missing required parameter: username")),
        ({"client_id": None}, ("invalid_request", "missing required parameter: client_id")),
        (
            {"grant_type": "refresh_token", "refresh_token": "no"},
            ("invalid_grant", "expired access/refresh token"),
        ),
    ],
)
def test_a_form_that_is_wrong_is_refused_in_the_words_of_oauth(documented_org, wrong, error):
    answer = client_org(documented_org).token(
        **{"grant_type": "password", **CLIENT, **USER, **wrong}
    )
    assert answer.status_code == 400
    assert answer.json() == {"error": error[0], "error_description": error[1]}


def test_a_client_may_say_who_it_is_in_the_header(documented_org):
    org = client_org(documented_org)
    assert org.token(("me", "sesame"), grant_type="client_credentials").status_code == 200
    wrong = org.token(("me", "sesam"), grant_type="client_credentials")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")


def test_a_token_is_asked_for_by_post(documented_org):
    url = f"{documented_org().simulator.endpoint}/services/oauth2/token"
    answer = requests.get(url, params={"grant_type": "password", **CLIENT, **USER}, timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_revoked_token_opens_nothing(documented_org):
    org = client_org(documented_org)
    token = org.token(grant_type="client_credentials", **CLIENT).json()["access_token"]
    org.session.headers["Authorization"] = f"Bearer {token}"
    assert org.ask("GET", f"{DATA}/limits").status_code == 200
    revoke = f"{org.simulator.endpoint}/services/oauth2/revoke"
    assert requests.post(revoke, data={"token": token}, timeout=30).status_code == 200
    assert refusal(org.ask("GET", f"{DATA}/limits")) == (401, "INVALID_SESSION_ID")
    assert requests.post(revoke, data={"token": token}, timeout=30).status_code == 400
