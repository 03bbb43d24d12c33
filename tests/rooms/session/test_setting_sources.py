"""Settings that a connect leaves out: variables, a file that was asked for, a real keyring."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from password_stores import LockedPasswords, MemoryPasswords, in_use

KEY = "k3pt-Elsewhere-77q"
OTHER = "An0ther-key-is-2z"
API_KEY = "ASYNCDEST_EXAMPLE_ASYNC_API_KEY"
ENDPOINT = "ASYNCDEST_EXAMPLE_ASYNC_ENDPOINT"
SERVICE = "asyncdest-nb/example-async"


@pytest.fixture
def guarded() -> Iterator[ad.Simulator]:
    """Give a destination that takes KEY alone."""
    with ad.simulate("example-async", api_key=KEY, duration_seconds=0.05, failing=0) as simulator:
        yield simulator


def status(crm: ad.Connection) -> str:
    """Return how a run of one row ends."""
    frame = pd.DataFrame({"user_id": ["u-1"]})
    run = crm.submit(frame, "asyncOperation", operation_type="sync_profile")
    return run.wait(timeout=30)


def test_what_is_left_out_is_read_from_variables_and_said(session, guarded, monkeypatch, caplog):
    monkeypatch.setenv(API_KEY, KEY)
    monkeypatch.setenv(ENDPOINT, guarded.endpoint)
    with caplog.at_level(logging.DEBUG):
        crm = session.connect("example-async")
        assert status(crm) == "completed"
    assert crm.settings() == {
        "endpoint": f"{guarded.endpoint} (from the variable {ENDPOINT})",
        "api_key": f"set (from the variable {API_KEY})",
    }
    assert crm.sources["api_key"] == f"the variable {API_KEY}"
    assert f"api_key is from the variable {API_KEY}" in caplog.text
    assert KEY not in caplog.text + repr(crm) + str(session.runs())


def test_a_key_that_was_found_is_masked_like_one_that_was_given(session, monkeypatch):
    monkeypatch.setenv(API_KEY, KEY)
    crm = session.connect("example-async", endpoint=f"http://127.0.0.1:1/{KEY}")
    assert KEY not in repr(crm)
    assert "•" in crm.settings()["endpoint"]


@pytest.mark.parametrize("given", [KEY, None])
def test_what_is_given_wins(session, guarded, monkeypatch, given: str | None):
    monkeypatch.setenv(API_KEY, OTHER)
    with in_use(MemoryPasswords({(SERVICE, "api_key"): OTHER})):
        crm = session.connect("example-async", endpoint=guarded.endpoint, api_key=given)
    assert crm.settings()["api_key"] == ("set" if given else "not set")
    assert status(crm) == ("completed" if given else "failed")


def test_an_empty_variable_is_none(session, monkeypatch):
    monkeypatch.setenv(API_KEY, "")
    crm = session.connect("example-async", endpoint="https://host")
    assert crm.settings()["api_key"] == "not set"


def test_the_keyring_is_read_after_the_variables(session, guarded, monkeypatch):
    with in_use(MemoryPasswords({(SERVICE, "api_key"): KEY, (SERVICE, "endpoint"): "http://no"})):
        monkeypatch.setenv(ENDPOINT, guarded.endpoint)
        crm = session.connect("example-async")
    assert crm.settings()["api_key"] == f"set (from the keyring ({SERVICE}))"
    assert status(crm) == "completed"


def test_a_locked_keyring_is_as_good_as_none(session, caplog):
    with in_use(LockedPasswords()), caplog.at_level(logging.INFO):
        crm = session.connect("example-async", endpoint="https://host")
    assert crm.settings()["api_key"] == "not set"
    assert "the keyring cannot be read: the user said no" in caplog.text


def write(folder: Path, text: str) -> Path:
    path = folder / "crm.env"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_variables_is_read_only_when_it_is_named(session, tmp_path, monkeypatch):
    text = f'export {API_KEY}="{KEY}-${{HOME}}"  # of the CRM\n{ENDPOINT}=https://host\n'
    path = write(tmp_path, text)
    (tmp_path / ".env").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(API_KEY, OTHER)
    with pytest.raises(ad.SettingsError, match="is missing"):
        session.connect("example-async")
    crm = session.connect("example-async", env_file=path)
    assert crm.settings() == {
        "endpoint": f"https://host (from {ENDPOINT} in {path})",
        "api_key": f"set (from {API_KEY} in {path})",
    }


def test_a_name_of_a_variable_inside_a_value_of_a_file_is_no_variable(
    session, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOST_OF_ANOTHER", "https://other")
    text = f"{API_KEY}={KEY}\n{ENDPOINT}=https://host/${{HOST_OF_ANOTHER}}\n"
    crm = session.connect("example-async", env_file=write(tmp_path, text))
    assert "other" not in crm.settings()["endpoint"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read the env_file .*: No such file"),
        (f"API_KEY={KEY}".encode(), f"has none of the variables {ENDPOINT}, {API_KEY}"),
        (f"{API_KEY}={KEY}".encode() + b"\xff", "it is not UTF-8"),
    ],
)
def test_a_file_that_has_nothing_to_read_is_refused(
    session, tmp_path, content: bytes | None, message: str
):
    path = tmp_path / "crm.env"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ad.UsageError, match=message) as caught:
        session.connect("example-async", endpoint="https://host", env_file=path)
    assert KEY not in str(caught.value)


def test_a_simulator_reads_no_variable_and_no_keyring(session, monkeypatch):
    monkeypatch.setenv(API_KEY, OTHER)
    with (
        in_use(MemoryPasswords({(SERVICE, "api_key"): OTHER})),
        ad.simulate("example-async") as demo,
    ):
        assert session.connect(demo).settings()["api_key"] == "not set"


def test_a_token_that_lies_about_is_not_used_beside_a_secret_that_is_given(session, monkeypatch):
    monkeypatch.setenv("ASYNCDEST_SALESFORCE_BULK_ACCESS_TOKEN", OTHER)
    monkeypatch.setenv("ASYNCDEST_SALESFORCE_BULK_CLIENT_ID", "app-1")
    url = "https://host.my.salesforce.com"
    crm = session.connect("salesforce-bulk", instance_url=url, client_secret=KEY)
    shown = crm.settings()
    assert (shown["access_token"], shown["client_secret"]) == ("not set", "set")
    assert shown["client_id"].startswith("app-1 (from the variable ")


def test_what_does_not_fit_names_its_place_and_what_is_missing_its_variable(session, monkeypatch):
    with pytest.raises(ad.SettingsError, match=r"ASYNCDEST_EXAMPLE_ASYNC_<SETTING>, or in the key"):
        session.connect("example-async")
    monkeypatch.setenv(ENDPOINT, KEY)
    with pytest.raises(ad.SettingsError, match=f"endpoint is from the variable {ENDPOINT}") as it:
        session.connect("example-async")
    assert KEY not in str(it.value)


@pytest.mark.slow
def test_without_the_extra_there_is_no_keyring_and_a_file_says_what_to_install(tmp_path):
    code = (
        "import sys; sys.modules.update({'keyring': None, 'dotenv': None})\n"
        "import asyncdest_nb as ad\n"
        "print(ad.connect('example-async', endpoint='https://host').settings())\n"
        "ad.connect('example-async', env_file='crm.env')"
    )
    done: Any = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert "'api_key': 'not set'" in done.stdout
    assert "UsageError: env_file needs python-dotenv: pip install" in done.stderr
