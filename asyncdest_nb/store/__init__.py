"""What a session remembers: one SQLite database, in memory or in a file.

A run has rows (what was to be sent), operations (what became of it) and state
(what a destination's functions keep). A store has one user at a time: whoever
opens it, then its own thread, on which the engine's journal has all done. A
write is durable when its transaction has ended: a file is in WAL mode with
synchronous=FULL, so it survives a killed process and a power cut. On a network
file system that depends on the server, and there is a StoreWarning.

    store        Store: the database of a session
    thread       where it is used while a run goes on
    export       runs in a file of their own
    tables       runs, their rows and their operations in SQL
    database     a SQLite connection with a name for errors
    access       for writing, or only for reading while another process writes
    holder       which process has the file open: a lock and a row
    place        the path: owner, permissions, whether the file is still there
    disk         network file systems
    file         SQLite files: how they are recognized and opened
    schema       the tables, and their migrations
    shape        whether the schema of a file is one of ours
    columns      values as columns, and back
    keyed        what was completed last under the keys of rows
    slices       rows that follow each other as one record, and back
    outcomes     the outcomes of the rows of an operation as one cell, and back
    json_texts   values as JSON text
    cells        one cell, read with suspicion
    consistency  whether rows and operations of a run fit each other
    retention    which runs are old enough to be deleted
    advice       SQLite's errors, with what to do about them
    values       what a store takes and returns
"""

from .consistency import check_retries, check_retry, check_width
from .disk import StoreWarning
from .export import ExportedRuns, write_export
from .retention import DAY_SECONDS
from .schema import SCHEMA_VERSION
from .store import Store
from .tables import RunTables
from .thread import NoThread, StoreThread
from .values import LATEST_SCOPE, LEARNED_SCOPE, StateValue, StoredRow, StoredRun, unchanged_rows

__all__ = [
    "DAY_SECONDS",
    "LATEST_SCOPE",
    "LEARNED_SCOPE",
    "SCHEMA_VERSION",
    "ExportedRuns",
    "NoThread",
    "RunTables",
    "StateValue",
    "Store",
    "StoreThread",
    "StoreWarning",
    "StoredRow",
    "StoredRun",
    "check_retries",
    "check_retry",
    "check_width",
    "unchanged_rows",
    "write_export",
]
