"""Connections to small servers that answer as the vendors' documentation and bug reports say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

import asyncdest_nb as ad
from batch_servers import KEY, AnthropicServer, Ending, OpenAIServer
from gemini_server import GeminiServer


@pytest.fixture
def openai(session) -> Iterator[Callable[..., tuple[OpenAIServer, ad.Connection]]]:
    """Start servers of OpenAI, each with a connection to it."""
    with ExitStack() as stack:

        def start(ending: Ending, **options):
            server = stack.enter_context(OpenAIServer(ending, **options))
            settings = {"api_key": KEY, "base_url": server.base_url}
            return server, session.connect("openai-batch", requests_per_second=1000, **settings)

        yield start


@pytest.fixture
def anthropic(session) -> Iterator[Callable[..., tuple[AnthropicServer, ad.Connection]]]:
    """Start servers of Anthropic, each with a connection to it; *version* is a setting."""
    with ExitStack() as stack:

        def start(ending: Ending, version="2023-06-01", **options):
            server = stack.enter_context(AnthropicServer(ending, **options))
            settings = {"api_key": KEY, "base_url": server.url, "version": version}
            return server, session.connect(
                "anthropic-batches", requests_per_second=1000, **settings
            )

        yield start


@pytest.fixture
def gemini(session) -> Iterator[Callable[..., tuple[GeminiServer, ad.Connection]]]:
    """Start servers of Gemini, each with a connection to it."""
    with ExitStack() as stack:

        def start(ending: Ending, **options):
            server = stack.enter_context(GeminiServer(ending, **options))
            settings = {"api_key": KEY, "base_url": server.url}
            return server, session.connect("gemini-batches", requests_per_second=1000, **settings)

        yield start
