"""What messages say to install, for a package that pip took from a folder or from elsewhere."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from asyncdest_nb.errors import install_command

FOLDER: dict[str, Any] = {"dir_info": {}, "url": "file:///home/ann/my%20clone"}
EDITABLE = {**FOLDER, "dir_info": {"editable": True}}
WHEEL = {"archive_info": {}, "url": "https://host/a-1.whl"}
GIT = {"vcs_info": {"vcs": "git", "commit_id": "abc"}, "url": "https://host/a.git"}


@pytest.mark.parametrize(
    ("source", "command"),
    [
        (FOLDER, 'pip install "/home/ann/my clone[demo]"'),
        (EDITABLE, 'pip install -e "/home/ann/my clone[demo]"'),
        (WHEEL, 'pip install "asyncdest-nb[demo] @ https://host/a-1.whl"'),
        (GIT, 'pip install "asyncdest-nb[demo] @ git+https://host/a.git"'),
        (None, 'pip install "asyncdest-nb[demo]"'),
    ],
    ids=["a folder", "an editable folder", "a file", "a repository", "an index"],
)
def test_an_extra_is_installed_from_where_the_package_is_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: dict[str, Any] | None, command: str
):
    installed = tmp_path / "asyncdest_nb-9.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: asyncdest-nb\nVersion: 9\n")
    if source is not None:
        (installed / "direct_url.json").write_text(json.dumps(source))
    monkeypatch.syspath_prepend(tmp_path)
    assert install_command("demo") == command


@pytest.mark.parametrize("extra", ["demo", "plot"])
def test_the_command_of_this_clone_names_its_folder_and_an_extra_that_it_has(extra: str):
    found = re.fullmatch(r'pip install (?:-e )?"(.+)\[(\w+)\]"', install_command(extra))
    assert found is not None
    project = tomllib.loads((Path(found[1]) / "pyproject.toml").read_text())["project"]
    assert found[2] in project["optional-dependencies"]
