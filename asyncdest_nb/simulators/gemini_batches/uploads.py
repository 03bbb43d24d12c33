"""The files of a project, and the resumable uploads that make them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from ..exchange import IncomingRequest, JSONObject, Reply
from ..llm.pages import page_after, page_size, query_of
from .error_replies import error_reply

_LONGEST_NAME = 40  # Of a name that may be asked for; the names of results are longer.
_PAGE, _LONGEST_PAGE = 10, 100
_KEPT = timedelta(hours=48)


@dataclass
class ProjectFile:
    """A file. ``chunks`` makes its content anew each time.

    ``gone_at`` is when it is deleted, in seconds of the simulator's clock; None = it is kept.
    """

    name: str
    described: JSONObject
    created: datetime
    chunks: Callable[[], Iterator[bytes]]
    is_generated: bool = False
    gone_at: float | None = None

    def shown(self, host: str) -> JSONObject:
        """Return it as the API shows it."""
        content = b"".join(self.chunks())
        uri = f"http://{host}/v1beta/{self.name}"
        return {
            **self.described,
            "name": self.name,
            "sizeBytes": str(len(content)),
            "createTime": stamp(self.created),
            "updateTime": stamp(self.created),
            "expirationTime": stamp(self.created + _KEPT),
            "sha256Hash": base64.b64encode(sha256(content).digest()).decode(),
            "uri": uri,
            "state": "ACTIVE",
            "source": "GENERATED" if self.is_generated else "UPLOADED",
            **({"downloadUri": f"{uri}:download?alt=media"} if self.is_generated else {}),
        }


@dataclass
class ResumableUpload:
    """An upload that was started. ``file_name`` "" = it is not complete."""

    described: JSONObject
    received: bytearray = field(default_factory=bytearray)
    file_name: str = ""


class ProjectFiles:
    """The files of a project, in the order of their creation."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._files: dict[str, ProjectFile] = {}
        self._uploads: dict[str, ResumableUpload] = {}

    def add(self, file: ProjectFile) -> None:
        """Store *file*."""
        self._files[file.name] = file

    def find(self, name: str, now: float) -> ProjectFile | None:
        """Return the file "files/…"; None if there is none, or none any more."""
        file = self._files.get(name)
        if file is not None and file.gone_at is not None and now >= file.gone_at:
            return None
        return file

    def upload(self, request: IncomingRequest, now: float, version: str) -> Reply:
        """Start an upload, or take a part of one."""
        if "start" in request.headers.get("x-goog-upload-command", ""):
            return self._start(request)
        upload = self._uploads.get(query_of(request.query).get("upload_id", ""))
        if upload is None:
            return error_reply(404, "Upload not found")
        offset = int(request.headers.get("x-goog-upload-offset", "0"))
        if offset > len(upload.received):
            return error_reply(400, f"The upload continues at {len(upload.received)}")
        upload.received[offset:] = request.body
        if "finalize" not in request.headers.get("x-goog-upload-command", ""):
            return Reply(200, headers={"x-goog-upload-status": "active"})
        return self._finished(upload, request.host)

    def _start(self, request: IncomingRequest) -> Reply:
        asked = request.document
        described = asked.get("file", {}) if isinstance(asked, dict) else {}
        about = f"{self._seed} upload {len(self._uploads)}"
        upload_id = sha256(about.encode()).hexdigest()[:32]
        self._uploads[upload_id] = ResumableUpload(_described(described))
        url = f"http://{request.host}{request.path}?upload_id={upload_id}&upload_protocol=resumable"
        return Reply(200, {}, {"x-goog-upload-url": url, "x-goog-upload-status": "active"})

    def _finished(self, upload: ResumableUpload, host: str) -> Reply:
        # The last part may come twice, if the reply to the first was lost.
        if not upload.file_name:
            content = bytes(upload.received)
            about = f"{self._seed} {len(self._files)} {sha256(content).hexdigest()}"
            name = f"files/{sha256(about.encode()).hexdigest()[:12]}"
            upload.file_name = str(upload.described.get("name") or name)
            created, named = datetime.now(UTC), upload.file_name
            self.add(ProjectFile(named, upload.described, created, lambda: iter((content,))))
        file = self._files[upload.file_name].shown(host)
        return Reply(200, {"file": file}, {"x-goog-upload-status": "final"})

    def retrieve(self, request: IncomingRequest, now: float, version: str, name: str) -> Reply:
        """Return what is known of a file."""
        if len(name) > _LONGEST_NAME:
            return error_reply(400, f"File name is longer than {_LONGEST_NAME} characters")
        file = self.find(f"files/{name}", now)
        return Reply(200, file.shown(request.host)) if file else _no_file(name)

    def download(self, request: IncomingRequest, now: float, version: str, name: str) -> Reply:
        """Return the content of a file that a job made."""
        file = self.find(f"files/{name}", now)
        if file is None:
            return _no_file(name)
        if not file.is_generated:
            return error_reply(400, "Only generated files can be downloaded")
        return Reply(200, headers={"content-type": "application/jsonl"}, chunks=file.chunks())

    def delete(self, request: IncomingRequest, now: float, version: str, name: str) -> Reply:
        """Delete a file."""
        if self.find(f"files/{name}", now) is None:
            return _no_file(name)
        del self._files[f"files/{name}"]
        return Reply(200, {})

    def list_files(self, request: IncomingRequest, now: float, version: str) -> Reply:
        """Return a page of the files, the newest first."""
        asked = query_of(request.query)
        size = page_size(asked, "pageSize", usual=_PAGE, most=_LONGEST_PAGE)
        if size is None:
            return error_reply(400, f"pageSize must be from 1 to {_LONGEST_PAGE}")
        files = [file for name in reversed(self._files) if (file := self.find(name, now))]
        page, has_more = page_after(files, asked.get("pageToken"), size, lambda file: file.name)
        more = {"nextPageToken": page[-1].name} if has_more else {}
        return Reply(200, {"files": [file.shown(request.host) for file in page], **more})


def _described(file: JSONObject) -> JSONObject:
    """Return what the start of an upload says of its *file*, in camel case; Google takes both."""
    names = (("name", "name"), ("displayName", "display_name"), ("mimeType", "mime_type"))
    given = {name: file.get(name) or file.get(other) for name, other in names}
    usual = {"mimeType": "application/octet-stream"}
    return usual | {name: value for name, value in given.items() if value}


def _no_file(name: str) -> Reply:
    return error_reply(
        403, f"You do not have permission to access the File {name} or it may not exist."
    )


def stamp(date: datetime) -> str:
    """Return *date* as Google writes it."""
    return date.isoformat().replace("+00:00", "Z")
