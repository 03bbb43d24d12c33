"""A fixture: an environment without proxies and certificates."""

from __future__ import annotations

import pytest

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Remove the variables that a developer's computer may have."""
    for name in (*VARIABLES, *(each.lower() for each in VARIABLES), *BUNDLES):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch
