"""The document's three operations, and a connection to the server written from its wire.

What is sent is tried twice: as the document writes it, translated line by line, and as the
built-in destination does it.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from documented_destination import documented
from documented_server import DocumentedServer

ACTION = "asyncOperation"
KEY = "sk-document-key"
ONE = {"user_id": "u-1", "operation_type": "sync_profile", "data": {"plan": "pro"}}
TWO = {"user_id": "u-2", "operation_type": "process_data"}
THREE = {"user_id": "u-3", "operation_type": "generate_report"}
ALL = [ONE, TWO, THREE]
FRAME = pd.DataFrame(ALL)
EAGER = {"minimum": 0.02, "cost": 0.001}
COMPLETED = {"status": "completed"}
FAILED = {"status": "failed", "error_code": "E7", "error_message": "no such user"}
PENDING = {"status": "pending"}


both = pytest.mark.parametrize(
    "destination", [documented, "example-async"], ids=["the document's", "the built-in"]
)


def connect(
    session: ad.Session, server: DocumentedServer, destination: Any = "example-async"
) -> ad.Connection:
    return session.connect(destination, endpoint=server.url, api_key=KEY, requests_per_second=5000)


def submit(crm: ad.Connection, frame: pd.DataFrame = FRAME, **options: Any) -> ad.Run:
    return crm.submit(frame, ACTION, schedule=SquareRoot(**EAGER), **options)


def served(**knobs: Any) -> DocumentedServer:
    return DocumentedServer(api_key=KEY, **knobs)


def poll_response(executed: Any) -> ad.AsyncPollResponse:
    """Return what a poll returned, in the words of the contract."""
    assert executed.error is None
    return ad.AsyncPollResponse.model_validate(executed.answer)
