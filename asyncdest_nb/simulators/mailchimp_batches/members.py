"""The operations of a batch: each is a request about a member of a list, and has a reply."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import md5
from typing import Any

from ..exchange import IncomingRequest, JSONObject
from ..jobs import StoredRecords
from .replies import problem

_MEMBERS = re.compile(r"/lists/([^/]+)/members/?")
_MEMBER = re.compile(r"/lists/([^/]+)/members/([^/]+)/?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")

# What a valid operation fails with by chance.
FAILURES = (
    (
        "Forgotten Email Not Subscribed",
        "{} was permanently deleted and cannot be re-imported. The contact must re-subscribe to "
        "get back on the list.",
    ),
    (
        "Member In Compliance State",
        "{} is already a list member in compliance state due to unsubscribe, bounce, or "
        "compliance review and cannot be subscribed.",
    ),
    ("Invalid Resource", "{} looks fake or invalid, please enter a real email address."),
)


@dataclass(frozen=True, slots=True)
class OperationReply:
    """The reply to an operation; the document is None for a 204."""

    status: int
    document: JSONObject | None = None


def subscriber_hash(email: str) -> str:
    """Return what names a member in a path: the MD5 of the address in lower case."""
    return md5(email.lower().encode(), usedforsecurity=False).hexdigest()


class Members:
    """The members of lists, and the answer to each operation."""

    def __init__(self, stored: StoredRecords, lists: tuple[str, ...] | None) -> None:
        self._stored = stored
        self._lists = lists

    def answer(self, operation: JSONObject, chance: tuple[str, str] | None) -> OperationReply:
        """Apply *operation*; *chance* is why it fails although it is valid, None = it does not."""
        found = _MEMBER.fullmatch(operation["path"]) or _MEMBERS.fullmatch(operation["path"])
        if found is None or (self._lists is not None and found[1] not in self._lists):
            return _failed(404, "Resource Not Found", "The requested resource could not be found.")
        key = found[2] if found.re is _MEMBER else ""
        body = IncomingRequest("", "", operation.get("body", "").encode()).document
        method = f"{operation['method'].upper()} {'member' if key else 'members'}"
        function = self._functions().get(method)
        if function is None:
            detail = "The requested method and resource are not compatible."
            return _failed(405, "Method Not Allowed", detail)
        if method in ("GET member", "DELETE member"):
            return function(found[1], key, {})
        if not isinstance(body, dict):
            detail = "We encountered an unspecified JSON parsing error."
            return _failed(400, "JSON Parse Error", detail)
        if chance:
            email = body.get("email_address") or key
            return _failed(400, chance[0], chance[1].format(email))
        return _body_failure(body) or function(found[1], key or _key(body), body)

    def _functions(self) -> dict[str, Callable[[str, str, JSONObject], OperationReply]]:
        return {
            "PUT member": self._put,
            "PATCH member": self._patch,
            "DELETE member": self._delete,
            "GET member": self._get,
            "POST members": self._post,
        }

    def _put(self, list_id: str, key: str, body: JSONObject) -> OperationReply:
        known = self._find(list_id, key)
        if known is None and key != _key(body):
            # A stricter reading than the vendor's, to find paths that are made wrongly.
            return _failed(400, "Invalid Resource", "The path is not that of the email_address.")
        if known is None and not (body.get("status_if_new") or body.get("status")):
            return _failed(400, "Invalid Resource", "status_if_new is required for a new member.")
        status = body.get("status") or (known or {}).get("status") or body["status_if_new"]
        return self._written(list_id, key, {**body, "status": status})

    def _post(self, list_id: str, key: str, body: JSONObject) -> OperationReply:
        if self._find(list_id, key):
            detail = f"{body['email_address']} is already a list member. Use PUT to insert or "
            return _failed(400, "Member Exists", f"{detail}update list members.")
        if not body.get("status"):
            return _failed(400, "Invalid Resource", "status is required.")
        return self._written(list_id, key, body)

    def _patch(self, list_id: str, key: str, body: JSONObject) -> OperationReply:
        if self._find(list_id, key) is None:
            return _failed(404, "Resource Not Found", "The requested resource could not be found.")
        return self._written(list_id, key, body)

    def _delete(self, list_id: str, key: str, _: JSONObject) -> OperationReply:
        if self._stored.delete("member", f"{list_id} {key}"):
            return OperationReply(204)
        return _failed(404, "Resource Not Found", "The requested resource could not be found.")

    def _get(self, list_id: str, key: str, _: JSONObject) -> OperationReply:
        record = self._find(list_id, key)
        if record is None:
            return _failed(404, "Resource Not Found", "The requested resource could not be found.")
        return OperationReply(200, _shown(key, record))

    def _find(self, list_id: str, key: str) -> JSONObject | None:
        return self._stored.find("member", f"{list_id} {key}")

    def _written(self, list_id: str, key: str, body: JSONObject) -> OperationReply:
        known = self._find(list_id, key) or {}
        fields = {name: value for name, value in body.items() if name != "status_if_new"}
        fields["merge_fields"] = {**known.get("merge_fields", {}), **body.get("merge_fields", {})}
        about = {**fields, "list_id": list_id}
        record, _ = self._stored.upsert("member", f"{list_id} {key}", about)
        return OperationReply(200, _shown(key, record))


def _body_failure(body: JSONObject) -> OperationReply | None:
    email = body.get("email_address")
    if email is not None and not (isinstance(email, str) and _EMAIL.fullmatch(email)):
        detail = f"{email} looks fake or invalid, please enter a real email address."
        return _failed(400, "Invalid Resource", detail)
    for name in ("status", "status_if_new"):
        if body.get(name) is not None and body[name] not in _STATUSES:
            words = ", ".join(_STATUSES)
            detail = f"{name}: Data presented is not one of the accepted values: {words}."
            return _failed(400, "Invalid Resource", detail)
    if not isinstance(body.get("merge_fields", {}), dict):
        detail = "merge_fields: Schema describes object, another type found instead"
        return _failed(400, "Invalid Resource", detail)
    return None


def _key(body: JSONObject) -> str:
    return subscriber_hash(str(body.get("email_address", "")))


def _shown(key: str, record: JSONObject) -> JSONObject:
    about: dict[str, Any] = {name: value for name, value in record.items() if name != "Id"}
    return {"id": key, "contact_id": record["Id"], **about, "_links": []}


def _failed(status: int, title: str, detail: str) -> OperationReply:
    return OperationReply(status, problem(status, title, detail))
