"""Texts and mappings that are stored in Segment, which are read as Segment reads them."""

from __future__ import annotations

from typing import Any


class StoredSubscription(str):
    """The text of a subscription that is stored in Segment.

    It is read as Segment reads it, also where that is not what it seems to say, and a column
    that it asks about may be missing. A plain text is read strictly.
    """

    __slots__ = ()


class StoredMapping(dict[str, Any]):
    """A mapping that is stored in Segment, for events that may lack any key.

    It is all that fills fields, beside ``columns=`` and keywords: neither a column of a field's
    name nor a default does. A column that it reads may be missing from the frame: nothing is
    found there. A key that is no field of the action is left out. In a plain dict both are
    mistakes.
    """

    __slots__ = ()
