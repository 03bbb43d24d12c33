"""What users hold: a Session, a Connection in it, and the Run that a submit returns."""

from .connection import Connection
from .exploring import Executed, Preview
from .reopening import load
from .run import Run
from .sending import field_plans
from .session import Reachable, Session, default_session

__all__ = [
    "Connection",
    "Executed",
    "Preview",
    "Reachable",
    "Run",
    "Session",
    "default_session",
    "field_plans",
    "load",
]
