"""Certificates of a server on loopback that only a CA file of the tests vouches for."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

import pytest

from asyncdest_nb.errors import NotSent
from proxy_server import TlsServer, closed_port
from routed_calls import CA, post

pytestmark = pytest.mark.usefixtures("environment")


def test_an_untrusted_certificate_means_that_nothing_was_sent():
    with TlsServer() as server:
        error = post(server.url)
    assert type(error) is NotSent
    assert "its certificate is not trusted" in str(error)
    assert "verify=" in str(error)
    assert server.bodies == []


@pytest.mark.parametrize("verify", [CA, str(CA), False, ssl.create_default_context(cafile=CA)])
def test_certificates_in_the_verify_argument_are_trusted(verify: Any):
    with TlsServer() as server:
        assert post(server.url, verify=verify).data == {"by": "the server"}


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_environment_names_a_file_of_certificates(environment: pytest.MonkeyPatch, name: str):
    environment.setenv(name, str(CA))
    with TlsServer() as server:
        assert post(server.url).ok


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"])
def test_the_environment_names_a_folder_of_certificates(
    environment: pytest.MonkeyPatch, name: str, tmp_path: Path
):
    # The name is the hash by which OpenSSL looks for the issuer.
    (tmp_path / "8d528bbb.0").write_bytes(CA.read_bytes())
    environment.setenv(name, str(tmp_path))
    with TlsServer() as server:
        assert post(server.url).ok


def test_the_environment_names_several_folders_of_certificates(
    environment: pytest.MonkeyPatch, tmp_path: Path
):
    first, second = tmp_path / "first", tmp_path / "second"
    for each in (first, second):
        each.mkdir()
    (second / "8d528bbb.0").write_bytes(CA.read_bytes())
    environment.setenv("SSL_CERT_DIR", os.pathsep.join(map(str, (first, second))))
    with TlsServer() as server:
        assert post(server.url).ok


def test_a_connection_error_does_not_show_python_objects(environment: pytest.MonkeyPatch):
    with closed_port() as url:
        outcome = post(url.replace("http:", "https:"), verify=CA)
    assert type(outcome) is NotSent
    assert "object at 0x" not in str(outcome)
