"""The explorer in a notebook: cells that show it, and a person who clicks in it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

WAIT = 20_000  # ms: the machine may be busy with other tests.


SECRET = "sk_live_7Gq2Wm4Tz81c"


FRAME = """
import pandas as pd
ids = [f"user-{i}" for i in range(30)] + [None]
plans = ["pro", "it's <b>"] * 15 + [""]
df = pd.DataFrame({"customer_id": ids, "first name": "Zoë", "plan": plans})
"""


WIDE = """
import pandas as pd
import asyncdest_nb as ad
groups = ["address", "contact", "order", "shop", "device", "consent", "score", "crm"]
names = ["id", "name", "city", "zip", "country", "email", "phone", "created", "updated", "note"]
columns = [f"{group}.{name}" for group in groups for name in names]
df = pd.DataFrame({each: [f"{each} of row {i}" for i in range(300)] for each in columns})
df["contact.note"] = "A long note, " * 40 + "with an end"
df.loc[3, "contact.id"] = None
explorer = ad.explore(df)
explorer
"""


EXPLORE = """
import asyncdest_nb as ad
explorer = ad.explore(df)
explorer
"""


def pick(page, title: str) -> None:
    """Choose the destination whose line begins with *title*."""
    listing = page.get_by_label("Destinations", exact=True)
    # The spaces of its lines are no-break spaces.
    line = listing.locator("option", has_text=re.compile(f"^{title}:".replace(" ", r"\s")))
    listing.select_option(line.inner_text())
    first = "Nothing to fill in" if "simulated" in title else "Endpoint (required)"
    expect(page.get_by_text(first)).to_be_visible(timeout=WAIT)


def send_thirty(page, *, column: str) -> None:
    """Send the rows of a frame, of which 30 have a *column* that is a user's id, to a simulator."""
    pick(page, "example-async, simulated on this machine")
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_label("User ID (required)").select_option("a column")
    page.get_by_label("Column for User ID").select_option(column)
    page.get_by_label("Operation Type (required)").select_option("a constant")
    page.get_by_label("Constant for Operation Type").select_option("sync_profile")
    page.get_by_role("button", name="Send 30 rows").click()


def fill(page, label: str, kind: str) -> None:
    page.get_by_label(label).select_option(kind)
