"""What users hold: a Session, a Connection in it, and the Run that a submit returns."""

from .connection import Connection
from .exploring import Executed, Preview
from .reopening import load
from .run import Run
from .sending import field_plans
from .session import Reachable, Session, default_session
from .state import TITLES as STATE_TITLES
from .state import StateTable

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
