"""Compiled Python is kept, also where PYTHONDONTWRITEBYTECODE is set, as in many containers.

Each process that runs tests, and each that a test starts, would compile the package anew.
"""

from __future__ import annotations

import os
import sys


def keep() -> None:
    """Have this process, and those that it starts, write what they compile to __pycache__."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
