"""The simulated Example Async: one operation per row, polled one by one."""

from .knobs import ExampleAsyncKnobs
from .partner import ExampleAsync

__all__ = ["ExampleAsync", "ExampleAsyncKnobs"]
