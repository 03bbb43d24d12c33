"""The results of a batch, as an archive of JSON files."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Sequence

from ..exchange import JSONObject
from .members import OperationReply

RESULTS_IN_A_FILE = 500


def result(operation: JSONObject, reply: OperationReply) -> JSONObject:
    """Return the result of *operation*: the reply is JSON in a text."""
    return {
        "status_code": reply.status,
        "operation_id": operation.get("operation_id"),
        "response": "" if reply.document is None else json.dumps(reply.document),
    }


def archive(batch_id: str, results: Sequence[JSONObject]) -> bytes:
    """Return a tar.gz of a folder of files, each with a list of some of the *results*."""
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as tar:
        folder = tarfile.TarInfo("./")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        for start in range(0, len(results), RESULTS_IN_A_FILE):
            content = json.dumps(results[start : start + RESULTS_IN_A_FILE]).encode()
            file = tarfile.TarInfo(f"./{batch_id}-{start // RESULTS_IN_A_FILE}.json")
            file.size = len(content)
            tar.addfile(file, io.BytesIO(content))
    return gzip.compress(found.getvalue(), compresslevel=1, mtime=0)
