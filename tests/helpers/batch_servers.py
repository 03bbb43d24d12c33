"""Small servers of batch APIs, written from the vendors' documentation and bug reports.

They share no code with the simulators. A test says how a batch ends by ``ending``: it gets the
requests of the batch, and returns what the server states and serves then. ``faults`` has what
happens to requests, by their method and path: a status, or "reset" after it was applied.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

KEY = "sk-test-0123456789abcdef"
JSONLines = Sequence[Any]  # Objects, or the bytes of a line.


@dataclass
class End:
    """How a batch ends: its fields, and the lines of its result files; None = there is no file."""

    output: JSONLines | None = None
    errors: JSONLines | None = None
    batch: dict[str, Any] = field(default_factory=dict)


Ending = Callable[[list[dict[str, Any]]], End]
Fault = int | str | tuple[int, Any]


class BatchServer:
    """What they have in common: a thread, the requests that arrived, and faults."""

    def __init__(self, ending: Ending, *, polls: int = 1) -> None:
        self.ending = ending
        self.polls = polls  # How often a batch is asked about until it has ended.
        self.ahead_seconds = 0.0  # Of this clock: negative = behind.
        self.arrived: list[tuple[str, str, dict[str, str], bytes]] = []
        self.faults: dict[str, list[Fault]] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.asked: dict[str, int] = {}
        self.lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    def count(self, line: str) -> int:
        """Return how many requests arrived whose method and path begin with *line*."""
        return sum(f"{each[0]} {each[1]}".startswith(line) for each in self.arrived)

    @property
    def now(self) -> float:
        """The time of this server, in Unix seconds."""
        return time.time() + self.ahead_seconds

    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[Any, ...]:
        """Return the status and the body of an answer, and its headers if it has own ones."""
        raise NotImplementedError

    def has_ended(self, batch_id: str) -> bool:
        """Count a poll, and return whether the batch has ended by it."""
        self.asked[batch_id] = self.asked.get(batch_id, 0) + 1
        return self.asked[batch_id] > self.polls

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                size = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(size)
                headers = {name.lower(): value for name, value in self.headers.items()}
                with owner.lock:
                    owner.arrived.append((self.command, self.path, headers, body))
                    faults = owner.faults.get(f"{self.command} {path}") or []
                    fault = faults.pop(0) if faults else None
                    if isinstance(fault, int | tuple):
                        found = (fault, {}) if isinstance(fault, int) else fault
                    else:
                        found = owner.answer(self.command, path, query, body)
                status, answer, *own = found
                if fault == "reset":
                    self._reset()
                    return
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                kind = (
                    "application/octet-stream" if isinstance(answer, bytes) else "application/json"
                )
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(content)))
                for name, value in (own[0] if own else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string(owner.now)

            def _reset(self) -> None:
                linger_zero = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
                self.close_connection = True
                self.connection.close()

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def lines_of(lines: JSONLines) -> bytes:
    """Return JSON lines as the bytes of a file."""
    texts = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines]
    return b"".join(text + b"\n" for text in texts)


class OpenAIServer(BatchServer):
    """Files and batches of OpenAI; ``base_url`` is for clients."""

    def __init__(self, ending: Ending, *, polls: int = 1) -> None:
        super().__init__(ending, polls=polls)
        self.base_url = f"{self.url}/v1"
        self.files: dict[str, bytes] = {}

    def requests_of(self, batch_id: str) -> list[dict[str, Any]]:
        """Return the lines of the file of a batch."""
        content = self.files[self.batches[batch_id]["input_file_id"]]
        return [json.loads(line) for line in content.split(b"\n") if line]

    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[int, Any]:
        if (method, path) == ("POST", "/v1/files"):
            content = re.search(rb'name="file".*?\r\n\r\n(.*)\r\n--', body, re.DOTALL)
            return 200, {"id": self._file(content[1] if content else b""), "object": "file"}
        if (method, path) == ("POST", "/v1/batches"):
            return self._created(json.loads(body))
        if (method, path) == ("GET", "/v1/batches"):
            return self._listed(query)
        if found := re.fullmatch(r"/v1/files/([\w-]+)/content", path):
            known = found[1] in self.files
            return (200, self.files[found[1]]) if known else (404, _error("no such file"))
        if found := re.fullmatch(r"/v1/batches/([\w-]+)(/cancel)?", path):
            return self._polled(found[1], is_cancel=bool(found[2]))
        return 404, _error("no such path")

    def _file(self, content: bytes) -> str:
        file_id = f"file-{len(self.files):03d}"
        self.files[file_id] = content
        return file_id

    def _created(self, given: dict[str, Any]) -> tuple[int, Any]:
        if given["input_file_id"] not in self.files:
            return 400, _error("no such file")
        batch_id = f"batch_{len(self.batches):03d}"
        batch = {
            **given,
            "id": batch_id,
            "object": "batch",
            "status": "validating",
            "created_at": int(self.now),
            "output_file_id": None,
            "error_file_id": None,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
        }
        self.batches[batch_id] = batch
        return 200, batch

    def _listed(self, query: str) -> tuple[int, Any]:
        newest = list(self.batches.values())[::-1]
        after = re.search(r"after=([\w-]+)", query)
        ids = [each["id"] for each in newest]
        start = ids.index(after[1]) + 1 if after else 0
        return 200, {
            "object": "list",
            "data": newest[start : start + 2],
            "has_more": len(ids) > start + 2,
        }

    def _polled(self, batch_id: str, *, is_cancel: bool) -> tuple[int, Any]:
        if batch_id not in self.batches:
            return 404, _error("no such batch")
        batch = self.batches[batch_id]
        if is_cancel:
            batch["status"] = "cancelling"
        elif self.has_ended(batch_id) and batch["status"] in ("validating", "cancelling"):
            end = self.ending(self.requests_of(batch_id))
            files = {"output_file_id": end.output, "error_file_id": end.errors}
            batch |= {
                name: None if lines is None else self._file(lines_of(lines))
                for name, lines in files.items()
            }
            batch |= {"status": "completed", "completed_at": int(time.time())} | end.batch
        return 200, batch


class AnthropicServer(BatchServer):
    """Message batches of Anthropic. ``requests`` has those of each batch."""

    def __init__(self, ending: Ending, *, polls: int = 1) -> None:
        super().__init__(ending, polls=polls)
        self.requests: dict[str, list[dict[str, Any]]] = {}
        self.results: dict[str, bytes] = {}

    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[int, Any]:
        if (method, path) == ("POST", "/v1/messages/batches"):
            return 200, self.add(json.loads(body)["requests"])
        if (method, path) == ("GET", "/v1/messages/batches"):
            return self._listed(query)
        if (method, path) == ("POST", "/v1/messages/count_tokens"):
            return 200, {"input_tokens": len(json.loads(body)["messages"][0]["content"])}
        if found := re.fullmatch(r"/v1/messages/batches/(\w+)(/results|/cancel)?", path):
            if found[1] not in self.batches:
                return 404, _error("no such batch")
            if found[2] == "/results":
                return 200, self.results[found[1]]
            return self._polled(found[1])
        return 404, _error("no such path")

    def add(self, requests: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
        """Create a batch, and return it."""
        batch_id = f"msgbatch_{len(self.batches):03d}"
        self.requests[batch_id] = requests
        self.batches[batch_id] = {
            "id": batch_id,
            "type": "message_batch",
            "processing_status": "in_progress",
            "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now)),
            "results_url": None,
            "archived_at": None,
            "request_counts": {**_COUNTS, "processing": len(requests)},
            **fields,
        }
        return self.batches[batch_id]

    def _listed(self, query: str) -> tuple[int, Any]:
        newest = list(self.batches.values())[::-1]
        after = re.search(r"after_id=(\w+)", query)
        ids = [each["id"] for each in newest]
        start = ids.index(after[1]) + 1 if after else 0
        page = newest[start : start + 2]
        last = page[-1]["id"] if page else None
        return 200, {"data": page, "has_more": len(ids) > start + 2, "last_id": last}

    def _polled(self, batch_id: str) -> tuple[int, Any]:
        batch = self.batches[batch_id]
        if self.has_ended(batch_id) and batch["processing_status"] == "in_progress":
            end = self.ending(self.requests[batch_id])
            self.results[batch_id] = lines_of(end.output or [])
            counts = dict(_COUNTS)
            for each in end.output or []:
                counts[each["result"]["type"]] = counts.get(each["result"]["type"], 0) + 1
            batch |= {
                "processing_status": "ended",
                "ended_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "results_url": f"{self.url}/v1/messages/batches/{batch_id}/results",
                "request_counts": counts,
            } | end.batch
        return 200, batch


_COUNTS = {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}


def _error(message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "not_found_error", "message": message}}
