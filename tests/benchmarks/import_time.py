"""What importing the package costs beside importing what it depends on, run by hand.

    python -m tests.benchmarks.import_time [rounds] [path of the JSON]

Three processes take turns: one imports the package; one only the modules of others that this
asks for; one what the package declares as its dependencies, each by its own name. Seconds are of
the CPU, without the start of Python; the ratios are those of the medians.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
from importlib import metadata
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


def declared() -> list[str]:
    """Return the modules of the distributions that the package requires, without extras."""
    required = [each for each in metadata.requires("asyncdest-nb") or () if "extra ==" not in each]
    names = {re.split(r"[^\w.-]", each)[0].lower() for each in required}
    found = metadata.packages_distributions()
    return [module for module, owners in found.items() if names & {*map(str.lower, owners)}]


def main(rounds: int, out: Path) -> None:
    """Measure all, print the ratios, and write them to *out*."""
    works = {
        "package": f"import {PACKAGE}",
        "modules": "import " + ", ".join(dependencies()),
        "declared": "import " + ", ".join(each for each in declared() if each.isidentifier()),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, imports in works.items():
            taken[name].append(float(_run(_TIMED.format(imports=imports))))
    found = {name: statistics.median(seconds) for name, seconds in taken.items()}
    print(f"{PACKAGE}: {found['package']:.3f} s of CPU")
    for name in ("modules", "declared"):
        more = 100 * (found["package"] / found[name] - 1)
        print(f"{more:+6.1f} % of its dependencies, {name}: {found[name]:.3f} s")
    out.write_text(json.dumps(found, indent=1))
    print(f"written to {out}")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        int(given[0]) if given else ROUNDS,
        Path(given[1] if len(given) > 1 else Path(tempfile.gettempdir(), "import_time.json")),
    )
