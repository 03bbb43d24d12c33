"""The requests that one call of a destination's function makes."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from ...errors import NotSent
from ...request import FileResponse, needs_spool, read_options, spooled
from .bypass import Unwatched

_LOOK_SECONDS = 0.05  # Between two looks at requests that are still open when a function ends.


class FunctionRequests:
    """What a function is given to make requests with, until it has ended."""

    def __init__(self, request: Callable[..., Any]) -> None:
        self._request = request
        self._made: list[Coroutine[Any, Any, Any]] = []
        self._begun = self._ended = 0  # To ask each of them for its state takes longer.
        self._errors: list[BaseException] = []
        self._files: list[FileResponse] = []
        self._has_ended = False

    def __call__(self, url: Any, *given: Any, **named: Any) -> Coroutine[Any, Any, Any]:
        if self._has_ended:
            raise NotSent("the function has ended, and with it what it may send")
        self._made.append(self._send(url, read_options(url, *given, **named)))
        return self._made[-1]

    async def _send(self, url: str, options: dict[str, Any]) -> Any:
        self._begun += 1
        with Unwatched():
            try:
                if needs_spool(options):
                    async with spooled(options) as readable:
                        response = await self._request(url, **readable)
                else:
                    response = await self._request(url, **options)
                if isinstance(response, FileResponse):
                    self._files.append(response)
                return response
            except BaseException as error:
                self._errors.append(error)
                raise
            finally:
                self._ended += 1

    def __len__(self) -> int:
        return len(self._made)

    def has_raised(self, error: BaseException) -> bool:
        """Whether one of them raised *error*."""
        return any(each is error for each in self._errors)

    @property
    def idle(self) -> list[Coroutine[Any, Any, Any]]:
        """Those that were never awaited."""
        if self._begun == len(self._made):
            return []
        states = inspect.getcoroutinestate
        return [each for each in self._made if states(each) == inspect.CORO_CREATED]

    @property
    def are_over(self) -> bool:
        """Whether all of them have ended."""
        return self._ended == len(self._made) or all(
            inspect.getcoroutinestate(each) == inspect.CORO_CLOSED for each in self._made
        )

    def end(self) -> None:
        """Send nothing that was not sent yet, whoever still holds a request; remove its files."""
        self._has_ended = True
        for response in self._files:
            response.close()
        if self._begun < len(self._made):
            for each in self.idle:
                each.close()

    async def wait_until_over(self) -> None:
        """Return when all of them have ended.

        ``asyncio.gather`` raises with the first that fails and leaves the others running. A
        verdict that does not know how these end would send again what they have applied.
        """
        # Nothing is called when a coroutine ends, and its task is not known here.
        while not self.are_over:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)
