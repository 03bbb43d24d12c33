"""The npm package jsforce, installed below the clone when it is first asked for."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from filelock import FileLock

from failures import missing
from paths import ROOT

# The last version that runs on Node 18 and 20, which Debian and Ubuntu come with.
VERSION = "3.10.16"
HOME = ROOT / ".node" / f"jsforce-{VERSION}"
FLOW = Path(__file__).with_suffix(".cjs").with_stem("jsforce_flow")
INSTALL = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]


def module() -> Path:
    """Return where jsforce is; the test is skipped, or fails in CI, where it cannot be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing("node with npm")
    found = HOME / "node_modules" / "jsforce"
    HOME.parent.mkdir(exist_ok=True)
    with FileLock(HOME.parent / "jsforce.lock"):
        # It gets its name when all of it is there.
        if not found.is_dir() and not _installed(str(npm)):
            missing(f"jsforce {VERSION} from npm")
    return found


def _installed(npm: str) -> bool:
    unfinished = HOME.with_name(f"{HOME.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [npm, *INSTALL, "--prefix", str(unfinished), f"jsforce@{VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode == 0:
        unfinished.rename(HOME)
    return done.returncode == 0


def flow(settings: dict[str, str]) -> Any:
    """Run jsforce through its flows at an organisation and return what came out."""
    command = ["node", str(FLOW), str(module()), json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
