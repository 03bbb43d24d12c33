"""The explorer in a real JupyterLab and Notebook 7, used as a person does: by labels and keys.

Everything goes to simulators on this machine; after each test the page must have
talked to its own server only.
"""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

import asyncdest_nb as ad
import browser
from asyncdest_nb.simulators import SIMULATORS
from shown_explorer import EXPLORE, FRAME, SECRET, WAIT, WIDE, fill, pick
from shown_monitor import in_lab

pytestmark = pytest.mark.e2e


RESULTS = """
import json
run = globals().get("run") or explorer.run
run.wait(60)
found = run.results()
print(json.dumps([found[name].astype(object).where(found[name].notna(), None).tolist()
                  for name in ("status", "error_code", "progress")]))
"""


GUARDED = f"""
import asyncdest_nb as ad
demo = ad.simulate("example-async", api_key={SECRET!r}, duration_seconds=(0.1, 0.5))
"""


def results(notebook, cell: int) -> list:
    notebook.run(cell)
    printed = "".join(each.get("text", "") for each in notebook.outputs()[cell])
    return json.loads(printed)


def ready_to_send(page) -> None:
    """Click until there is a preview of rows of FRAME."""
    pick(page, "example-async, simulated on this machine")
    page.get_by_role("button", name="Connect", exact=True).click()
    fill(page, "User ID (required)", "a column")
    page.get_by_label("Column for User ID").select_option("customer_id")
    fill(page, "Operation Type (required)", "a constant")
    page.get_by_label("Constant for Operation Type").select_option("sync_profile")
    expect(page.get_by_role("region", name="First payloads")).to_be_visible(timeout=WAIT)


def test_from_an_empty_notebook_to_a_finished_run_and_back_as_code(
    notebook, app, jupyter, chromium
):
    notebook.open([FRAME + EXPLORE, RESULTS])
    notebook.run(0)
    page = notebook.page
    page.get_by_label("Search destinations").fill("simulated")
    offered = page.get_by_label("Destinations", exact=True).locator("option")
    expect(offered).to_have_count(len(SIMULATORS.keys() & ad.destinations().keys()), timeout=WAIT)
    pick(page, "example-async, simulated on this machine")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("region", name="Fields of the action")).to_contain_text(
        "Operation Type", timeout=WAIT
    )
    expect(page.get_by_text("Still to do: User ID: nothing fills it")).to_be_visible(timeout=WAIT)
    fill(page, "User ID (required)", "a column")
    page.get_by_label("Column for User ID").select_option("customer_id")
    fill(page, "Operation Type (required)", "a constant")
    page.get_by_label("Constant for Operation Type").select_option("sync_profile")
    fill(page, "Operation Data (optional)", "an object of columns")
    for name in ("first name", "plan"):
        page.get_by_role("checkbox", name=name).check()
    seen = page.get_by_role("region", name="First payloads")
    expect(seen.locator("th")).to_contain_text(["data: first name", "data: plan"], timeout=WAIT)
    expect(seen).to_contain_text('"it\'s <b>"', timeout=WAIT)
    expect(seen.locator("td.ade-bad").nth(1)).to_have_text("✗ null", timeout=WAIT)
    expect(seen).to_contain_text("no: User ID (user_id): is missing", timeout=WAIT)
    page.get_by_role("button", name="Send 30 rows").click()
    expect(page.locator(".adm-progress")).to_have_text("31 of 31 rows done · 100 %", timeout=60_000)
    page.get_by_role("button", name="Show as code").click()
    code = page.locator(".ade-code code").inner_text()
    clicked = results(notebook, 1)

    pasted = browser.NotebookPage(jupyter(app), chromium, "pasted.ipynb")
    try:
        pasted.open([FRAME, code, RESULTS])
        pasted.run(0)
        pasted.run(1)
        expect(pasted.page.locator(".adm-progress")).to_contain_text(
            "of 31 rows done", timeout=WAIT
        )
        assert results(pasted, 2) == clicked
        assert clicked[0].count("completed") > 20
        assert pasted.refused == []
    finally:
        pasted.close()


def test_a_secret_is_gone_from_the_page_and_never_in_the_file(notebook):
    notebook.open([GUARDED + FRAME + EXPLORE, "demo.endpoint", RESULTS])
    notebook.run(0)
    notebook.run(1)
    endpoint = notebook.outputs()[1][0]["data"]["text/plain"].strip("'")
    page = notebook.page
    pick(page, "example-async")
    page.get_by_label("Endpoint (required)").fill(endpoint)
    box = page.get_by_label("API key (optional)")
    expect(box).to_have_attribute("type", "password")
    box.fill(SECRET)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("does not refuse these settings")).to_be_visible(timeout=WAIT)
    expect(box).to_have_value("", timeout=WAIT)
    expect(box).to_have_attribute("placeholder", "entered; type to replace it")
    fill(page, "User ID (required)", "a template")
    page.get_by_label("Template for User ID").fill("{{customer_id}}/{{first name}}")
    page.keyboard.press("Tab")
    fill(page, "Operation Type (required)", "a constant")
    page.get_by_label("Constant for Operation Type").select_option("process_data")
    page.get_by_role("button", name="Send 31 rows").click()
    expect(page.locator(".adm-progress")).to_have_text("31 of 31 rows done · 100 %", timeout=30_000)
    page.get_by_role("button", name="Show as code").click()
    expect(page.locator(".ade-code code")).to_contain_text(
        'api_key=getpass.getpass("API key")', timeout=WAIT
    )
    expect(page.locator("details summary", has_text="completed")).to_be_visible(timeout=WAIT)
    assert SECRET not in page.locator(".ade-root").evaluate("root => root.outerHTML")
    assert SECRET not in page.locator("input").evaluate_all("all => all.map(it => it.value)")
    # The first cell holds the secret only because the test plays the destination, too.
    saved = notebook.save()
    outputs = json.dumps([cell.outputs for cell in saved.cells] + [saved.metadata])
    assert SECRET not in outputs
    assert "getpass" in outputs
    assert "widgets" not in saved.metadata


@in_lab
def test_wrong_credentials_and_settings_are_explained_in_place(notebook):
    notebook.open([GUARDED + FRAME + EXPLORE, "demo.endpoint"])
    notebook.run(0)
    notebook.run(1)
    endpoint = notebook.outputs()[1][0]["data"]["text/plain"].strip("'")
    page = notebook.page
    pick(page, "example-async")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Endpoint (endpoint): is missing")).to_be_visible(timeout=WAIT)
    page.get_by_label("Endpoint (required)").fill(endpoint)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("an API key is needed (401)")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("Check API key, then connect again.")).to_be_visible()
    page.get_by_label("Search destinations").fill("async")
    expect(page.get_by_text("an API key is needed (401)")).to_be_visible()
    page.get_by_label("API key (optional)").fill(SECRET)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("does not refuse these settings")).to_be_visible(timeout=WAIT)
    assert not any("Traceback" in json.dumps(each) for each in notebook.outputs())


@in_lab
def test_of_80_columns_some_are_found_renamed_seen_whole_and_sent_after_one_question(notebook):
    notebook.open([WIDE])
    notebook.run(0)
    page = notebook.page
    pick(page, "example-async")
    # Nobody listens there: what is to be seen does not need an answer.
    page.get_by_label("Endpoint (required)").fill("http://127.0.0.1:9")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Check Endpoint and your network")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Go on without a test").click()
    fill(page, "User ID (required)", "a column")
    page.get_by_label("Filter Column for User ID").fill("ID contact")
    expect(page.get_by_role("radio")).to_have_count(1)
    page.get_by_role("radio", name="contact.id").check()
    fill(page, "Operation Type (required)", "a constant")
    page.get_by_label("Constant for Operation Type").select_option("sync_profile")
    fill(page, "Operation Data (optional)", "an object of columns")
    some = page.get_by_role("group", name="Columns for Operation Data")
    page.get_by_label("Filter Columns for Operation Data").fill("contact.n")
    expect(some.get_by_role("checkbox")).to_have_count(2)
    some.get_by_role("checkbox", name="contact.name").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.get_by_label("Filter Columns for Operation Data").fill("score.id")
    some.get_by_role("checkbox", name="score.id").check()
    page.get_by_label("Key for score.id").fill("score")
    page.keyboard.press("Tab")
    seen = page.get_by_role("region", name="First payloads")
    expect(seen.locator("thead")).to_contain_text("data: score", timeout=WAIT)
    expect(seen.locator("tbody tr").first).to_contain_text('with an end"')
    expect(seen.locator("tbody tr").first).to_contain_text('"score.id of row 0"')
    page.get_by_role("button", name="Send up to 299 rows").click()
    question = page.get_by_text("Send up to 299 rows to Example Async at http://127.0.0.1:9?")
    expect(question).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.get_by_text("Nothing was sent.")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Show as code").click()
    expect(page.locator(".ade-code code")).to_contain_text('"score": {"@path": "$.score.id"}')


def test_it_is_used_by_keys_and_they_do_not_reach_the_notebook(notebook):
    notebook.open([FRAME + EXPLORE, "2"])
    notebook.run(0)
    page = notebook.page
    page.get_by_label("Search destinations").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Destinations", exact=True)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert notebook.cell_count() == 2
    connect = page.get_by_role("button", name="Connect", exact=True)
    expect(connect).to_be_visible(timeout=WAIT)
    connect.focus()
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert notebook.cell_count() == 2
    page.keyboard.press("Enter")
    expect(page.get_by_text("No row was sent")).to_be_visible(timeout=WAIT)


def heading(page, text: str):
    return page.get_by_role("heading", name=text, exact=True)


@in_lab
def test_a_button_that_is_gone_after_a_click_leaves_the_focus_in_its_section(notebook):
    many = f"{FRAME}df = pd.concat([df] * 7, ignore_index=True)"
    notebook.open([many + EXPLORE])
    notebook.run(0)
    page = notebook.page
    ready_to_send(page)
    page.get_by_role("button", name="Check all 217 rows").press("Enter")
    expect(heading(page, "Preview")).to_be_focused(timeout=WAIT)
    send = page.get_by_role("button", name="Send 210 rows")
    send.press("Enter")
    expect(heading(page, "Send")).to_be_focused(timeout=WAIT)
    expect(page.get_by_text("Sent as run")).to_be_visible(timeout=WAIT)
    expect(send).to_be_enabled(timeout=WAIT)
    page.keyboard.press("Tab")
    expect(page.get_by_label("Rows to send")).to_be_focused()
    page.keyboard.press("Tab")
    expect(send).to_be_focused()


@pytest.mark.parametrize("app", ["notebook"], indirect=True)
def test_it_stays_whole_when_its_run_has_ended(notebook):
    notebook.open([FRAME + EXPLORE])
    notebook.run(0)
    page = notebook.page
    ready_to_send(page)
    page.get_by_role("button", name="Show as code").click()
    page.get_by_role("button", name="Send 30 rows").click()
    expect(page.locator("details summary", has_text="completed")).to_be_visible(timeout=60_000)
    output = page.locator(".jp-Cell-outputArea").first
    # Of this height Notebook 7 makes a box; JupyterLab never does.
    assert output.locator(".ade-root").bounding_box()["height"] > 100 * 18.2
    assert output.evaluate("it => it.scrollHeight - it.clientHeight") < 10


@in_lab
def test_without_its_kernel_it_says_so_once(notebook):
    notebook.open([FRAME + EXPLORE])
    notebook.run(0)
    page = notebook.page
    ready_to_send(page)
    notebook.restart()
    root = page.locator(".ade-root.jupyter-widgets-disconnected")
    expect(root).to_be_visible(timeout=WAIT)
    shown = root.evaluate(
        """root => [root, ...root.querySelectorAll("*")]
          .map((each) => getComputedStyle(each, "::before").content)
          .filter((text) => text !== "none" && text !== "normal")"""
    )
    assert len(shown) == 1
    assert "Run this cell again" in shown[0]


@in_lab
def test_it_fits_a_page_of_400_pixels(notebook):
    notebook.open([FRAME + EXPLORE])
    notebook.page.set_viewport_size({"width": 520, "height": 900})
    notebook.run(0)
    page = notebook.page
    ready_to_send(page)
    too_wide = page.evaluate(
        """() => {
          const root = document.querySelector(".ade-root").getBoundingClientRect();
          const parts = ":is(input, select, textarea, button, .ade-note, .ade-scroll)";
          return [...document.querySelectorAll(".ade-root " + parts)]
            .filter((each) => each.offsetParent && each.getBoundingClientRect().right > root.right)
            .map((each) => each.outerHTML.slice(0, 80));
        }"""
    )
    assert too_wide == []
    fields = page.get_by_role("region", name="Fields of the action")
    assert fields.evaluate("it => it.scrollWidth > it.clientWidth")
