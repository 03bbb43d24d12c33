"""Kill the process that sends rows to a simulated CRM, at any of its requests, and go on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncdest_nb as ad
from asyncdest_nb.simulators import SIMULATORS
from asyncdest_nb.simulators.exchange import IncomingRequest
from asyncdest_nb.simulators.faulty_server import FaultyReply, FaultyServer
from asyncdest_nb.simulators.server import LoopbackServer
from crm_vendors import VENDORS, CrmVendor

ROWS = 40
PATIENCE_SECONDS = 60

_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(["asyncdest_nb", "crm_vendors"])


class DeadlyServer:
    """A partner that kills the process ``victim`` at its request ``number``, counted from 1.

    ``is_applied`` is whether the request is applied first, and only its reply is lost. The
    number 0 kills nobody.
    """

    def __init__(self, partner: FaultyServer, number: int, *, is_applied: bool) -> None:
        self._partner = partner
        self._number = number
        self._is_applied = is_applied
        self._count = 0
        self.victim = 0

    def answer(self, request: IncomingRequest) -> FaultyReply:
        """Answer *request*, or kill who sent it."""
        self._count += 1
        if self._count != self._number or not self.victim:
            return self._partner.answer(request)
        found = self._partner.answer(request) if self._is_applied else None
        with suppress(ProcessLookupError):
            os.kill(self.victim, signal.SIGKILL)
        reply = found.reply if found else self._partner.answer(request).reply
        return FaultyReply(reply, 0.0, is_lost=True)


@dataclass(frozen=True)
class Recovered:
    """What became of a run whose process was killed, after its file was opened again."""

    was_killed: bool
    was_recorded: bool
    statuses: dict[str, str]
    stored: list[str]
    jobs: int


def _life(slug: str, file: Path, settings: Mapping[str, Any]) -> None:
    """Be a kernel whose cell sends rows, and waits."""
    warnings.simplefilter("ignore")
    vendor = VENDORS[slug]
    with ad.Session(path=file) as session:
        vendor.submit(session, settings, vendor.frame(ROWS)).wait(timeout=PATIENCE_SECONDS)


def killed_at(vendor: CrmVendor, file: Path, number: int, *, is_applied: bool) -> Recovered:
    """Send rows, die at a request, open the session again, and wait for its end."""
    partner_type = SIMULATORS[vendor.slug]
    knobs = partner_type.Knobs.of({**vendor.knobs, "duration_seconds": 0, "failing": 0.2})
    partner = partner_type(knobs)
    inner = FaultyServer(partner, knobs, time.monotonic)
    deadly = DeadlyServer(inner, number, is_applied=is_applied)
    server = LoopbackServer(deadly, name=vendor.slug)
    server.start()
    try:
        settings = partner.settings(f"http://127.0.0.1:{server.port}")
        child = _fork.Process(target=_life, args=(vendor.slug, file, settings))
        child.start()
        deadly.victim = child.pid
        child.join(PATIENCE_SECONDS)
        deadly.victim = 0
        return _reopened(vendor, file, settings, inner, was_killed=child.exitcode != 0)
    finally:
        server.stop()


def _reopened(
    vendor: CrmVendor,
    file: Path,
    settings: Mapping[str, Any],
    inner: FaultyServer,
    *,
    was_killed: bool,
) -> Recovered:
    with ad.Session(path=file) as session:
        session.connect(vendor.slug, requests_per_second=1000, **settings)
        runs = session.runs()
        statuses: dict[str, str] = {}
        for run in runs:
            run.wait(timeout=PATIENCE_SECONDS)
            words = run.results()["status"]
            statuses = dict(zip(vendor.frame(ROWS)[vendor.column], words, strict=True))
    stored = [record[vendor.column] for record in inner.records.get(vendor.kind, [])]
    return Recovered(was_killed, bool(runs), statuses, stored, len(inner.operations))
