"""A process that sends rows to a simulator, and is killed at one of its requests."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Mapping
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import asyncdest_nb as ad
from asyncdest_nb.request.call import Call
from contract_partners import CONTRACTS

ROWS = 4  # In one batch.
PATIENCE_SECONDS = 60

_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(["__main__", "asyncdest_nb", "contract_child"])


def killed_at(slug: str, path: Path, settings: Mapping[str, Any], number: int) -> bool:
    """Return whether a process was killed at the answer to its request *number*, from 1.

    It dies before it has written anything of the answer. It ends by itself if it needs fewer
    requests.
    """
    process = _fork.Process(target=_live, args=(slug, path, dict(settings), number))
    process.start()
    wait([process.sentinel], timeout=PATIENCE_SECONDS)
    process.kill()
    process.join()
    if process.exitcode not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the child of {slug} failed: {process.exitcode}")
    return process.exitcode != 0


def _live(slug: str, path: Path, settings: Mapping[str, Any], number: int) -> None:
    warnings.simplefilter("ignore", ad.AlreadySubmitted)
    [contract] = [each for each in CONTRACTS if each.slug == slug]
    was_call, count = Call.__call__, 0

    async def call(self: Call, url: str, **options: Any) -> Any:
        nonlocal count
        count += 1
        own = count
        try:
            return await was_call(self, url, **options)
        finally:
            if own == number:
                os.kill(os.getpid(), signal.SIGKILL)

    Call.__call__ = call  # type: ignore[method-assign]
    with ad.Session(path=path) as session:
        contract.submit(session, settings, ROWS, ROWS).wait(timeout=PATIENCE_SECONDS)
    sys.exit(0)
