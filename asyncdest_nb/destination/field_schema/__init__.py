"""Fields given as data, in the form of Segment's framework, and what they accept."""

from .validator import Fault, FieldValidator

__all__ = ["Fault", "FieldValidator"]
