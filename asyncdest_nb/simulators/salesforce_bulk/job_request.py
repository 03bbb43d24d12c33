"""The description of a wanted job: whether it is valid, and what the job keeps of it."""

from __future__ import annotations

from ..exchange import JSONObject
from .csv_files import DELIMITERS, LINE_ENDINGS
from .schema import Object

OPERATIONS = ("insert", "update", "upsert", "delete")
PROPERTIES = (
    "assignmentRuleId",
    "columnDelimiter",
    "contentType",
    "externalIdFieldName",
    "lineEnding",
    "object",
    "operation",
)


def request_error(asked: JSONObject, found: Object) -> tuple[str, str] | None:
    """Return a code and a message if the description is invalid, None if it is valid."""
    if others := sorted(set(asked) - set(PROPERTIES)):
        message = f"{', '.join(others)} cannot be set; a job has {', '.join(PROPERTIES)}"
        return "INVALIDJOB", f"InvalidJob : {message}"
    if asked.get("operation") == "hardDelete":
        message = "hardDelete operation requires special user profile permission"
        return "FEATURENOTENABLED", f"FeatureNotEnabled : {message}"
    words = {
        "operation": OPERATIONS,
        "contentType": ("CSV",),
        "lineEnding": tuple(LINE_ENDINGS),
        "columnDelimiter": tuple(DELIMITERS),
    }
    for name, known in words.items():
        if asked.get(name) not in known:
            message = f"{name} must be one of {', '.join(known)}, not {asked.get(name)!r}"
            return "INVALIDJOB", f"InvalidJob : {message}"
    if asked["operation"] != "upsert":
        return None
    return _key_error(asked.get("externalIdFieldName"), found)


def _key_error(name: object, found: Object) -> tuple[str, str] | None:
    if not name:
        return "INVALIDJOB", "InvalidJob : Must specify externalIdFieldName for upsert"
    key = found.find(str(name))
    if key and key.is_id_lookup:
        return None
    message = (
        f"Field name provided, {name} does not match an External ID, Salesforce Id, or "
        f"indexed field for {found.name}"
    )
    return "INVALIDJOB", f"InvalidJob : {message}"


def properties_of(asked: JSONObject, found: Object, version: str) -> JSONObject:
    """Return the properties of the job that *asked* describes."""
    kept = {"operation": asked["operation"], "object": found.name}
    if asked["operation"] == "upsert":
        kept["externalIdFieldName"] = asked["externalIdFieldName"]
    if asked.get("assignmentRuleId"):
        kept["assignmentRuleId"] = asked["assignmentRuleId"]
    names = ("contentType", "lineEnding", "columnDelimiter")
    return kept | {name: asked[name] for name in names} | {"apiVersion": float(version)}
