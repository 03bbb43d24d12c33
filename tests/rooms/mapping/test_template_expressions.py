"""Templates of ``@liquid`` against what was recorded from Segment's framework.

``data/liquid.jsonl`` was recorded by running that framework (commit
970a17ee8d064501db7ae555f4d90f17befadfc0, liquidjs 10.27.2, Node 20): templates written for this
project, right and wrong ones, and parts of such put together at random. All read its first line.
"""

from __future__ import annotations

import pytest

from asyncdest_nb.errors import MappingError
from asyncdest_nb.mapping import compile_mapping, transform, value_keys
from segment_recordings import recorded_rows

FIRST, *RECORDED = recorded_rows("liquid.jsonl")
RIGHT = [each for each in RECORDED if "output" in each]
WRONG = [each for each in RECORDED if "error" in each]


def test_templates_print_what_segment_prints():
    assert len(RIGHT) > 240
    found = {each["id"]: printed(each["template"]) for each in RIGHT}
    assert found == {each["id"]: each["output"] for each in RIGHT}


def test_mistakes_in_templates_have_the_words_and_places_of_segment():
    assert len(WRONG) > 150
    found = {each["id"]: printed(each["template"]) for each in WRONG}
    assert found == {each["id"]: each["error"] for each in WRONG}


def printed(template):
    """Return what a template prints, or what is wrong with it."""
    try:
        return transform({"@liquid": template}, FIRST["input"])
    except MappingError as error:
        return str(error)


@pytest.mark.parametrize("template", ["{{ " + "[" * 990 + " }}", "{{ " + "(" * 990 + " }}"])
def test_a_template_nested_too_deeply_is_a_mistake(template):
    with pytest.raises(MappingError, match="the template is nested too deeply"):
        transform({"@liquid": template})


@pytest.mark.parametrize(
    ("template", "roots"),
    [
        ("{{ a == b and not c.d }}", {"a", "b", "c"}),
        ("{{ a[b.c]['d e'] | append: f, g: h }}", {"a", "b", "f", "h"}),
        ("{% assign x = a %}{{ x }}{% capture y %}{{ b }}{% endcapture %}{{ y }}", {"a", "b"}),
        ("{% liquid\nif a\necho b\nendif %}{% cycle c, 'x' %}{{ (d..2) }}", {"a", "b", "c", "d"}),
        ("{% comment %}{{ a }}{% endcomment %}{% raw %}{{ b }}{% endraw %}", set()),
    ],
)
def test_the_columns_that_a_template_reads_are_known(template, roots):
    resolver = compile_mapping({"@liquid": template})
    assert (resolver.roots, resolver.reads_all) == (roots, False)


def test_a_template_that_computes_a_key_reads_all_columns():
    assert compile_mapping({"@liquid": "{{ [name] }}"}).reads_all


def test_keys_in_a_template_are_listed_by_the_first_of_them():
    value = {"@liquid": "{{ a['x y'][0].b | default: d.e }}{% if é.f contains a %}{% endif %}"}
    assert value_keys(value) == ["a['x y'][0].b", "a", "d.e", "é.f"]
