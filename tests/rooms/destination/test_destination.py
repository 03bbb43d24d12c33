"""Definitions: fields read off models, payloads and settings checked, secrets found."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, HttpUrl, SecretBytes, SecretStr

import asyncdest_nb as ad
from asyncdest_nb.destination import input_fields, secrets_of, urls_of


class Oauth(BaseModel):
    client_secret: SecretStr


class Settings(ad.Settings):
    endpoint: HttpUrl
    api_key: SecretStr | None = ad.field("API key")
    oauth: Oauth | None = None
    region: str = ad.field("Region", default="eu", choices=["eu", "us"])


class Payload(ad.Payload):
    user_id: str = ad.field("User ID", description="Whom", default={"@path": "$.userId"})
    plan: Literal["free", "pro"] = ad.field("Plan")
    tags: list[str] | None = ad.field("Tags", choices=["a", "b"])
    email: str | None = ad.field("Email", format="email")
    age: int | None = ad.field("Age", minimum=0, maximum=150)
    nickname: str | None = ad.field("Nickname", minimum=2, maximum=5)
    seen: datetime | None = ad.field("Seen")
    note: str | None = ad.field("Note", allow_null=True)
    extra: dict[str, Any] | None = ad.field("Extra")
    score: float = ad.field("Score", required=False)


class WithSecret(ad.Payload):
    email: str = ad.field("Email")
    password: SecretStr | None = ad.field("Password")


class WithNestedSecret(ad.Payload):
    login: list[WithSecret] = ad.field("Login")


class Plan(Enum):
    PRO = "pro"
    FREE = "free"


class Kinds(ad.Payload):
    plan: Plan = ad.field("Plan")
    id: UUID | None = ad.field("Id")
    amount: Decimal | None = ad.field("Amount")


class Keys(ad.Settings):
    raw: SecretBytes = ad.field("Raw")
    keys: list[SecretStr] = ad.field("Keys")
    login: dict[str, SecretStr] = ad.field("Login")


ACTION = ad.Action(title="Upsert", payload=Payload, perform=lambda request, data: None)
CRM = ad.Destination(name="CRM", slug="crm", settings=Settings, actions={"upsert": ACTION})
GOOD = {"user_id": "u", "plan": "pro"}


def test_fields_carry_segments_attributes():
    fields = ACTION.fields
    assert list(fields)[:3] == ["user_id", "plan", "tags"]
    user = fields["user_id"]
    assert (user.label, user.description, user.type) == ("User ID", "Whom", "string")
    assert user.default == {"@path": "$.userId"}
    assert [key for key, each in fields.items() if each.required] == ["user_id", "plan"]
    assert [key for key, each in fields.items() if each.multiple] == ["tags"]
    assert fields["plan"].choices == ("free", "pro")
    types = {key: each.type for key, each in fields.items()}
    assert (types["age"], types["seen"], types["extra"]) == ("integer", "datetime", "object")
    assert input_fields(Settings)["api_key"].type == "password"


def test_a_default_of_a_payload_fills_the_mapping_not_the_payload():
    assert "user_id" in str(ACTION.read({"plan": "pro"}))


def test_a_default_of_settings_is_their_value():
    assert CRM.read_settings({"endpoint": "http://h"}).region == "eu"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"plan": "pro"}, "User ID (user_id): is missing"),
        ({**GOOD, "user_id": ""}, "User ID (user_id): is missing"),
        ({**GOOD, "user_id": None}, "User ID (user_id): is missing"),
        ({**GOOD, "plan": "gold"}, "Plan (plan): Input should be 'free' or 'pro'"),
        ({**GOOD, "tags": ["c"]}, "Tags must be one of 'a', 'b'"),
        ({**GOOD, "email": "nobody"}, "Email must be a valid email"),
        ({**GOOD, "age": -1}, "Age must be at least 0"),
        ({**GOOD, "age": 151}, "Age must be at most 150"),
        ({**GOOD, "nickname": "x"}, "Nickname must be at least 2 characters"),
        ({**GOOD, "seen": "yesterday"}, "Seen (seen): Input should be a valid datetime"),
        ({**GOOD, "score": float("inf")}, "Score (score): Input should be a finite number"),
    ],
)
def test_an_invalid_value_is_named_by_its_field(values, problem):
    assert problem in str(ACTION.read(values))


@pytest.mark.parametrize("pattern", ["(", "a{99999999999999999999}", "(" * 5_000])
def test_a_pattern_that_cannot_be_compiled_is_named_by_its_field(pattern):
    class Search(ad.Payload):
        pattern: str = ad.field("Pattern", format="regex")

    search = ad.Action(title="Search", payload=Search, perform=print)
    assert search.read({"pattern": pattern}) == "Pattern must be a valid regex"


def test_several_invalid_values_are_named_at_once():
    text = str(ACTION.read({"plan": "gold"}))
    assert "user_id" in text
    assert "plan" in text


def test_nulls_are_sent_only_for_fields_that_allow_them():
    payload = ACTION.read({**GOOD, "email": None, "note": None, "extra": {"inner": None}})
    assert isinstance(payload, ad.Payload)
    assert payload.as_json() == {**GOOD, "note": None, "extra": {"inner": None}}


def test_a_number_in_a_text_field_is_sent_as_text():
    payload = ACTION.read({**GOOD, "user_id": 17})
    assert isinstance(payload, ad.Payload)
    assert payload.as_json()["user_id"] == "17"


@pytest.mark.parametrize(
    "settings", [{}, {"endpoint": "no url"}, {"endpoint": "http://h", "region": "mars"}]
)
def test_invalid_settings_are_named_without_their_values(settings):
    with pytest.raises(ad.SettingsError) as raised:
        CRM.read_settings({"api_key": "sk-topsecret-1", **settings})
    assert "sk-topsecret-1" not in str(raised.value)
    assert str(raised.value).startswith("CRM: ")


def test_an_unknown_setting_or_action_lists_the_known_ones():
    with pytest.raises(ad.UnknownName, match="did you mean 'endpoint'"):
        CRM.read_settings({"endpont": "http://h"})
    with pytest.raises(ad.UnknownName, match="Known: upsert"):
        CRM.action("upset all")


def test_every_secret_and_every_url_of_settings_is_found():
    settings = CRM.read_settings(
        {"endpoint": "http://h/api", "api_key": "key", "oauth": {"client_secret": "deep"}}
    )
    assert secrets_of(settings) == ["key", "deep"]
    assert urls_of(settings) == ["http://h/api"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"perform": None}, "needs perform or perform_batch"),
        ({"batch_size": 0}, "batch_size is 0; it must be an integer of 1 or more"),
        ({"poll_batch_size": 0}, "poll_batch_size is 0; it must be an integer of 1 or more"),
        ({"operation_per": "job"}, "no operation_per 'job'"),
        ({"poll": "status"}, "poll is 'status'; give the function itself"),
        ({"poll": lambda data: data}, r"poll takes \(data\); it is called with \(request, data\)"),
        ({"row_bytes": 100}, "row_bytes is 100; give the function itself"),
        ({"payload": dict}, "payload is <class 'dict'>; write a class of its fields"),
        ({"payload": WithSecret}, "field 'password' is a secret, but payloads are shown"),
        ({"payload": WithNestedSecret}, "field 'login' is a secret"),
    ],
)
def test_an_action_that_cannot_work_is_refused(change, problem):
    with pytest.raises(ad.UsageError, match=problem):
        ad.Action(**{"title": "A", "payload": Payload, "perform": print, **change})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"actions": [ACTION]}, "write a dict of slug to Action"),
        ({"actions": {"act": print}}, "write a dict of slug to Action"),
        ({"settings": {"endpoint": "x"}}, "give the values to connect"),
        ({"extend_request": {"base_url": "x"}}, "extend_request is .*; give the function itself"),
    ],
)
def test_a_destination_that_cannot_work_is_refused(change, problem):
    with pytest.raises(ad.UsageError, match=problem):
        ad.Destination(**{"name": "D", "slug": "d", "actions": {"act": ACTION}, **change})


def test_an_unknown_format_is_refused():
    with pytest.raises(ad.UnknownName, match="did you mean 'email'"):
        ad.field("Email", format="emial")


def test_an_enum_is_a_choice_and_ids_and_amounts_are_texts():
    fields = ad.Action(title="A", payload=Kinds, perform=print).fields
    assert {key: each.type for key, each in fields.items()} == dict.fromkeys(fields, "string")
    assert fields["plan"].choices == ("pro", "free")
    read = Kinds.model_validate({"plan": "pro", "amount": "1.50"})
    assert read.as_json() == {"plan": "pro", "amount": "1.50"}


def test_secrets_are_found_at_any_depth():
    fields = input_fields(Keys)
    assert [each.type for each in fields.values()] == ["password", "password", "object"]
    assert all(each.holds_secret for each in fields.values())
    settings = Keys.model_validate({"raw": "a", "keys": ["b"], "login": {"key": "c"}})
    assert secrets_of(settings) == ["a", "b", "c"]


def test_an_action_has_poll_support_if_it_has_poll():
    assert not ACTION.has_poll_support
    assert ad.Action(title="A", payload=Payload, perform=print, poll=print).has_poll_support
