"""A mapping with nested objects and a condition, made in the explorer without any code."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from shown_explorer import EXPLORE, pick
from shown_monitor import in_lab

pytestmark = pytest.mark.e2e

FRAME = """
import pandas as pd
df = pd.DataFrame({"customer": ["u-1", "u-2", "u-3"], "plan": ["PRO", None, "free"]})
df["city"], df["type"] = ["Wien", "Graz", "Linz"], ["track", "track", "page"]
"""
# The cell that the explorer writes, with a preview in place of the run, and what was clicked.
BOTH = """
import json
names = {"df": df}
exec(explorer.code.replace(".submit(", ".preview("), names)
print(json.dumps([list(names["run"].payloads.values()), explorer.code]))
"""


@in_lab
def test_an_object_with_a_condition_is_made_without_code(notebook):
    notebook.open([FRAME + EXPLORE, BOTH])
    notebook.run(0)
    page = notebook.page
    pick(page, "example-async, simulated on this machine")
    page.get_by_role("button", name="Connect", exact=True).click()

    def choose(label: str, option: str) -> None:
        page.get_by_label(label, exact=True).select_option(option)

    def write(label: str, text: str) -> None:
        page.get_by_label(label, exact=True).fill(text)
        page.keyboard.press("Tab")

    choose("User ID (required)", "a column")
    choose("Column for User ID", "customer")
    choose("Operation Type (required)", "a constant")
    choose("Constant for Operation Type", "sync_profile")

    data = "Operation Data"
    choose(f"{data} (optional)", "a mapping: objects and directives")
    write(f"Key of {data}, entry 1", "plan")
    choose(f"{data}, entry 1", "one value or another (@if)")
    choose(f"{data}, entry 1, if this is there", "a column")
    choose(f"Column for {data}, entry 1, if this is there", "plan")
    choose(f"{data}, entry 1, then", "in small or in capital letters (@case)")
    choose(f"{data}, entry 1, then, letters", "lower")
    choose(f"{data}, entry 1, then, text", "a column")
    choose(f"Column for {data}, entry 1, then, text", "plan")
    choose(f"{data}, entry 1, else", "a constant")
    write(f"Constant for {data}, entry 1, else", "free")

    page.get_by_role("button", name=f"Add a key to {data}", exact=True).click()
    write(f"Key of {data}, entry 2", "address")
    choose(f"{data}, entry 2", "an object")
    inner = f"{data}, entry 2, entry 1"
    write(f"Key of {inner}", "city")
    choose(inner, "a column")
    choose(f"Column for {inner}", "city")

    write("Only rows that match", 'type = "track"')
    matched = page.get_by_text("Looked at all rows, of which 2 match: 2 fit.")
    expect(matched).to_be_visible(timeout=20_000)
    payloads = page.locator(".ade-payloads")
    expect(payloads).to_contain_text('"free"{"city": "Graz"}', timeout=20_000)
    notebook.run(1)
    [printed] = [each["text"] for each in notebook.outputs()[1]]
    sent, code = json.loads(printed)
    assert [each["data"] for each in sent] == [
        {"plan": "pro", "address": {"city": "Wien"}},
        {"plan": "free", "address": {"city": "Graz"}},
    ]
    page.get_by_role("button", name="Send 2 rows").click()
    expect(page.locator(".adm-progress")).to_have_text("2 of 2 rows done · 100 %", timeout=60_000)
    assert "@if" in code


PRESET = """
from dataclasses import replace
mapping = {"user_id": {"@path": "$.customer"}, "operation_type": "sync_profile"}
tracked = {"name": "Tracked", "partnerAction": "asyncOperation", "mapping": mapping}
tracked["subscribe"] = 'type = "track"'
demo = ad.simulate("example-async", duration_seconds=0.1, failing=0)
own = replace(ad.destinations()["example-async"], name="Own", slug="own", presets=[tracked])
print(demo.endpoint)
"""


@in_lab
def test_a_preset_is_chosen_seen_and_sent(notebook):
    notebook.open([FRAME + "import asyncdest_nb as ad" + PRESET, EXPLORE])
    notebook.run(0)
    notebook.run(1)
    page = notebook.page
    pick(page, "own")
    endpoint = "".join(notebook.outputs()[0][0]["text"]).strip()
    page.get_by_label("Endpoint (required)").fill(endpoint)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_label("Preset", exact=True).select_option("Tracked")
    expect(page.get_by_text("It fills user_id, operation_type.")).to_be_visible()
    expect(page.get_by_label("User ID (required)")).to_be_hidden()
    page.get_by_role("button", name="Send 2 rows").click()
    progress = page.locator(".adm-progress")
    expect(progress).to_have_text("2 of 2 rows done · 100 %", timeout=60_000)
    page.get_by_role("button", name="Show as code").click()
    code = page.locator(".ade-code code")
    expect(code).to_contain_text('crm.submit(df, **crm.destination.presets["Tracked"])')
