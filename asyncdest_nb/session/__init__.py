"""What users hold: a Session, a Connection in it, and the Run that a submit returns."""

from .connection import Connection
from .preview import Executed, Preview
from .run import Run
from .session import Reachable, Session, default_session
from .state import TITLES as STATE_TITLES
from .state import StateTable
from .stored import load
from .submission import field_plans

__all__ = [
    "STATE_TITLES",
    "Connection",
    "Executed",
    "Preview",
    "Reachable",
    "Run",
    "Session",
    "StateTable",
    "default_session",
    "field_plans",
    "load",
]
