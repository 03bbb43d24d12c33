"""Templates: a value keeps its type, and cannot lead a URL to another place."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncdest_nb.api_description.template import compiled, url_of
from asyncdest_nb.errors import ProtocolError

SCOPE: dict[str, Any] = {
    "n": 3,
    "none": None,
    "yes": True,
    "big": 12345678901234567890,
    "o": {"x": "ä", "l": [1, {"y": 2}], "t": " A@X.de "},
}


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("{{ n }}", 3),
        ("{{o.l}}", [1, {"y": 2}]),
        ("{{ o.l[1].y }}", 2),
        ("{{ none }}", None),
        ("{{ big }}", 12345678901234567890),
        ("a{{ n }}b{{ yes }}{{ none }}", "a3btrue"),
        ("x={{ o.l }}", 'x=[1,{"y":2}]'),
        ("{{ o | json }}", '{"x":"ä","l":[1,{"y":2}],"t":" A@X.de "}'),
        ("{{ o.t | trim | lower }}", "a@x.de"),
        ("{{ o.t|trim|lower|md5 }}", hashlib.md5(b"a@x.de").hexdigest()),
        ({"a": "{{ o.no }}", "b": ["{{ o.no }}", 1]}, {"b": [1]}),
        ({"a?": {"b": "{{ none }}"}, "c?": "{{ n }}"}, {"c": 3}),
        ("no placeholder", "no placeholder"),
        (7.5, 7.5),
    ],
)
def test_a_template_is_filled(template: Any, made: Any):
    assert compiled(template)(SCOPE) == made


@given(st.text(min_size=1))
def test_a_value_is_one_segment_of_a_url(value: str):
    scope = {"id": value}
    try:
        url = url_of("/jobs/{{ id }}/results", scope)
    except ProtocolError:
        return
    parts = urlsplit(f"https://host{url}")
    assert (parts.query, parts.fragment, parts.path.count("/")) == ("", "", 3)
    assert unquote(parts.path.split("/")[2]) == value


@pytest.mark.parametrize("value", [None, "", True, [], {}, ".", "..", "a/../b"])
def test_what_leads_elsewhere_is_refused(value: Any):
    with pytest.raises(ProtocolError):
        url_of("/jobs/{{ +id }}", {"id": value})


def test_a_name_with_slashes_keeps_them_where_that_is_meant():
    scope = {"name": "projects/p 1/operations/7"}
    assert url_of("/v1/{{ +name }}:cancel", scope) == "/v1/projects/p%201/operations/7:cancel"
    assert url_of("/v1/{{ name }}", scope) == "/v1/projects%2Fp%201%2Foperations%2F7"


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_a_lone_placeholder_is_its_value(value: Any):
    assert compiled({"v": "{{ v }}"})({"v": value}) == {"v": value}
    assert json.loads(compiled("{{ v | json }}")({"v": value})) == value
