"""Whether a destination's function may have sent something by other means than ``request``.

A function may use a vendor's client, a socket or a thread. What that sends is none of the
exchanges, so an error of the function is no proof that nothing was applied. The rule:

 1. An audit hook watches every call. If it opened a connection, started a process or a
    thread, or wrote to a pipe, it may have sent.
 2. That is not enough after an error: a client may have its connection already, and native
    code raises no audit events. So the bytecode of the function is read as well.
 3. Only instructions that may have run before the error count.
 4. Of these, everything they use from outside of the function must be known never to send:
    globals, closures, arguments, defaults, imports, and all that these hold and use.
 5. Values and exceptions never send, nor do the modules on a list.
 6. If the error is one of ``request``, other libraries are trusted too, as the lines before
    it did their work. An object that may be a client is not.
 7. Whatever is unknown, or too much to read, may have sent.

    events       the audit hook
    flow         which instructions may have run before the error
    uses         what an instruction takes from outside of the function
    send_check   whether that is known never to send
    modules      which modules are known, and which are known to send
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ....destination import original
from .events import Unwatched, Watch

if TYPE_CHECKING:
    from .send_check import SendCheck

__all__ = ["Unwatched", "Watch", "may_have_sent"]


def may_have_sent(
    function: Callable[..., Any], error: BaseException, settings: Any, *, is_refusal: bool
) -> bool:
    """Whether *function* had used anything that may send when it raised *error*.

    The methods of the *settings* it was given may send too. ``is_refusal``: ``request``
    raised the error.
    """
    from .send_check import SendCheck  # Here, since few functions raise.

    check = SendCheck(trusts_libraries=is_refusal)
    try:
        is_safe = check.never_sends(settings) and _never_sent(original(function), error, check)
    except Exception:  # Users' objects may raise anything when they are looked at.
        return True
    return not is_safe


def _never_sent(function: Any, error: BaseException, check: SendCheck) -> bool:
    inner = _python_function(function)
    step = error.__traceback__
    while step is not None:
        if inner is not None and step.tb_frame.f_code is inner.__code__:
            return check.never_sent_until(inner, step)
        step = step.tb_next
    return check.never_sends(function)


def _python_function(function: Any) -> types.FunctionType | None:
    """Return the Python function that a call of *function* runs; None = it runs none."""
    while not isinstance(function, types.FunctionType):
        if isinstance(function, types.MethodType):
            function = function.__func__
        elif isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, types.BuiltinFunctionType | type):
            return None
        else:
            function = type(function).__call__
    return function
