"""The npm package jsforce, and its flows."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import npm

# The last version that runs on Node 18 and 20, which Debian and Ubuntu come with.
VERSION = "3.10.16"
FLOW = Path(__file__).with_suffix(".cjs").with_stem("jsforce_flow")


def module() -> Path:
    """Return where jsforce is; the test is skipped, or fails in CI, where it cannot be."""
    return npm.package("jsforce", VERSION)


def flow(settings: dict[str, str]) -> Any:
    """Run jsforce through its flows at an organisation and return what came out."""
    command = ["node", str(FLOW), str(module()), json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
