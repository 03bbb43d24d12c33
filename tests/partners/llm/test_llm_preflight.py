"""What is found before anything is sent, and where settings are from: for both vendors."""

from __future__ import annotations

import base64

import pandas as pd
import pytest
from pydantic import BaseModel

import asyncdest_nb as ad

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
VENDORS = {
    "openai-batch": ("chat", {"model": "gpt-5"}),
    "anthropic-batches": ("messages", {"model": "claude-x"}),
}


class Counts(BaseModel):
    counts: dict[str, int]


class Topic(BaseModel):
    topic: str


@pytest.fixture(params=VENDORS)
def preview(request, session):
    """A function that previews rows for a vendor; no server is there."""
    connection = session.connect(request.param, api_key="sk-test-0123456789abcdef")
    action, model = VENDORS[request.param]

    def previewed(frame, **options):
        return connection.preview(frame, action, **{**model, **options})

    return previewed


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"prompt": "  \n"}, "the prompt is blank"),
        ({"model": " "}, "the model is blank"),
        ({"parameters": {"stream": True}}, "parameters has 'stream': a batch cannot stream"),
        ({"parameters": {"model": "x"}}, "parameters has 'model': give it by the field model"),
        ({"output_schema": Counts}, "'counts' of the schema is a dict with keys of any name"),
        ({"images": ["no/such.png"]}, "the image no/such.png cannot be read"),
        ({"images": ["data:text/plain,hi"]}, "an image is 'data:text/plain,hi'"),
        ({"max_tokens": 0}, "Max tokens must be at least 1"),
        ({"images": ["https://example.com/a.png"] * 501}, "501 images; a request may have"),
    ],
)
def test_faults_are_found_with_the_labels_of_their_rows(preview, options, reason):
    found = preview(pd.DataFrame({"prompt": ["hi"]}, index=["row-7"]), **options)
    assert reason in found.invalid[0]
    assert "row row-7: " in repr(found)
    assert found.first_request is None


@pytest.mark.parametrize(
    ("slug", "action", "options", "reason"),
    [
        ("openai-batch", "chat", {"parameters": {"n": 3}}, "n is 3: the results have one answer"),
        ("anthropic-batches", "messages", {"parameters": {"max_tokens": 0}}, "max_tokens is 0"),
        (
            *("gemini-batches", "generate"),
            {"parameters": {"generationConfig": {"candidateCount": 2}}},
            "candidateCount is 2",
        ),
        ("gemini-batches", "generate", {"model": "../x"}, "the model is '../x'; write a name"),
        ("gemini-batches", "embed", {"model": "tunedModels/x"}, "the model is 'tunedModels/x'"),
    ],
)
def test_what_would_be_paid_in_vain_is_found(session, slug, action, options, reason):
    connection = session.connect(slug, api_key="sk-test-0123456789abcdef")
    given = {"model": "m", "prompt": "hi", **options}
    found = connection.preview(pd.DataFrame({"x": [1]}), action, **given)
    assert reason in found.invalid[0]


def test_a_file_that_is_no_picture_or_too_large_is_found(preview, tmp_path):
    text, large = tmp_path / "a.png", tmp_path / "b.png"
    text.write_text("hello")
    with large.open("wb") as file:
        file.write(PNG)
        file.truncate(40_000_000)
    frame = pd.DataFrame({"prompt": ["x", "x"], "picture": [str(text), str(large)]})
    found = preview(frame, columns={"image": "picture"})
    assert "is no PNG, JPEG, GIF or WebP file" in found.invalid[0]
    assert "bytes in base64; it may have" in found.invalid[1]


def test_half_a_character_and_nan_are_not_sent(preview):
    frame = pd.DataFrame({"prompt": ["a\ud83d", float("nan"), "ok"]}, dtype=object)
    found = preview(frame)
    assert "half a character" in found.invalid[0]
    assert "missing" in found.invalid[1]
    assert list(found.payloads) == [2]


def test_the_bytes_of_pictures_count_in_the_size_of_a_request(preview, tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(PNG + bytes(300_000))
    frame = pd.DataFrame({"prompt": ["what is it?"]})
    plain, found = preview(frame), preview(frame, images=[str(picture)])
    assert 400_000 < found.size - plain.size < 401_000


def test_a_pydantic_class_stands_for_its_schema(preview):
    found = preview(pd.DataFrame({"prompt": ["hi"]}), output_schema=Topic)
    assert found.payloads[0]["output_schema"] == Topic.model_json_schema()


def test_an_estimate_costs_only_what_the_given_prices_say(session):
    connection = session.connect("openai-batch", api_key="sk-test-0123456789abcdef")
    frame = pd.DataFrame({"prompt": ["x" * 400] * 10})
    preview = connection.preview(frame, "chat", model="gpt-5", max_tokens=100)
    found = preview.estimate()
    assert (found.input_tokens, found.output_tokens) == (1000, 1000)
    assert (found.input_cost, found.output_cost) == (None, None)
    assert "a guess" in repr(found)
    assert "price" not in repr(found)
    priced = preview.estimate(input_price=1.25, output_price=10)
    assert (priced.input_cost, priced.output_cost) == (0.00125, 0.01)
    with pytest.raises(ad.UsageError, match="input_price is -1"):
        preview.estimate(input_price=-1)


def test_rows_that_go_to_no_model_have_no_estimate(session):
    connection = session.connect("example-async", endpoint="http://127.0.0.1:9")
    frame = pd.DataFrame({"user_id": ["u1"]})
    preview = connection.preview(frame, "asyncOperation", operation_type="sync_profile")
    with pytest.raises(ad.UsageError, match="sends rows to no model"):
        preview.estimate()


@pytest.mark.parametrize(
    ("slug", "key", "url"),
    [
        ("openai-batch", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
        ("anthropic-batches", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    ],
)
def test_the_variables_of_the_vendors_clients_are_read(
    session, monkeypatch, tmp_path, slug, key, url
):
    monkeypatch.setenv(key, "sk-from-the-environment")
    monkeypatch.setenv(url, "http://127.0.0.1:9/v1")
    connection = session.connect(slug)
    assert connection.sources == {
        "api_key": f"the variable {key}",
        "base_url": f"the variable {url}",
    }
    own = f"ASYNCDEST_{slug.replace('-', '_').upper()}_API_KEY"
    monkeypatch.setenv(own, "sk-of-this-package")
    assert session.connect(slug).sources["api_key"] == f"the variable {own}"
    path = tmp_path / "keys.env"
    path.write_text(f"{key}=sk-from-a-file\n")
    assert session.connect(slug, env_file=path).sources["api_key"] == f"{key} in {path}"
