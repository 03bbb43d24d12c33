"""The pages of the reference as they are built: whole, offline, and without a broken link.

A process of its own builds them: pdoc runs what is below ``if TYPE_CHECKING`` in the modules
that it reads, and pydantic's are other modules after that.
"""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import asyncdest_nb as ad
from asyncdest_nb.command_line import main
from asyncdest_nb.mapping import DIRECTIVES
from command_line import COMMAND

pytestmark = pytest.mark.slow  # A build takes two seconds and a process.

ADDRESSES = ("href", "src", "action", "data")
LOADED = ("link", "script", "img", "iframe", "object", "source")


class Page(HTMLParser):
    """The ids of a page, what it loads and where it links to, and its text."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note what a tag is called, and where it leads to."""
        for name, value in attributes:
            if name == "id" and value:
                self.ids.add(value)
            if name in ADDRESSES and value and tag in LOADED:
                self.loads.append(value)
            elif name in ADDRESSES and value:
                self.links.append(value)

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.text += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the reference once."""
    folder = tmp_path_factory.mktemp("reference")
    built("--output", str(folder))
    return folder


def built(*options: str, **variables: str) -> str:
    """Run the command that builds the reference, and return what it prints."""
    done = subprocess.run(
        [*COMMAND, "docs", *options],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def pages(folder: Path) -> dict[Path, Page]:
    return {file.resolve(): Page(file) for file in folder.rglob("*.html")}


def broken(folder: Path) -> list[str]:
    """Return the links to a page or a place that is not there."""
    found = pages(folder)
    wrong = []
    for file, page in found.items():
        for link in page.links:
            address = urlsplit(link)
            if address.scheme:
                continue
            target = (file.parent / unquote(address.path)).resolve() if address.path else file
            is_there = target in found and (
                not address.fragment or unquote(address.fragment) in found[target].ids
            )
            wrong += [] if is_there else [f"{file.name}: {link}"]
    return wrong


def test_no_link_is_broken_and_the_pages_load_nothing_from_elsewhere(folder: Path):
    assert broken(folder) == []
    loads = [each for page in pages(folder).values() for each in page.loads]
    assert [each for each in loads if not each.startswith("data:")] == []
    assert not any("@import" in file.read_text() for file in folder.rglob("*.html"))


@pytest.mark.parametrize("link", ["nowhere.html", "#nowhere", "page.html#nowhere"])
def test_a_broken_link_is_found(link: str, tmp_path: Path):
    (tmp_path / "page.html").write_text(f'<p id="here"><a href="#here"></a><a href="{link}"></a>')
    assert broken(tmp_path) == [f"page.html: {link}"]


def test_every_public_name_has_its_place_and_its_example(folder: Path):
    page = Page(folder / "asyncdest_nb.html")
    methods = {
        f"{kind.__name__}.{name}"
        for kind in (ad.Connection, ad.Run, ad.Session)
        for name in dir(kind)
        if not name.startswith("_")
    }
    assert {*ad.__all__, *methods} - page.ids == set()
    assert "run.export(f" in page.text
    assert "Only rows that provably were not applied go again" in page.text


def test_a_page_has_no_markup_of_another_language_and_no_address_of_memory(folder: Path):
    for page in pages(folder).values():
        assert "====" not in page.text
        assert " at 0x" not in page.text
        assert "<span" not in page.text


def test_the_mapping_language_has_a_page_that_both_pages_lead_to(folder: Path):
    language = "asyncdest_nb/reference/mapping_language.html"
    assert language in Page(folder / "asyncdest_nb.html").links
    page = Page(folder / language)
    assert "../../asyncdest_nb.html" in page.links
    for directive in DIRECTIVES:
        assert directive in page.text


def test_the_description_of_an_api_has_a_page_with_tables(folder: Path):
    page = Page(folder / "asyncdest_nb/reference/api_descriptions.html")
    assert "../../asyncdest_nb.html" in page.links
    assert "words of a job that was not started" in page.text
    assert "| key |" not in page.text


def test_the_command_builds_the_reference_where_it_is_told_and_says_where(tmp_path):
    printed = built("--output", str(tmp_path / "site"))
    first = tmp_path / "site" / "asyncdest_nb.html"
    assert first.exists()
    assert first.as_uri() in printed


def test_the_command_opens_the_reference_in_a_browser(tmp_path):
    note = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {note}\n')
    browser.chmod(0o700)
    printed = built(BROWSER=str(browser), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert note.read_text().strip().endswith("/asyncdest_nb.html")
    assert note.read_text().strip() in printed


def test_without_pdoc_the_message_has_the_command_that_installs_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pdoc", None)
    assert main(["docs"]) == 2
    assert "the reference needs pdoc: pip install" in capsys.readouterr().err
