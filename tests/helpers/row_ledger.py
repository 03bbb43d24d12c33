"""A server that books every job of rows that arrives, twice if it comes twice.

It knows nothing of keys: only a client that looks before it sends again books a row once.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import psutil

from raw_server import Arrived, RawServer, Writer, answer

REPLY_SECONDS = 0.1  # From the booking to the reply, so that some replies are on their way.


class RowLedger(RawServer):
    """The server; ``booked`` is how often each row was, ``jobs`` are the rows by reference.

    ``peers`` are the processes that sent the jobs, if it *looks_for_peers*.
    """

    def __init__(self, *, looks_for_peers: bool = False) -> None:
        super().__init__(self._respond)
        self._looks_for_peers = looks_for_peers
        self.booked: Counter[str] = Counter()
        self.jobs: dict[str, int] = {}
        self.peers: set[int] = set()

    async def _respond(self, writer: Writer) -> None:
        arrived = self.arrived[-1]
        self.arrived[:] = [arrived]
        if arrived.method == "POST":
            reply = self._book(arrived)
            if self._looks_for_peers:
                ends = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
                self.peers |= await asyncio.to_thread(_owners, *ends)
            await asyncio.sleep(REPLY_SECONDS)
        else:
            reply = self._found(arrived)
        await answer(200, reply)(writer)

    def _book(self, arrived: Arrived) -> object:
        rows, reference = json.loads(arrived.body), arrived.headers["reference"]
        self.booked.update(row["id"] for row in rows)
        self.jobs[reference] = len(rows)
        return {"job": reference}

    def _found(self, arrived: Arrived) -> object:
        reference = parse_qs(urlsplit(arrived.target).query)["reference"][0]
        return {"job": reference if reference in self.jobs else None}


def _owners(client: tuple[str, int], server: tuple[str, int]) -> set[int]:
    """Return the processes that have the connection of *client* to *server*.

    A process with a connection to another server may have the same port.
    """
    found = psutil.net_connections("tcp")
    return {each.pid for each in found if (each.laddr, each.raddr) == (client, server) and each.pid}
