"""Destinations that know within a second that nothing arrives late, not after minutes."""

from __future__ import annotations

from dataclasses import replace

import asyncdest_nb as ad


def settled_soon(slug: str, seconds: float = 1.0) -> ad.Destination:
    """Return a destination whose lists lag behind for no longer than *seconds*."""
    found = ad.destinations()[slug]
    actions = {name: replace(each, settle_seconds=seconds) for name, each in found.actions.items()}
    return replace(found, actions=actions)
