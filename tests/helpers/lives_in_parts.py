"""The examples of a state machine in parts, each in whatever process it runs."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from session_claims import STAGE

PARTS = 4  # One after the other they would take longer than all other tests.
SHM = Path("/dev/shm")


def lived(lives: Any, part: int, *, examples: int, steps: int, is_random: bool) -> Any:
    """Run one of the PARTS of *examples*, and return its class, which counts what it has seen.

    Unless it *is_random*, a part has the same examples each time.
    """
    own = type(f"{lives.__name__}{part}", (lives,), {"seen": Counter(), "ended": 0})
    own = own if is_random else seed(part)(own)
    in_memory = SHM if SHM.is_dir() else None
    with tempfile.TemporaryDirectory(dir=in_memory) as folder, STAGE.installed():
        own.folder = Path(folder)
        run_state_machine_as_test(
            own,
            settings=settings(
                max_examples=examples // PARTS,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )
    return own


def seen_by_all(part: int, seen: Iterable[str], folders: pytest.TempPathFactory) -> set[str] | None:
    """Return what all parts have seen; None = another one has not ended yet.

    *seen* is what this *part* has. It is left in a folder that all processes of this run of
    the tests have in common.
    """
    own = folders.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    begun = shared / f"lives-{part}.begun"
    begun.write_text(json.dumps(sorted(seen)), "utf-8")
    begun.replace(begun.with_suffix(".json"))
    texts = [each.read_text("utf-8") for each in shared.glob("lives-*.json")]
    return {name for text in texts for name in json.loads(text)} if len(texts) == PARTS else None
