"""Keyrings for tests: one in memory, and one that is locked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class MemoryPasswords(KeyringBackend):
    """Passwords by service and user name."""

    priority = 1  # type: ignore[assignment]  # keyring asks for a property of the class.

    def __init__(self, passwords: dict[tuple[str, str], str]) -> None:
        super().__init__()
        self.passwords = passwords

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password


class LockedPasswords(KeyringBackend):
    """A keyring that its owner does not open."""

    priority = 1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("the user said no")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked("the user said no")


@contextmanager
def in_use(backend: KeyringBackend) -> Iterator[None]:
    """Make *backend* the keyring of this process."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(before)
