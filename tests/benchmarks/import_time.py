"""What importing the package costs beside importing what it depends on, run by hand.

    python -m tests.benchmarks.import_time [rounds] [path of the JSON]

Three processes take turns: one imports the package; one only what this imports of others, the
same names from the same modules; one what the package declares as its dependencies, each by its
own name. All are compiled before, as by pip. Seconds are of the CPU, without the start of Python;
the ratios are those of the medians.
"""

from __future__ import annotations

import json
import os
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
from time import process_time as _now
_started = _now()
{imports}
print(_now() - _started)
"""
_DIRECT = """
import builtins, sys
found, plain = [], builtins.__import__

def noted(name, scope=None, *given):
    importer = (scope or {{}}).get("__name__", "")
    if importer.partition(".")[0] == {package!r} and not (given[2:] and given[2]):
        names = ", ".join(given[1] or ()) if given[1:] else ""
        found.append((name, f"from {{name}} import {{names}}" if names else f"import {{name}}"))
    return plain(name, scope, *given)

builtins.__import__ = noted
import {package}
builtins.__import__ = plain
print(*dict.fromkeys(text for name, text in found if name in sys.modules), sep=chr(10))
"""


def _run(code: str, compiled: str) -> str:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout


def dependencies(compiled: str) -> list[str]:
    """Return what importing the package imports of others, as statements, in that order."""
    found = _run(_DIRECT.format(package=PACKAGE), compiled).splitlines()
    return [
        each for each in found if each.split()[1].partition(".")[0] not in (PACKAGE, "__future__")
    ]


def declared() -> list[str]:
    """Return the modules of the distributions that the package requires, without extras."""
    required = [each for each in metadata.requires("asyncdest-nb") or () if "extra ==" not in each]
    names = {re.split(r"[^\w.-]", each)[0].lower() for each in required}
    found = metadata.packages_distributions()
    return [module for module, owners in found.items() if names & {*map(str.lower, owners)}]


def main(rounds: int, out: Path) -> None:
    """Measure all, print the ratios, and write them to *out*."""
    taken: dict[str, list[float]] = {"package": [], "names": [], "declared": []}
    with tempfile.TemporaryDirectory() as compiled:
        works = {
            "package": f"import {PACKAGE}",
            "names": "\n".join(dependencies(compiled)),
            "declared": "import " + ", ".join(each for each in declared() if each.isidentifier()),
        }
        for turn in range(rounds + 1):
            for name, imports in works.items():
                seconds = float(_run(_TIMED.format(imports=imports), compiled))
                if turn:  # The first compiles.
                    taken[name].append(seconds)
    found = {name: statistics.median(seconds) for name, seconds in taken.items()}
    print(f"{PACKAGE}: {found['package']:.3f} s of CPU")
    for name in ("names", "declared"):
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
