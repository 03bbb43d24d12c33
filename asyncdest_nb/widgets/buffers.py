"""Binary buffers of messages, in the form that the host hands over unharmed."""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence


def needs_text() -> bool:
    """Whether buffers must travel as text."""
    return "google.colab" in sys.modules  # Its widget manager loses binary buffers.


def encoded(buffers: Sequence[bytes]) -> list[bytes] | list[str]:
    """Return *buffers* as they are put into a state or into the content of a message."""
    if needs_text():
        return [base64.b64encode(each).decode("ascii") for each in buffers]
    return list(buffers)
