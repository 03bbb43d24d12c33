"""What ``help`` shows of the public names: it names nothing that a user cannot reach."""

from __future__ import annotations

import builtins
import inspect
import pydoc
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import asyncdest_nb as ad

# Words of others that look like a name of Python: of an API, a vendor, pydantic and pandas.
OTHERS = {"DataFrame", "SecretStr", "SSLContext", "JupyterLab", "TypeScript", "SQLite"}
_NAMES = re.compile(r"\b(?:[A-Z][a-z]+[A-Z]\w*|ad\.\w+(?:\.\w+)?|[A-Z]\w+\.[a-z_]\w+)\b")


def public() -> Iterator[tuple[str, Any]]:
    """Yield every public object by its name, with the public attributes of classes."""
    for name in ad.__all__:
        found = getattr(ad, name)
        yield name, found
        if inspect.isclass(found):
            yield from attributes(name, found)


def attributes(name: str, kind: type) -> Iterator[tuple[str, Any]]:
    """Yield what this package wrote of the public attributes of *kind*."""
    for each in kind.__mro__:
        if each.__module__.startswith(ad.__name__):
            for key, value in vars(each).items():
                if not key.startswith("_"):
                    yield f"{name}.{key}", getattr(value, "__func__", value)


PUBLIC = dict(public())
CALLED = {name: each for name, each in PUBLIC.items() if inspect.isfunction(each)}


def is_known(name: str) -> bool:
    """Whether *name* is one of ``ad``, of an attribute there, or of Python."""
    first, *rest = name.removeprefix("ad.").split(".")
    if first in OTHERS or (hasattr(builtins, first) and not rest):
        return True
    return hasattr(ad, first) and all(hasattr(getattr(ad, first), each) for each in rest)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_docstring_names_only_what_there_is(name: str):
    text = inspect.getdoc(PUBLIC[name]) or ""
    assert [found for found in _NAMES.findall(text) if not is_known(found)] == []


def own_types(function: Callable[..., Any], annotation: object) -> list[str]:
    """Return the names in *annotation* that this package made."""
    words = re.findall(r"[A-Za-z_]\w*", str(annotation))
    names = function.__globals__
    return [
        word
        for word in words
        if word in names and not hasattr(builtins, word) and is_own(word, names[word])
    ]


def is_own(word: str, value: Any) -> bool:
    """Whether *value* is a type of this package, or another name for some types."""
    module = getattr(value, "__module__", ad.__name__)
    is_alias = getattr(value, "__name__", word) != word
    return not inspect.ismodule(value) and (module.startswith(ad.__name__) or is_alias)


@pytest.mark.parametrize("name", CALLED)
def test_what_a_call_takes_is_of_a_type_that_users_can_reach(name: str):
    parameters = [*inspect.signature(CALLED[name]).parameters.values()]
    given = parameters["." in name :]  # Without self.
    found = {word for each in given for word in own_types(CALLED[name], each.annotation)}
    assert {word for word in found if not hasattr(ad, word)} == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_public_has_a_docstring(name: str):
    value = PUBLIC[name]
    if inspect.isfunction(value) or isinstance(value, property):
        assert inspect.getdoc(value)


def test_the_help_of_a_description_has_its_keys_and_the_place_of_all_others():
    text = pydoc.plain(pydoc.render_doc(ad.http_destination))
    place = re.search(r'help\("([\w.]+)"\)', text)
    assert place
    assert "see ad.http_destination" not in text
    keys = [each.alias or name for name, each in ad.ApiDescription.model_fields.items()]
    assert [key for key in keys if f"``{key}``" not in text] == []
    assert "`batch_by`" in pydoc.plain(pydoc.render_doc(place[1]))


def test_what_cannot_be_reached_is_found():
    assert is_known("ad.Session.connect")
    assert is_known("Run.wait")
    assert not is_known("Run.wiat")
    assert not is_known("ReplyTimeout")
