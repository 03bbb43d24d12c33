"""A small server of Gemini's batch mode, written from the documentation and bug reports."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from batch_servers import BatchServer, Ending, lines_of


class GeminiServer(BatchServer):
    """Files and batches of Gemini. ``output`` of an ending are the lines of the results."""

    def __init__(self, ending: Ending, *, polls: int = 1) -> None:
        super().__init__(ending, polls=polls)
        self.files: dict[str, bytes] = {}

    def requests_of(self, name: str) -> list[dict[str, Any]]:
        """Return the lines of the file of a batch."""
        content = self.files[self.batches[name]["file"]]
        return [json.loads(line) for line in content.split(b"\n") if line]

    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[Any, ...]:
        if (method, path) == ("POST", "/upload/v1/files"):
            return self._uploaded(body) if "upload_id" in query else self._started()
        if found := re.fullmatch(r"/v1/models/([\w.-]+):\w+", path):
            return self._created(json.loads(body)["batch"])
        if (method, path) == ("GET", "/v1/batches"):
            return self._listed(query)
        if found := re.fullmatch(r"/v1/(files/[\w-]+):download", path):
            known = found[1] in self.files
            return (200, self.files[found[1]]) if known else (404, _error(404, "NOT_FOUND"))
        if found := re.fullmatch(r"/v1/(batches/\w+)(:cancel)?", path):
            return self.polled(found[1], is_cancel=bool(found[2]))
        return 404, _error(404, "NOT_FOUND")

    def _started(self) -> tuple[Any, ...]:
        place = f"{self.url}/upload/v1/files?upload_id=1&upload_protocol=resumable"
        return 200, {}, {"x-goog-upload-url": place, "x-goog-upload-status": "active"}

    def _uploaded(self, body: bytes) -> tuple[Any, ...]:
        return 200, {"file": {"name": self._file(body)}}, {"x-goog-upload-status": "final"}

    def _file(self, content: bytes) -> str:
        name = f"files/f{len(self.files):03d}"
        self.files[name] = content
        return name

    def _created(self, given: dict[str, Any]) -> tuple[int, Any]:
        name, file = f"batches/b{len(self.batches):03d}", given["inputConfig"]["fileName"]
        if file not in self.files:
            return 404, _error(404, "NOT_FOUND")
        created = time.strftime("%Y-%m-%dT%H:%M:%S.123Z", time.gmtime(self.now))
        metadata = {
            "displayName": given["displayName"],
            "state": "BATCH_STATE_PENDING",
            "createTime": created,
            "batchStats": {"requestCount": "0"},
        }
        self.batches[name] = {"file": file, "operation": {"name": name, "metadata": metadata}}
        return 200, self.batches[name]["operation"]

    def _listed(self, query: str) -> tuple[int, Any]:
        found = re.search(r"pageToken=(\d+)", query)
        start = int(found[1]) if found else 0
        newest = [each["operation"] for each in self.batches.values()][::-1]
        if not newest:
            return 200, {}  # Google's JSON leaves empty lists out.
        more = {"nextPageToken": str(start + 2)} if len(newest) > start + 2 else {}
        return 200, {"operations": newest[start : start + 2], **more}

    def polled(self, name: str, *, is_cancel: bool) -> tuple[int, Any]:
        if name not in self.batches:
            return 404, _error(404, "NOT_FOUND")
        operation = self.batches[name]["operation"]
        if is_cancel:
            operation["metadata"]["state"] = "BATCH_STATE_CANCELLED"
            return 200, {}
        if self.has_ended(name) and not operation.get("done"):
            end = self.ending(self.requests_of(name))
            output = end.output
            file = None if output is None else self._file(lines_of(output))
            results = {} if file is None else {"responsesFile": file}
            metadata = operation["metadata"]
            metadata |= {"state": "BATCH_STATE_SUCCEEDED", "output": results}
            operation |= {"done": True, "response": results} | end.batch
        return 200, operation


def _error(code: int, status: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": status.lower(), "status": status}}
