"""What importing the package costs beside importing what it depends on, run by hand.

    python -m tests.benchmarks.import_time [rounds] [path of the JSON]

Two processes take turns: one imports the package, the other only the modules of others that
this has loaded. Seconds are of the CPU, without the start of Python; the ratio is that of the
medians.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 15
PACKAGE = "asyncdest_nb"

_TIMED = """
import time
started = time.process_time()
{imports}
print(time.process_time() - started)
"""
_DIRECT = """
import builtins, sys
found, plain = [], builtins.__import__

def noted(name, scope=None, *given):
    importer = (scope or {{}}).get("__name__", "")
    if importer.partition(".")[0] == {package!r} and not (given[2:] and given[2]):
        found.append(name)
    return plain(name, scope, *given)

builtins.__import__ = noted
import {package}
builtins.__import__ = plain
print(*dict.fromkeys(each for each in found if each in sys.modules))
"""


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def dependencies() -> list[str]:
    """Return the modules of others that importing the package imports, in that order."""
    names = _run(_DIRECT.format(package=PACKAGE)).split()
    return [name for name in names if name.partition(".")[0] != PACKAGE]


def main(rounds: int, out: Path) -> None:
    """Measure both, print the ratio, and write it to *out*."""
    others = _TIMED.format(imports="import " + ", ".join(dependencies()))
    ours = _TIMED.format(imports=f"import {PACKAGE}")
    pairs = [(float(_run(others)), float(_run(ours))) for _ in range(rounds)]
    base, whole = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratio = whole / base
    print(f"dependencies {base:.3f} s, {PACKAGE} {whole:.3f} s: {100 * (ratio - 1):.1f} % more")
    found = {"dependencies_seconds": base, "package_seconds": whole, "ratio": ratio}
    out.write_text(json.dumps(found, indent=1))
    print(f"written to {out}")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        int(given[0]) if given else ROUNDS,
        Path(given[1] if len(given) > 1 else Path(tempfile.gettempdir(), "import_time.json")),
    )
