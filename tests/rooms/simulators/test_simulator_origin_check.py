"""Simulators answer programs of this machine and no page of another site; asked by raw sockets."""

from __future__ import annotations

import json
import socket

import pytest

import asyncdest_nb as ad

BODY = json.dumps({"user_id": "a", "operation_type": "sync_profile"}).encode()
SLUGS = ["example-async", "salesforce-bulk"]


def asked(
    simulator: ad.Simulator, *headers: str, host: str | None = None, method: str = "POST"
) -> tuple[int, str]:
    """Return the status and the body that a request with these *headers* is answered."""
    port = int(simulator.endpoint.rpartition(":")[2])
    named = f"127.0.0.1:{port}" if host is None else host.format(port=port)
    lines = [f"{method} /operations HTTP/1.1", f"host: {named}", "connection: close"]
    lines += [each.format(port=port) for each in headers]
    head = "\r\n".join([*lines, f"content-length: {len(BODY)}", "", ""]).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plug:
        plug.sendall(head + BODY)
        answer = b"".join(iter(lambda: plug.recv(65536), b"")).decode()
    head_text, _, body = answer.partition("\r\n\r\n")
    return int(head_text.split()[1]), body


@pytest.fixture
def simulator():
    with ad.simulate("example-async") as simulator:
        yield simulator


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}", "127.0.0.1:{port} "]
)
def test_its_own_names_are_taken(simulator, host):
    assert asked(simulator, host=host)[0] == 202
    assert asked(simulator, "origin: http://" + host, host=host)[0] == 202
    assert asked(simulator, "sec-fetch-site: same-origin", host=host.replace("l", "L"))[0] == 202
    assert asked(simulator, "sec-fetch-site: none", host=host, method="GET")[0] == 405


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1:{port}@evil.example",
        "localhost.:{port}",
        "0.0.0.0:{port}",
        "",
    ],
)
def test_another_host_is_refused_and_told_why(slug, host):
    with ad.simulate(slug) as simulator:
        status, body = asked(simulator, host=host)
        port = simulator.endpoint.rpartition(":")[2]
        assert status == 403
        assert f"127.0.0.1:{port} alone" in json.loads(body)["error"]
        assert simulator.requests == {}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS"])
@pytest.mark.parametrize(
    "header",
    [
        "origin: https://evil.example",
        "origin: null",
        "origin: http://localhost:1",
        "origin: https://127.0.0.1:{port}",
        "origin: http://127.0.0.1:{port}.evil.example",
        "Sec-Fetch-Site: cross-site",
        "sec-fetch-site: same-site",
    ],
)
def test_a_page_of_another_site_is_refused_and_told_why(simulator, method, header):
    status, body = asked(simulator, header, method=method)
    assert status == 403
    assert "from other sites" in json.loads(body)["error"]
    assert simulator.operations == []
    assert simulator.requests == {}


def test_a_second_host_header_is_no_way_in(simulator):
    assert asked(simulator, "host: evil.example")[0] in (400, 403)
    assert simulator.requests == {}
