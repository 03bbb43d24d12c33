"""The demo: the main job on a simulated destination, in JupyterLab or in a terminal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from . import simulate
from .errors import UsageError, install_command
from .frame import read_csv
from .numerals import counted
from .operation import counts_text
from .session import Run, Session

NOTEBOOK = "01_send_a_dataframe.ipynb"
WORKPLACE = Path("asyncdest-nb-demo")
PRINT_SECONDS = 2.0  # Between two lines about the run, where no bar can be drawn.

# The same rows, columns and directives as in the notebook.
COLUMNS = {"user_id": "customer_id"}
MAPPING: dict[str, Any] = {
    "operation_type": "sync_profile",
    "data": {
        "email": {"@path": "$.email"},
        "name": {"@template": "{{first_name}} {{last_name}}"},
        "plan": {"@path": "$.plan"},
        "lifetime_value": {"@path": "$.lifetime_value"},
    },
}


def notebooks() -> Path:
    """Return the folder of the notebooks: inside an installed package, beside it in a clone."""
    here = Path(__file__).parent
    installed = here / "_notebooks"
    return installed if installed.exists() else here.parent / "notebooks"


def demo_headless(rows: int | None) -> int:
    """Send the customers in this terminal; 0 if every row has an outcome, else 1."""
    customers = read_csv(notebooks() / "data" / "customers.csv", rows=rows)
    # The session closes first, so that nothing polls a simulator that has stopped.
    with simulate("example-async") as simulator, Session() as session:
        crm = session.connect(simulator)
        # Flushed, so that a pipe shows it while the rows are sent.
        print(
            f"Sending {counted(len(customers), 'customer')} to {crm.destination.name}, "
            f"simulated at {simulator.endpoint}",
            flush=True,
        )
        run = crm.submit(customers, "asyncOperation", columns=COLUMNS, mapping=MAPPING)
        try:
            _wait(run)
        except KeyboardInterrupt:
            print("\nInterrupted; so far:")
            print(_summary(run))
            return 130
    print(_summary(run))
    return 0 if _every_row_has_an_outcome(run) else 1


def _wait(run: Run) -> None:
    """Wait for the run: with a bar in a terminal, elsewhere with a line every two seconds."""
    if sys.stderr.isatty():
        run.wait()
        return
    while run.wait(timeout=PRINT_SECONDS) == "pending" and not run.is_at_rest:
        print(f"{run.stats.seconds:.0f} s: {counts_text(run.counts)}", flush=True)


def _summary(run: Run) -> str:
    stats = run.stats
    lines = [
        f"{counted(sum(run.counts.values()), 'row')}: {counts_text(run.counts)}",
        f"{counted(stats.requests, 'request')} in {stats.seconds:.1f} s; the run is {run.status}",
    ]
    failed = run.failed()
    if len(failed):
        shown = failed[["customer_id", "email", "error_code", "message"]].head(5)
        lines += [f"\nThe first of {counted(len(failed), 'failed or invalid row')}:"]
        lines += [shown.to_string(max_colwidth=60)]
    return "\n".join(lines)


def _every_row_has_an_outcome(run: Run) -> bool:
    return run.counts["pending"] == 0 and run.counts["unknown"] == 0


def demo_in_jupyterlab(*, browser: bool) -> int:
    """Open JupyterLab on the first notebook, in a copy that the user may change.

    Raises UsageError if JupyterLab is not installed.
    """
    if shutil.which("jupyter-lab", path=str(Path(sys.executable).parent)) is None:
        raise UsageError(f"JupyterLab is missing: {install_command('demo')}")
    try:
        workplace = _copy_notebooks(WORKPLACE.absolute())
        environment = _quiet_lab(workplace)
    except OSError as error:
        raise UsageError(
            f"the notebooks cannot be copied: {error}; start the demo in a folder of your own"
        ) from error
    # As the default page, not as a file to open: then the address that it prints leads there too.
    command = [sys.executable, "-P", str(Path(__file__).with_name("demo_server.py")), NOTEBOOK]
    command += [f"--ServerApp.root_dir={workplace}", f"--LabApp.default_url=/lab/tree/{NOTEBOOK}"]
    command += [] if browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # A container often has no other user.
    if sys.platform == "win32":
        return subprocess.call(command, cwd=workplace, env=environment)
    # JupyterLab replaces this process, so that Ctrl-C and signals reach JupyterLab alone: it asks
    # the user, then ends its kernels. As a child it would be killed while it asks.
    os.chdir(workplace)
    os.execve(command[0], command, environment)


def _copy_notebooks(workplace: Path) -> Path:
    """Copy the notebooks that are missing; those that the user has changed stay."""
    for source in sorted(notebooks().rglob("*")):
        target = workplace / source.relative_to(notebooks())
        if source.is_file() and ".ipynb_checkpoints" not in source.parts and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return workplace


def _quiet_lab(workplace: Path) -> dict[str, str]:
    """Return an environment in which JupyterLab does not ask whether it may fetch news."""
    config = workplace / ".jupyter"
    overrides = config / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir(parents=True, exist_ok=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    settings = {
        "@jupyterlab/apputils-extension:notification": quiet,
        # A click before the page has found the kernel would open a dialog.
        "@jupyterlab/notebook-extension:tracker": {"autoStartDefaultKernel": True},
    }
    text = json.dumps(settings)
    overrides.write_text(text, encoding="utf-8")
    known = os.environ.get("JUPYTER_CONFIG_PATH")
    paths = [str(config), *([known] if known else [])]
    return {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(paths)}
