"""The only room that awaits a destination: submit, poll, and keep what is known durable."""

from .channel.call import CallResult
from .channel.channel import Channel
from .channel.identity import ADDRESS
from .channel.poll_round import polled_once
from .channel.state import SessionState, call_scope
from .clock import Clock
from .engine import Engine, load_ledger
from .run.batches import InputRows, RowsToSend, batched
from .run.execution import Execution
from .run.ledger import Ledger
from .run.outcomes import RowOutcomes
from .run.prepared import MappedSlice, PreparedSlice, SlicePreparer
from .run.row_keys import RowKeys
from .run.tally import RunTally
from .verdict.check import read_check
from .verdict.job_answer import contexts_in

__all__ = [
    "ADDRESS",
    "CallResult",
    "Channel",
    "Clock",
    "Engine",
    "Execution",
    "InputRows",
    "Ledger",
    "MappedSlice",
    "PreparedSlice",
    "RowKeys",
    "RowOutcomes",
    "RowsToSend",
    "RunTally",
    "SessionState",
    "SlicePreparer",
    "batched",
    "call_scope",
    "contexts_in",
    "load_ledger",
    "polled_once",
    "read_check",
]
