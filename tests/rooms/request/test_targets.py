"""A plain path is appended without the parser of URLs, and must lead to where that leads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncdest_nb.errors import UsageError
from asyncdest_nb.request.address import parse_url
from asyncdest_nb.request.target import URL, Target

BASES = ["http://a.example", "https://a.example:8443/v1/", "http://[::1]:80/x//y"]


def parsed(path: str, base: str) -> Target | None:
    try:
        return Target.of(parse_url(path, base=URL(base)))
    except UsageError:
        return None


@given(path=st.text(st.sampled_from("ab9Z._~-/%?#:;\\@ \u00e9\u200b"), max_size=12))
@pytest.mark.parametrize("base", BASES)
def test_a_path_that_is_not_parsed_leads_to_where_the_parser_leads(base: str, path: str):
    found = Target.of(URL(base)).below(path)
    assert found is None or found == parsed(path, base)


@pytest.mark.parametrize("path", ["/operations/op-1", "jobs", "/a/b.c/", "/..a/~x"])
def test_an_ordinary_path_is_not_parsed(path: str):
    assert Target.of(URL("http://a.example/v1")).below(path) == parsed(path, "http://a.example/v1")


@pytest.mark.parametrize("path", ["", "/", "..", "/a/../b", "/./a", "//b.example", "a:b", "/%2e"])
def test_a_path_that_may_lead_elsewhere_is_parsed(path: str):
    assert Target.of(URL("http://a.example/v1")).below(path) is None
