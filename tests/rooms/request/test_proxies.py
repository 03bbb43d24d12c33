"""Requests through a real proxy on loopback, and to a server with TLS behind it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import HTTPError, NotSent, UsageError
from asyncdest_nb.request import Client, Effect, Route
from proxy_server import ProxyServer, TlsServer, closed_port
from raw_server import RawServer, answer
from routed_calls import CA, CRM, exchanged, post

pytestmark = pytest.mark.usefixtures("environment")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_the_environment_names_the_proxy(environment: pytest.MonkeyPatch, name: str):
    with ProxyServer() as proxy:
        environment.setenv(name, proxy.url)
        assert post("http://crm.test/rows?a=1").data == {"by": "the proxy"}
    assert proxy.asked == [("POST", "http://crm.test/rows?a=1", None)]


def test_a_proxy_without_a_scheme_is_an_http_proxy(environment: pytest.MonkeyPatch):
    with ProxyServer() as proxy:
        environment.setenv("HTTP_PROXY", proxy.url.removeprefix("http://"))
        assert post("http://crm.test/").ok
    assert len(proxy.asked) == 1


def test_the_environment_is_read_when_the_route_is_made(environment: pytest.MonkeyPatch):
    with ProxyServer() as proxy:
        environment.setenv("HTTP_PROXY", proxy.url)
        client = Client(timeout_seconds=20)
        environment.delenv("HTTP_PROXY")

        async def exchange() -> Any:
            response = await client.call()("http://crm.test/")
            await client.aclose()
            return response

        assert asyncio.run(exchange()).ok


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "all_proxy"])
def test_a_request_by_tls_goes_through_a_tunnel(environment: pytest.MonkeyPatch, name: str):
    with TlsServer() as server, ProxyServer(tunnel_to=server.port, login="me:s3cret/word") as proxy:
        environment.setenv(name, proxy.url.replace("//", "//me:s3cret%2Fword@"))
        assert post("https://crm.test/rows", verify=CA).data == {"by": "the server"}
    assert proxy.asked == [("CONNECT", "crm.test:443", "me:s3cret/word")]
    assert server.bodies == [b'{"id":1}']
    assert "proxy-authorization" not in server.headers[0]


def test_a_proxy_that_reads_the_request_gets_its_login():
    with ProxyServer(login="me:word") as proxy:
        assert post("http://crm.test/", proxy=proxy.url.replace("//", "//me:word@")).ok


@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("*", "http://crm.test/"),
        ("crm.test", "http://crm.test/"),
        (".test", "http://crm.test/"),
        ("*.test", "http://crm.test/"),
        ("other.example, TEST", "http://crm.test/"),
        ("crm.test:80", "http://crm.test/"),
        ("10.0.0.0/8", "http://10.1.2.3/"),
        ("10.1.2.3", "http://10.1.2.3/"),
        ("fd00::/8", "http://[fd00::1]/"),
        ("localhost,*", "http://crm.test/"),
        ("other.example crm.test", "http://crm.test/"),
        ("crm.test.", "http://crm.test/"),
        ("crm.test", "http://crm.test./"),
        ("[fd00::1]", "http://[fd00::1]/"),
        ("[fd00::1]:8080", "http://[fd00::1]:8080/"),
    ],
)
def test_hosts_in_no_proxy_are_reached_without_a_proxy(
    environment: pytest.MonkeyPatch, named: str, url: str
):
    environment.setenv("ALL_PROXY", "http://proxy.test:1")
    environment.setenv("NO_PROXY", named)
    assert Route().proxy_for(httpx.URL(url)) is None
    environment.delenv("NO_PROXY")
    assert Route().proxy_for(httpx.URL(url)) is not None


@pytest.mark.parametrize("named", ["", "est", "crm.test:81", "xcrm.test", "10.0.0.0/8", "rm.test"])
def test_hosts_not_in_no_proxy_are_reached_through_the_proxy(
    environment: pytest.MonkeyPatch, named: str
):
    with ProxyServer() as proxy:
        environment.setenv("ALL_PROXY", proxy.url)
        environment.setenv("NO_PROXY", named)
        assert post("http://crm.test/").data == {"by": "the proxy"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.7.7.7"])
def test_loopback_never_goes_through_the_proxy_of_the_environment(
    environment: pytest.MonkeyPatch, host: str
):
    with ProxyServer() as proxy, RawServer(answer(200, {"by": "the server"})) as server:
        environment.setenv("ALL_PROXY", proxy.url)
        url = server.url.replace("127.0.0.1", "127.0.0.1" if host == "127.7.7.7" else host)
        assert post(url).data == {"by": "the server"}
    assert proxy.asked == []


@pytest.mark.slow
def test_simulators_work_with_any_proxy_in_the_environment(
    environment: pytest.MonkeyPatch, session: ad.Session
):
    environment.setenv("ALL_PROXY", "socks5://proxy.test:1")
    environment.setenv("REQUESTS_CA_BUNDLE", "/not/there.pem")
    frame = pd.DataFrame({"user_id": ["u-1"], "operation_type": ["sync_profile"]})
    with ad.simulate("example-async") as demo:
        run = session.connect(demo).submit(frame, "asyncOperation")
        run.wait(timeout=60)
    assert run.results()["status"].tolist() == ["completed"]


def test_a_proxy_argument_takes_precedence_and_false_means_none(environment: pytest.MonkeyPatch):
    with (
        ProxyServer() as chosen,
        ProxyServer() as other,
        RawServer(answer(200, {"by": "the server"})) as server,
    ):
        environment.setenv("ALL_PROXY", other.url)
        assert post("http://crm.test/", proxy=chosen.url).data == {"by": "the proxy"}
        assert post(server.url, proxy=chosen.url).data == {"by": "the proxy"}
        assert post(server.url, proxy=False).data == {"by": "the server"}
    assert (len(chosen.asked), len(other.asked)) == (2, 0)


@pytest.mark.parametrize("status", [403, 407, 500, 502, 503])
def test_a_tunnel_that_is_refused_means_that_nothing_was_sent(status: int):
    with ProxyServer(status=status) as proxy:
        error, effects = exchanged("https://crm.test/", proxy=proxy.url)
    assert type(error) is NotSent
    assert f"the proxy answered {status}" in str(error)
    assert effects == [Effect.NONE]


def test_a_proxy_that_is_not_there_means_that_nothing_was_sent():
    with closed_port() as url:
        error = post("http://crm.test/", proxy=url)
    assert type(error) is NotSent
    assert "the proxy: Cannot connect" in str(error)


@pytest.mark.parametrize(
    ("status", "effect"), [(407, Effect.NONE), (502, Effect.UNKNOWN), (504, Effect.UNKNOWN)]
)
def test_an_answer_of_the_proxy_itself_is_judged_by_its_status(status: int, effect: Effect):
    with ProxyServer(status=status) as proxy:
        error, effects = exchanged("http://crm.test/", proxy=proxy.url)
    assert isinstance(error, HTTPError)
    assert error.status == status
    assert effects == [effect]


@pytest.mark.parametrize(
    ("ways", "message"),
    [
        ({"proxy": "socks5://me:word@proxy.test:1080"}, "'•••@proxy.test:1080' uses SOCKS"),
        ({"proxy": "ftp://proxy.test"}, "write http://host:port"),
        ({"proxy": "http://proxy.test:port"}, "write http://host:port"),
        ({"proxy": "http://me:w/ord@proxy.test:1"}, "write http://host:port"),
        ({"proxy": "http://:3128"}, "write http://host:port"),
        ({"proxy": ""}, "proxy is empty"),
        ({"proxy": True}, "proxy is a bool"),
        ({"proxy": {"http": "x"}}, "proxy is a dict"),
        ({"verify": "/not/there.pem"}, "verify is '/not/there.pem', which has no certificates"),
        ({"verify": __file__}, "which has no certificates"),
        ({"verify": 7}, "verify is a int"),
        ({"verify": ""}, "verify is empty"),
        ({"timeout_seconds": 0}, "must be a number above 0"),
    ],
)
def test_a_route_that_cannot_be_used_is_refused_before_anything_is_sent(
    session: ad.Session, ways: dict[str, Any], message: str
):
    with pytest.raises(UsageError) as raised:
        session.connect(CRM, endpoint="https://crm.test/", **ways)
    assert message in str(raised.value)
    assert "word" not in str(raised.value).replace("password", "")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("HTTPS_PROXY", "socks5h://proxy.test:1080", "uses SOCKS"),
        ("ALL_PROXY", "socks5://proxy.test:1080", "uses SOCKS"),
        ("https_proxy", "http://proxy.test:99999", "write http://host:port"),
        ("REQUESTS_CA_BUNDLE", "/not/there.pem", "REQUESTS_CA_BUNDLE is '/not/there.pem'"),
        ("SSL_CERT_FILE", "/not/there.pem", "SSL_CERT_FILE is '/not/there.pem'"),
    ],
)
def test_an_unusable_variable_of_the_environment_is_named_at_connect(
    environment: pytest.MonkeyPatch, session: ad.Session, name: str, value: str, message: str
):
    environment.setenv(name, value)
    with pytest.raises(UsageError, match=message):
        session.connect(CRM, endpoint="https://crm.test/")


def test_a_socks_proxy_is_no_obstacle_beside_an_http_proxy(environment: pytest.MonkeyPatch):
    with ProxyServer() as proxy:
        environment.setenv("ALL_PROXY", "socks5://proxy.test:1080")
        environment.setenv("HTTP_PROXY", proxy.url)
        assert post("http://crm.test/").ok


def test_a_run_waits_for_a_proxy_that_refuses_and_does_not_show_its_login(session: ad.Session):
    with ProxyServer(login="me:right-password") as proxy:
        url = proxy.url.replace("//", "//me:wrong-password@")
        crm = session.connect(CRM, endpoint="https://crm.test/", proxy=url)
        run = crm.submit(pd.DataFrame({"id": [1]}), "send")
        assert run.wait(timeout=2) == "pending"
        assert any("the proxy answered 407" in each for each in run.notices)
        shown = repr(crm) + repr(run) + repr(run.notices) + repr(run.operations)
        assert "wrong-password" not in shown
        run.cancel()
        run.wait(timeout=20)
    assert run.results()["status"].tolist() == ["canceled"]


def test_a_transport_argument_has_its_own_proxy(session: ad.Session):
    with pytest.raises(UsageError, match="a transport has its own proxy"):
        session.connect(
            CRM, endpoint="http://a.test", transport=httpx.AsyncHTTPTransport(), proxy=False
        )
