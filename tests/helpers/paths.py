"""Where the repository is, and what of it the tests read."""

from __future__ import annotations

from pathlib import Path

HELPERS = Path(__file__).parent
TESTS = HELPERS.parent
DATA = TESTS / "data"
ROOT = TESTS.parent
PACKAGE = ROOT / "asyncdest_nb"
NOTEBOOKS = ROOT / "notebooks"
