"""How requests are authorized, by the security schemes of an OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .openapi_document import OpenApiDocument


def authorization(document: OpenApiDocument, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Return how requests are authorized, None = not stated; *settings* get what it needs."""
    components = document.resolved(document.given.get("components"))
    for scheme in document.resolved(components.get("securitySchemes")).values():
        if found := _auth(document.resolved(scheme), document, settings):
            return found
    return None


def _auth(
    scheme: Mapping[str, Any], document: OpenApiDocument, settings: dict[str, Any]
) -> dict[str, Any] | None:
    kind, name = scheme.get("type"), str(scheme.get("name"))
    secret = {"label": "API key", "type": "password", "required": True}
    if kind == "apiKey" and scheme.get("in") in ("header", "query"):
        settings["api_key"] = secret
        place = "headers" if scheme["in"] == "header" else "query"
        return {place: {name: "{{ settings.api_key }}"}}
    if kind == "http" and scheme.get("scheme") == "basic":
        settings["username"] = {"label": "User name", "type": "string", "required": True}
        settings["password"] = {**secret, "label": "Password"}
        login = {"username": "{{ settings.username }}", "password": "{{ settings.password }}"}
        return {"basic": login}
    if kind == "http":
        settings["access_token"] = {**secret, "label": "Access token"}
        return {"bearer": "{{ settings.access_token }}"}
    flows = document.resolved(scheme.get("flows"))
    flow = document.resolved(flows.get("clientCredentials"))
    if not flow.get("tokenUrl"):
        return None
    settings["client_id"] = {"label": "Client ID", "type": "string", "required": True}
    settings["client_secret"] = {**secret, "label": "Client secret"}
    login = {name: f"{{{{ settings.{name} }}}}" for name in ("client_id", "client_secret")}
    return {"oauth2": {"token_url": str(flow["tokenUrl"]), **login}}
