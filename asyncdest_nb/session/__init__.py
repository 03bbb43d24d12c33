"""What users hold: a Session, a Connection in it, and the Run that a submit returns."""

from .connection import Connection
from .executed import Executed
from .field_sources import field_plans
from .incomplete import no_run
from .preview import Preview
from .run import Run
from .session import Session, default_session
from .session_file import session_names
from .setting_sources import FoundSettings, variable
from .simulated import Simulated
from .state import TITLES as STATE_TITLES
from .state import StateTable
from .stored import load
from .subscription import has_subjects

__all__ = [
    "STATE_TITLES",
    "Connection",
    "Executed",
    "FoundSettings",
    "Preview",
    "Run",
    "Session",
    "Simulated",
    "StateTable",
    "default_session",
    "field_plans",
    "has_subjects",
    "load",
    "no_run",
    "session_names",
    "variable",
]
