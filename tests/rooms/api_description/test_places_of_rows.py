"""Rows stay in their places: in the file that is sent, and in the results that name places."""

from __future__ import annotations

import pandas as pd
from test_shapes import described

from described_api import DescribedApi


def test_a_lone_carriage_return_does_not_end_a_row(session):
    with DescribedApi(lambda call: {}) as api:
        crm = session.connect(described(api.url, submit=[{"url": "/x", "csv": {}}]))
        crm.submit(pd.DataFrame({"email": ["a\rb@x.de", "c@x.de"]}), "send").wait(timeout=60)
        assert api.calls[0].body == b'email\n"a\rb@x.de"\nc@x.de\n'
