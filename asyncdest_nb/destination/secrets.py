"""Secrets and URLs among settings, and which types hold a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import AnyUrl, BaseModel, SecretBytes, SecretStr


def holds_secret(annotation: Any, seen: frozenset[Any] = frozenset()) -> bool:
    """Whether *annotation* is a secret, or contains one at any depth."""
    if annotation is SecretStr or annotation is SecretBytes:
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inside = [] if annotation in seen else annotation.model_fields.values()
        return any(holds_secret(each.annotation, seen | {annotation}) for each in inside)
    return any(holds_secret(each, seen) for each in get_args(annotation))


def secrets_of(settings: BaseModel) -> list[str]:
    """Return every secret in *settings*, also those in nested models, lists and dicts."""
    return list(named_secrets_of(settings).values())


def named_secrets_of(settings: BaseModel) -> dict[str, str]:
    """Return every secret in *settings* by name, also those in nested models, lists and dicts.

    The name of a nested secret is its path: "login.password".
    """
    return {name: secret for name, secret in _secrets(settings, "") if secret}


def _secrets(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, SecretStr):
        yield name, value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield name, value.get_secret_value().decode("utf-8", "replace")
    else:
        for key, each in _inside(value):
            yield from _secrets(each, f"{name}.{key}" if name else key)


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        yield from value
    elif isinstance(value, Mapping):
        for at, (key, each) in enumerate(value.items()):
            yield f"key {at}", key
            yield str(key), each
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((str(at), each) for at, each in enumerate(value))


def urls_of(settings: BaseModel) -> list[str]:
    """Return the URLs among *settings*: credentials may be sent there."""
    texts = [str(value) for _, value in settings if isinstance(value, (str, AnyUrl))]
    return [text for text in texts if text.startswith(("http://", "https://"))]
