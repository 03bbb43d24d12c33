"""The npm package sfmc-sdk, and its flows."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import npm

VERSION = "2.1.2"
FLOW = Path(__file__).with_name("sfmc_flow.mjs")


def module() -> Path:
    """Return where sfmc-sdk is; the test is skipped, or fails in CI, where it cannot be."""
    return npm.package("sfmc-sdk", VERSION)


def flow(settings: dict[str, Any]) -> Any:
    """Run sfmc-sdk through its flows at an account and return what came out."""
    command = ["node", str(FLOW), str(module() / "lib" / "index.js"), json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
