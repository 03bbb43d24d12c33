"""Packages of npm, installed below the clone when they are first asked for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from filelock import FileLock

from failures import missing
from paths import ROOT

_INSTALL = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]


def package(name: str, version: str, *others: str) -> Path:
    """Return where a package is; *others* are installed beside it, as ``name@version``.

    The test is skipped, or fails in CI, where it cannot be had.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing("node with npm")
    home = ROOT / ".node" / f"{name.replace('/', '+')}-{version}"
    home.parent.mkdir(exist_ok=True)
    with FileLock(home.parent / f"{home.name}.lock"):
        # It gets its name when all of it is there.
        if not home.is_dir() and not _installed(str(npm), home, [f"{name}@{version}", *others]):
            missing(f"{name} {version} from npm")
    return home / "node_modules" / name


def _installed(npm: str, home: Path, packages: list[str]) -> bool:
    unfinished = home.with_name(f"{home.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [npm, *_INSTALL, "--prefix", str(unfinished), *packages]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode == 0:
        unfinished.rename(home)
    return done.returncode == 0
