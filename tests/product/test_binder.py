"""The folder binder/: its environment built anew from its files alone, and its first page.

Against the real package index and a real JupyterLab in a browser. The Python is the one that
runs the tests; conda, which mybinder.org installs it with, is not asked.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page, expect

from failures import FAILED, missing
from paths import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]

FIRST = "01_send_a_dataframe.ipynb"
# What a clone does not have.
NOT_CLONED = (
    ".git",
    ".venv",
    ".kernels",
    ".*_cache",
    ".hypothesis",
    ".benchmarks",
    "__pycache__",
    "artifacts",
    ".node",
)

START_SECONDS = 60.0


@dataclass(frozen=True)
class Place:
    """A clone of the repository, and the environment that was built for it."""

    clone: Path
    environment: Path

    @property
    def variables(self) -> dict[str, str]:
        """What its processes see: nothing of the Python that runs the tests.

        Most of what is installed is never imported, so nothing is compiled before it is.
        """
        foreign = ("PYTHON", "JUPYTER", "IPYTHON", "PYTEST", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        programs = os.pathsep.join([str(self.environment / "bin"), kept.get("PATH", os.defpath)])
        own = {"NB_PYTHON_PREFIX": str(self.environment), "PIP_NO_COMPILE": "1"}
        return {**kept, "PATH": programs, **own}

    def run(self, *command: str | Path) -> None:
        """Run *command* in the clone; what it says is in the error if it fails."""
        done = subprocess.run(
            command,
            cwd=self.clone,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command} failed:\n{done.stdout[-4000:]}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Build the environment in the order that mybinder.org does: its own packages come first."""
    home = tmp_path_factory.mktemp("binder")
    found = Place(home / "asyncdest_nb", home / "environment")
    shutil.copytree(ROOT, found.clone, ignore=shutil.ignore_patterns(*NOT_CLONED))
    found.run(sys.executable, "-m", "venv", found.environment)
    found.run("pip", "install", *packages_of_mybinder())
    found.run("pip", "install", *requirements(found.clone))
    found.run("./binder/postBuild")
    return found


def packages_of_mybinder() -> list[str]:
    """Return what is there before anything is asked for, as far as notebooks run in it."""
    repo2docker = importlib.util.find_spec("repo2docker")
    if repo2docker is None or repo2docker.origin is None:
        missing("repo2docker")
    folder = Path(repo2docker.origin).parent / "buildpacks" / "conda"
    lock = (folder / "environment.py-3.12-linux-64.lock").read_text("utf-8")
    names = "ipykernel|ipython|ipywidgets|jupyterlab|notebook"
    found = re.findall(rf"/({names})-([\d.]+)-", lock)
    assert len(found) == 5
    return [f"{name}=={version}" for name, version in found]


def requirements(clone: Path) -> list[str]:
    """Return what the environment asks of pip; of conda it asks for Python and pip only."""
    wanted = yaml.safe_load((clone / "binder" / "environment.yml").read_text("utf-8"))
    python, pip, of_pip = wanted["dependencies"]
    assert re.fullmatch(r"python=3\.\d+", python), "the default of mybinder.org changes"
    assert pip == "pip"
    found: list[str] = of_pip["pip"]
    return found


@contextmanager
def jupyterlab(place: Place, home: Path) -> Iterator[tuple[str, str]]:
    """Start JupyterLab as mybinder.org does, for a user without settings: its URL and token."""
    token, log = secrets.token_hex(16), home / "server.log"
    command = [
        *("jupyter-lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
        *("--ServerApp.port=0", f"--IdentityProvider.token={token}"),
        "--LabApp.expose_app_in_browser=True",  # For the test, to start the cells.
    ]
    runtime = home / "runtime"
    variables = {**place.variables, "HOME": str(home), "JUPYTER_RUNTIME_DIR": str(runtime)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=place.clone, env=variables, stdout=output, stderr=output
        )
        try:
            yield wait_for_url(process, runtime, log), token
        finally:
            process.terminate()
            process.wait(timeout=20)


def wait_for_url(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    give_up = time.monotonic() + START_SECONDS
    known = runtime / f"jpserver-{process.pid}.json"
    while time.monotonic() < give_up and process.poll() is None:
        try:
            url: str = json.loads(known.read_text("utf-8"))["url"]
            return url
        except (OSError, ValueError):
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start; its log ends:\n{log.read_text()[-2000:]}")


@pytest.fixture
def opened(place: Place, chromium, tmp_path: Path, request: pytest.FixtureRequest):
    """The page a visitor comes to; evidence is kept when the test fails."""
    import browser
    import notebook_server

    with jupyterlab(place, tmp_path) as (url, token):
        server = notebook_server.NotebookServer(
            "lab", url, token, place.clone, tmp_path / "server.log"
        )
        visited = browser.NotebookPage(server, chromium, FIRST)
        # The bare address: where it leads is for the environment to say.
        visited.page.goto(f"{url}?token={token}", wait_until="domcontentloaded")
        yield visited
        if request.node.stash.get(FAILED, False):
            visited.keep_evidence()
        visited.close()


def test_it_opens_on_the_first_notebook_which_runs_and_nothing_is_asked_before(opened):
    page: Page = opened.page
    expect(page.get_by_role("tab", name=FIRST)).to_be_visible(timeout=60_000)
    opened.wait_until_ready()
    expect(page.get_by_role("dialog")).to_have_count(0)
    opened.start_all()
    rest = page.locator(".adm-progress").first
    expect(rest).to_have_text("5,000 of 5,000 rows done · 100 %", timeout=120_000)
    page.wait_for_function("window.__ran", timeout=60_000)
    kinds = [each["output_type"] for cell in opened.outputs() for each in cell]
    assert "display_data" in kinds
    assert "error" not in kinds
    expect(page.get_by_text("Jupyter news")).to_have_count(0)
    assert opened.refused == [], "the page asked for more than its own server"


def test_its_kernel_can_display_from_a_thread_as_7_0_of_mybinder_cannot(place):
    place.run("python", "-c", "import ipykernel; assert ipykernel.version_info[:2] > (7, 0)")


def test_repo2docker_accepts_the_folder(tmp_path: Path):
    places = [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]
    program = shutil.which("jupyter-repo2docker", path=os.pathsep.join(places))
    if program is None:
        missing("jupyter-repo2docker")
    clone = tmp_path / "asyncdest_nb"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(*NOT_CLONED))
    command = [program, "--no-build", "--debug", str(clone)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "binder/environment.yml" in done.stdout
    assert "RUN ./binder/postBuild" in done.stdout
