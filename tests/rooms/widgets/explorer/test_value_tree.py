"""Mappings that are made by choosing and writing, without a browser."""

from __future__ import annotations

from typing import Any

import ipywidgets
import pytest

import asyncdest_nb as ad
from asyncdest_nb.mapping import DIRECTIVES, FORMS, transform
from asyncdest_nb.widgets.explorer.value_tree import ValueTree
from explorer_clicks import FRAME, ready

ROW = {"plan": "PRO", "user": None, "tags": [{"n": 1}, {"n": 2}], "text": '{"a": 1}', "o": {"b": 2}}


class Tree:
    """A tree, and a person who knows its labels."""

    def __init__(self, label: str = "Data", columns: tuple[str, ...] = tuple(ROW)) -> None:
        self.changes = 0
        self.tree = ValueTree(label, columns, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def all(self) -> list[Any]:
        found, left = [], [self.tree.widget]
        while left:
            widget = left.pop(0)
            found.append(widget)
            left = [*getattr(widget, "children", ()), *left]
        return found

    def put(self, label: str, value: Any) -> None:
        [found] = [each for each in self.all() if getattr(each, "description", None) == label]
        found.value = value

    def column(self, label: str, name: str) -> None:
        self.put(label, "column")
        self.put(f"Column for {label}", name)

    def constant(self, label: str, text: str) -> None:
        self.put(label, "constant")
        self.put(f"Constant for {label}", text)

    def click(self, label: str) -> None:
        [found] = [each for each in self.all() if isinstance(each, ipywidgets.Button)
                   and each.description == label]  # fmt: skip
        found.click()


def test_every_directive_has_a_form_or_an_input_of_its_own():
    assert set(FORMS) | {"@template"} == set(DIRECTIVES)


def test_an_object_with_a_condition_is_made_by_its_labels():
    tree = Tree()
    tree.put("Data", "object")
    tree.put("Key of Data, entry 1", "plan")
    tree.column("Data, entry 1", "plan")
    tree.click("Add a key to Data")
    tree.put("Key of Data, entry 2", "who")
    tree.put("Data, entry 2", "@if")
    tree.column("Data, entry 2, if this is there", "user")
    tree.column("Data, entry 2, then", "user")
    tree.constant("Data, entry 2, else", "nobody")
    assert tree.tree.read() == {
        "plan": {"@path": "$.plan"},
        "who": {
            "@if": {
                "exists": {"@path": "$.user"},
                "then": {"@path": "$.user"},
                "else": "nobody",
            }
        },
    }
    assert transform(tree.tree.read(), ROW) == {"plan": "PRO", "who": "nobody"}


def fill(tree: Tree, name: str) -> None:
    """Fill in what the form of a directive needs."""
    tree.put("Data", name)
    match name:
        case "@case":
            tree.put("Data, letters", "lower")
            tree.column("Data, text", "plan")
        case "@replace":
            tree.column("Data, text", "plan")
            tree.put("Data, what is replaced", "r")
            tree.put("Data, by what", "x")
            tree.put("Data, small and capital letters are the same", True)
        case "@json":
            tree.put("Data, direction", "decode")
            tree.column("Data, value", "text")
        case "@path":
            tree.put("Data, path, as $.a.b", "$.tags[1].n")
        case "@arrayPath":
            tree.column("Data, list", "tags")
            tree.put("Data, what an item becomes", "object")
            tree.put("Key of Data, what an item becomes, entry 1", "number")
            tree.put("Data, what an item becomes, entry 1", "@path")
            tree.put("Data, what an item becomes, entry 1, path, as $.a.b", "$.n")
        case "@flatten":
            tree.column("Data, object", "o")
            tree.put("Data, between the keys", "_")
        case "@merge":
            tree.put("Data, the last wins (right), or the first (left)", "right")
            tree.column("Data, objects 1", "o")
            tree.constant("Data, objects 2", '{"c": 3}')
        case "@transform":
            tree.put("Key of Data, what is made first, entry 1", "p")
            tree.column("Data, what is made first, entry 1", "plan")
            tree.put("Key of Data, what is made of it, entry 1", "q")
            tree.put("Data, what is made of it, entry 1", "@path")
            tree.put("Data, what is made of it, entry 1, path, as $.a.b", "$.p")
        case "@excludeWhenNull":
            tree.column("Data, value", "o")
        case "@liquid":
            tree.put("Data, template", "{{ plan | downcase }}")
        case "@literal":
            tree.constant("Data, value", "[1, 2]")
        case "@if":
            tree.column("Data, or if this is not blank", "plan")
            tree.constant("Data, then", "true")


@pytest.mark.parametrize(
    ("name", "made"),
    {
        "@if": True,
        "@case": "pro",
        "@replace": "PxO",
        "@json": {"a": 1},
        "@path": 2,
        "@arrayPath": [{"number": 1}, {"number": 2}],
        "@flatten": {"b": 2},
        "@merge": {"b": 2, "c": 3},
        "@transform": {"q": "PRO"},
        "@excludeWhenNull": {"b": 2},
        "@liquid": "pro",
        "@literal": [1, 2],
    }.items(),
)
def test_a_form_makes_a_directive_that_works(name, made):
    tree = Tree()
    fill(tree, name)
    assert transform({"x": tree.tree.read()}, ROW) == {"x": made}
    again = Tree()
    again.tree.enter(tree.tree.entered)
    assert again.tree.read() == tree.tree.read()


@pytest.mark.parametrize("name", FORMS)
def test_an_empty_form_says_what_is_missing(name):
    tree = Tree()
    tree.put("Data", name)
    with pytest.raises(ad.UsageError, match="Data"):
        tree.tree.read()


def test_a_key_that_is_no_key_or_is_there_twice_is_refused():
    tree = Tree()
    tree.put("Data", "object")
    tree.put("Key of Data, entry 1", "@if")
    tree.constant("Data, entry 1", "1")
    with pytest.raises(ad.UsageError, match="read as a directive"):
        tree.tree.read()
    tree.put("Key of Data, entry 1", "a")
    tree.click("Add a key to Data")
    tree.put("Key of Data, entry 2", "a")
    tree.constant("Data, entry 2", "2")
    with pytest.raises(ad.UsageError, match="twice"):
        tree.tree.read()


def test_what_was_made_is_in_the_cell_and_stays_when_the_action_is_chosen_again(demo, session):
    clicks = ready(demo, session, names={"df": FRAME, "session": session})
    clicks.find("Operation Data (optional)").value = "mapping"
    assert "Operation Data: write a key" in clicks.text
    clicks.put(**{"Key of Operation Data, entry 1": "who"})
    clicks.put(**{"Operation Data, entry 1": "@case"})
    clicks.put(**{"Operation Data, entry 1, letters": "upper"})
    clicks.put(**{"Operation Data, entry 1, text": "column"})
    clicks.put(**{"Column for Operation Data, entry 1, text": "userId"})
    wanted = '"who": {"@case": {"operator": "upper", "value": {"@path": "$.userId"}}}'
    assert wanted in clicks.explorer.code.replace("\n", "")
    clicks.find("Actions").value = None
    clicks.find("Actions").value = "asyncOperation"
    assert wanted in clicks.explorer.code.replace("\n", "")
    clicks.click("Send 4 rows")
    clicks.explorer.run.wait(timeout=30)
    assert [each["payload"]["data"] for each in demo.operations] == [
        {"who": f"U{number}"} for number in (1, 2, 3, 4)
    ]
