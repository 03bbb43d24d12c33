"""Shells with and without somebody who looks, and a run to show in them."""

from __future__ import annotations

import types
from dataclasses import replace

from asyncdest_nb.operation import State
from scripted_run import ScriptedRun, planned


def failed_run(count: int, **options) -> ScriptedRun:
    operations = [
        replace(each, state=State.FAILED, message=f"refused {each.number}", error_code="NO")
        for each in planned(count)
    ]
    return ScriptedRun(operations, **options)


def shell(**content: object) -> types.SimpleNamespace:
    kernel = types.SimpleNamespace(get_parent=lambda: {"content": content} if content else {})
    return types.SimpleNamespace(kernel=kernel)
