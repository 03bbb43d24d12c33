"""Destinations that differ in the address of their requests alone; real HTTP over loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from raw_server import RawServer, answer

ROWS = pd.DataFrame({"id": ["a", "b"]})


class Payload(ad.Payload):
    id: str = ad.field("ID")


async def _send(request: Any, data: Any) -> Any:
    return await request("/rows", method="POST", json=[each.id for each in data.payload])


def described(url: str) -> ad.Destination:
    fields = {"id": {"label": "ID", "type": "string"}}
    submit = [{"url": "/rows", "json": {"rows": "{{ rows }}"}}]
    actions = {"put": {"fields": fields, "submit": submit}}
    return ad.http_destination({"name": "CRM", "base_url": url, "actions": actions})


def written(url: str, **options: Any) -> ad.Destination:
    action = ad.Action(title="Put", payload=Payload, perform_batch=_send, recovery="natural")

    def extend_request(data: Any) -> dict[str, Any]:
        known = data.state_context.get_request_context("url")
        data.state_context.set_response_context("url", url)
        return {"base_url": known or url, **options}

    return ad.Destination(
        name="CRM", slug="crm", actions={"put": action}, extend_request=extend_request
    )


@pytest.fixture
def servers() -> Iterator[tuple[RawServer, RawServer]]:
    with RawServer(answer(200)) as staging, RawServer(answer(200)) as production:
        yield staging, production


@pytest.mark.parametrize("destination", [described, written])
@pytest.mark.parametrize("keys", [{}, {"key": "id", "changed_only": True}])
def test_another_base_url_is_another_destination(session, servers, destination, keys):
    for server in servers:
        run = session.connect(destination(server.url)).submit(ROWS, "put", **keys)
        run.wait(timeout=20)
        assert list(run.results()["status"]) == ["completed"] * 2
        assert len(server.arrived) == 1
    assert len(session.runs()) == 2


def test_a_run_of_a_file_continues_at_its_own_base_url_alone(tmp_path: Path):
    path = tmp_path / "session.sqlite"
    # More refusals than there are tries until the session is closed, on a busy machine too.
    refusals = [answer(503)] * 4
    with RawServer(*refusals, answer(200)) as staging, RawServer(answer(200)) as production:
        with ad.Session(path=path) as session:
            run = session.connect(written(staging.url)).submit(ROWS, "put")
            while not any("503" in each.message for each in run.operations):
                run.wait(timeout=0.02)
        with ad.Session(path=path) as session:
            session.connect(written(production.url))
            (run,) = session.runs()
            assert any("connect('crm', …) continues it" in each for each in run.notices)
            # The base URL that is in the state by now was another one when it was submitted.
            crm = session.connect(written(f"{staging.url}/"))
            assert run.wait(timeout=20) == "completed"
            with pytest.warns(ad.AlreadySubmitted):
                crm.submit(ROWS, "put")
        assert len(staging.arrived) >= 2
        assert not production.arrived


def test_a_secret_in_a_base_url_is_not_in_the_file(tmp_path: Path, servers):
    path, (server, _) = tmp_path / "session.sqlite", servers
    secret = "T0ken-of-a-bot-77"
    with ad.Session(path=path) as session:
        crm = session.connect(written(f"{server.url}/{secret}", secrets=[secret]))
        crm.submit(ROWS, "put").wait(timeout=20)
    assert server.arrived[0].target == f"/{secret}/rows"
    assert all(secret.encode() not in each.read_bytes() for each in tmp_path.iterdir())
