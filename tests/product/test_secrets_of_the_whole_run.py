"""No secret gets out: one run with all kinds of them on loopback, and the whole test run."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr

import asyncdest_nb as ad
import leaks
from asyncdest_nb.errors import HTTPError
from paths import HELPERS, ROOT, TESTS
from raw_server import RawServer, Writer, answer

pytestmark = pytest.mark.slow

KEY = "ak_7Hq2vX9pLw4Rt8Zm"
TOKEN = "eyJhbGciOi.J9f3kQ0x7Bn5Vd.s1gnatureOfToken"
SIGNATURE = "4f9c1e77a0b35d2c8e6f"


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")
    api_key: SecretStr = ad.field("API key")


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


def extend_request(data: Any) -> dict[str, Any]:
    token = data.access_token
    headers = {"x-api-key": data.settings.api_key}
    return {
        "base_url": data.settings.endpoint,
        "headers": headers if token is None else headers | ad.bearer_auth(token),
    }


async def refresh_access_token(request: Any, data: Any) -> Any:
    return (await request("/token", method="POST", json={})).data["token"]


async def perform(request: Any, data: Any) -> Any:
    response = await request("/jobs", method="POST", json=[each.user_id for each in data.payload])
    return ad.AsyncActionResponse(async_contexts=[response.data], message=str(response.data))


async def poll(request: Any, data: Any) -> Any:
    job = (await request(f"/jobs/{data.async_contexts[0]['operation_id']}")).data
    if "refused" in job:
        raise ad.ProtocolError(f"{job} for {data.settings.api_key.get_secret_value()}")
    found = (await request(job["url"])).data
    found["url"] = job["url"]
    message = f"{found['said']}: {job['url']}"
    rows = [ad.RowResult(status="completed", result={"at": [job["url"]]})] * 2
    result = ad.AsyncOperationResult(status="completed", message=message, result=found, rows=rows)
    return ad.AsyncPollResponse.of([result])


files = ad.Destination(
    name="Files",
    slug="files",
    settings=Settings,
    extend_request=extend_request,
    refresh_access_token=refresh_access_token,
    actions={
        "send": ad.Action(
            title="Send",
            payload=Payload,
            perform_batch=perform,
            poll=poll,
            operation_per="batch",
        )
    },
)


class Partner:
    """Answers with every secret it was sent: as ids, in errors, in results."""

    def __init__(self) -> None:
        self.server = RawServer(self._answer)
        self._polls = 0

    @property
    def _signed(self) -> str:
        return f"{self.server.url}/file.json?X-Amz-Expires=60&X-Amz-Signature={SIGNATURE}"

    async def _answer(self, writer: Writer) -> None:
        arrived = self.server.arrived[-1]
        path, sent = arrived.target.partition("?")[0], f"{KEY} and Bearer {TOKEN}"
        self._polls += path == "/jobs/j-1"
        if path == "/token":
            found = answer(200, {"token": TOKEN})
        elif path == "/jobs":
            found = answer(200, {"operation_id": "j-1", "you": sent, "at": self._signed})
        elif path == "/file.json":
            found = answer(200, {"said": f"done for {sent}", "you": sent})
        elif self._polls == 1:
            found = answer(500, f"no access for {sent}")
        elif self._polls == 2:
            found = answer(200, {"refused": sent})
        else:
            found = answer(200, {"url": self._signed})
        await found(writer)


def sent_all(server: RawServer) -> bool:
    """Whether all secrets were in play."""
    files = [each for each in server.arrived if SIGNATURE in each.target]
    keys = {each.headers.get("x-api-key") for each in server.arrived}
    tokens = {each.headers.get("authorization") for each in server.arrived}
    return bool(files) and KEY in keys and f"Bearer {TOKEN}" in tokens


@pytest.fixture
def own(tmp_path: Path) -> leaks.Watch:
    """Give a watch of its own, which knows the secrets of this file and has seen nothing."""
    own = leaks.Watch()
    for secret in (KEY, TOKEN, SIGNATURE):
        own.keep(secret, "a secret of the test")
    return own


def test_a_session_file_and_a_notebook_with_all_secrets_in_play_hold_none(tmp_path, own, watch):
    import nbformat  # With nbclient it takes two seconds, and most tests need none of it.
    from nbclient import NotebookClient

    with Partner().server as server:
        cells = [
            "import sys\n"
            f"sys.path[:0] = {[str(HELPERS), str(Path(__file__).parent)]}\n"
            "import logging\n"
            "import pandas as pd\n"
            "import asyncdest_nb as ad\n"
            "from test_secrets_of_the_whole_run import files, poll\n"
            "logging.basicConfig(level='DEBUG', filename='run.log')\n"
            "from secret_of_the_day import KEY",
            "session = ad.Session(path='s.sqlite')\n"
            f"crm = session.connect(files, endpoint={server.url!r}, api_key=KEY)\n"
            "crm",
            "run = crm.submit(pd.DataFrame({'user_id': ['a', 'b']}), 'send')\nrun",
            "run.wait(timeout=60)",
            "run.results()",
            "run.operations",
            "executed = crm.execute_poll('send', [{'operation_id': 'j-1'}])\nexecuted",
            "executed.exchanges",
            "crm.preview(pd.DataFrame({'user_id': ['a', 'b']}), 'send').first_request",
            "session",
        ]
        (tmp_path / "secret_of_the_day.py").write_text(f"KEY = {KEY!r}")
        notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
        client = NotebookClient(
            notebook, timeout=100, resources={"metadata": {"path": str(tmp_path)}}
        )
        client.execute()
        nbformat.write(notebook, tmp_path / "saved.ipynb")
        assert sent_all(server)
    watch.secrets.update(own.secrets)
    saved = (tmp_path / "saved.ipynb").read_text()
    assert "completed" in saved
    assert "•••" in saved
    assert (tmp_path / "s.sqlite").read_bytes().count(b"j-1")
    assert own.found(tmp_path) == []


def test_a_run_with_all_secrets_in_play_shows_none(tmp_path, watch, caplog):
    caplog.set_level("DEBUG")
    with Partner().server as server, ad.Session(path=tmp_path / "s.sqlite") as session:
        crm = session.connect(files, endpoint=server.url, api_key=KEY)
        run = crm.submit(pd.DataFrame({"user_id": ["a", "b"]}), "send")
        assert run.wait(timeout=60) == "completed"
        shown = [run.results().to_json(), repr(run), repr(run.operations), caplog.text, repr(crm)]
        assert sent_all(server)
    assert {KEY, TOKEN, SIGNATURE} <= set(watch.secrets)
    assert [secret for secret in (KEY, TOKEN, SIGNATURE) if secret in str(shown)] == []


def plant_in_a_file(own: leaks.Watch, path: Path, text: str) -> None:
    (path / "s.sqlite-wal").write_bytes(b"\0\xff" + text.encode() + b"\0")


def plant_in_a_log(own: leaks.Watch, path: Path, text: str) -> None:
    logging.getLogger("asyncdest_nb.engine.channel.call").debug("found %s", text)


def plant_in_a_traceback(own: leaks.Watch, path: Path, text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError:
        logging.getLogger("asyncdest_nb.engine.channel.call").debug("odd", exc_info=True)


def plant_in_an_error(own: leaks.Watch, path: Path, text: str) -> None:
    code = compile("HTTPError(text, status=400)", "planted", "eval")
    eval(code, {"__name__": "asyncdest_nb.request.call", "HTTPError": HTTPError, "text": text})


def plant_in_what_was_caught(own: leaks.Watch, path: Path, text: str) -> None:
    error = HTTPError("", status=400)  # Made without a secret, which comes later.
    error.excerpt = text
    code = compile("throw()", "planted", "eval")
    with pytest.raises(HTTPError):
        eval(code, {"__name__": "asyncdest_nb.request.call", "throw": lambda: _throw(error)})


def _throw(error: Exception) -> None:
    raise error


PLANTS = [
    plant_in_a_file,
    plant_in_a_log,
    plant_in_a_traceback,
    plant_in_an_error,
    plant_in_what_was_caught,
]
PLANTED = "pk_9Xw3Lr7Tn2Qv"


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
@pytest.mark.parametrize(
    "written",
    [PLANTED, 'say "sk/live+7Hq2" twice', "pass%20word-7", "user:Pass/word 1"],
    ids=["as it is", "in JSON", "with escapes", "a login"],
)
def test_a_secret_that_is_planted_is_found_and_its_value_is_not_told(
    tmp_path, monkeypatch, plant, written
):
    own = leaks.Watch()
    leaks.attach(own, monkeypatch)
    own.keep(written, "a planted secret")
    for form in leaks.forms_of(written):
        plant(own, tmp_path, f"<{form.decode()}>")
        found = own.found(tmp_path)
        assert found
        assert all("a planted secret" in each and written not in each for each in found)
        own.texts.clear()


def test_what_no_secret_is_does_not_count(own):
    for plain in ("demo", "password", "thelongword", "short-1", "0000000000"):
        own.keep(plain, "no secret")
    assert set(own.secrets) == {KEY, TOKEN, SIGNATURE}


def test_a_secret_raised_inside_a_destinations_function_has_not_left_yet(monkeypatch, tmp_path):
    own = leaks.Watch()
    leaks.attach(own, monkeypatch)
    own.keep(PLANTED, "a planted secret")
    assert PLANTED in repr(ad.HTTPError(PLANTED, status=400))
    assert own.found(tmp_path) == []


LEAKING = f"""
import logging
import pytest
from asyncdest_nb.request import Redactor

@pytest.mark.parametrize("number", range(4))
def test_something(number):
    Redactor(["{PLANTED}"])
    logging.getLogger("asyncdest_nb.engine.channel.call").debug("%s", "{PLANTED}" * {{leaks}})
"""


@pytest.mark.parametrize("processes", [0, 2])
@pytest.mark.parametrize("leaks", [0, 1])
def test_a_run_fails_at_its_end_if_a_secret_got_out(tmp_path, processes, leaks):
    test = tmp_path / "test_something.py"
    test.write_text(LEAKING.format(leaks=leaks))
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-n", str(processes), str(test)]
    path = os.pathsep.join([str(HELPERS), str(TESTS), str(ROOT)])
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env=env | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == leaks, ran.stdout
    assert ("a credential, first given in" in ran.stdout) == bool(leaks)
