"""JSON schemas in the strict form, compared with what the vendors' own clients make of a class."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import anthropic
import openai
import pytest
from pydantic import BaseModel, Field

from asyncdest_nb.destinations.anthropic_batches.messages import FORM as ANTHROPIC
from asyncdest_nb.destinations.gemini_batches.schemas import FORM as GEMINI
from asyncdest_nb.destinations.gemini_batches.schemas import response_schema
from asyncdest_nb.destinations.llm_batches import strict_schema
from asyncdest_nb.destinations.openai_batch.endpoints import FORM as OPENAI


class Address(BaseModel):
    city: str
    zip: str | None = None


class Customer(BaseModel):
    """A customer."""

    name: str = Field(description="As in the text")
    mood: Literal["good", "bad"]
    score: float
    home: Address
    others: list[Address] = []
    work: Address | None = None


class Node(BaseModel):
    name: str
    children: list[Node]


def without_defaults(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: without_defaults(each) for name, each in schema.items() if name != "default"}
    return [without_defaults(each) for each in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("model", [Address, Customer])
def test_openai_gets_what_its_own_client_makes_of_a_class(model):
    theirs = openai.pydantic_function_tool(model)["function"]["parameters"]
    assert strict_schema(model.model_json_schema(), OPENAI) == without_defaults(theirs)


@pytest.mark.parametrize("model", [Address, Customer])
def test_anthropic_gets_what_its_own_client_makes_of_a_class(model):
    ours = strict_schema(model.model_json_schema(), ANTHROPIC)
    assert _plain(ours) == _plain(anthropic.transform_schema(model))


def _plain(schema: Any) -> Any:
    """Return a schema without what the client of Anthropic only writes in another way.

    It leaves out the type beside an enum, and has defaults in the description.
    """
    if not isinstance(schema, dict):
        return [_plain(each) for each in schema] if isinstance(schema, list) else schema
    left_out = {"type"} if "enum" in schema else set()
    if str(schema.get("description", "")).startswith("{default"):
        left_out.add("description")
    return {name: _plain(each) for name, each in schema.items() if name not in left_out}


@pytest.mark.parametrize("form", [OPENAI, ANTHROPIC])
def test_a_recursive_class_keeps_its_references_below_an_object(form):
    found = strict_schema(Node.model_json_schema(), form)
    assert found["type"] == "object"
    assert found["$defs"]["Node"]["additionalProperties"] is False
    assert found["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}


class Counts(BaseModel):
    counts: dict[str, int]


class Inner(BaseModel):
    things: list[Counts]


class AnyValue(BaseModel):
    value: Any


class Pair(BaseModel):
    both: tuple[int, str]


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (Counts.model_json_schema(), "'counts' of the schema is a dict with keys of any name"),
        (Inner.model_json_schema(), "'Counts.counts' of the schema is a dict with keys"),
        (AnyValue.model_json_schema(), "'value' of the schema may be anything: give it a type"),
        (Pair.model_json_schema(), "'both' of the schema is a tuple"),
        ({"type": "array", "items": {"type": "string"}}, "no object at its top"),
        ({"type": "object"}, "the schema is an object without properties"),
        ({"$ref": "#/$defs/None"}, "which it does not have"),
    ],
)
@pytest.mark.parametrize("form", [OPENAI, ANTHROPIC])
def test_a_schema_without_a_strict_form_is_refused_with_its_place(form, schema, reason):
    with pytest.raises(ValueError, match="schema") as caught:
        strict_schema(schema, form)
    assert reason in str(caught.value)


def test_what_a_vendor_does_not_take_goes_into_the_description():
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer", "minimum": 0, "description": "In years"}},
    }
    found = strict_schema(schema, ANTHROPIC)["properties"]["age"]
    assert found == {"type": "integer", "description": "In years (minimum: 0)"}
    assert strict_schema(schema, OPENAI)["properties"]["age"]["minimum"] == 0
    assert schema["properties"]["age"]["minimum"] == 0  # The schema of the user is as it was.


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


class Owner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    others: list[Annotated[Cat | Dog, Field(discriminator="kind")]]


def test_anthropic_takes_24_properties_that_may_be_left_out():
    text = {"type": "string"}
    inner = {"type": "object", "properties": {f"p{at}": text for at in range(20)}}
    names = {each: text for each in ("properties", "required", "a", "b")}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {**names, "in": {"$ref": "#/$defs/Inner"}},
        "required": ["in"],
        "$defs": {"Inner": inner},
    }
    assert strict_schema(schema, ANTHROPIC)
    names = {**schema["properties"], "one more": text}
    one_more = {**schema, "properties": names}
    assert strict_schema(one_more, OPENAI)
    with pytest.raises(ValueError, match="25 properties may be left out, and the vendor takes 24"):
        strict_schema(one_more, ANTHROPIC)


@pytest.mark.parametrize("form", [OPENAI, ANTHROPIC, GEMINI])
def test_a_union_with_a_discriminator_is_a_choice_of_classes(form):
    found = strict_schema(Owner.model_json_schema(), form)
    either = [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]
    assert found["properties"]["pet"]["anyOf"] == either
    assert found["properties"]["others"]["items"]["anyOf"] == either
    assert "oneOf" not in str(found)
    assert "discriminator" not in str(found)


def test_gemini_gets_the_classes_of_a_union_in_place():
    found = response_schema(Owner.model_json_schema())["properties"]["pet"]
    assert [list(each["properties"]) for each in found["anyOf"]] == [
        ["kind", "lives"],
        ["kind", "tricks"],
    ]
