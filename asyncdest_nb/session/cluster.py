"""Frames of Dask: its workers map and check the rows, and make the requests that send them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from itertools import count
from typing import TYPE_CHECKING, Any

from ..destination import Action
from ..errors import UsageError, install_command
from ..frame import DataFrame, column_names, without_rows
from ..mapping import FieldMap
from ..request import RelayedRequest, RelayedResponse, relayed_response
from .field_sources import plan_sources
from .streamed import StreamedSlice, frame_slices, require_columns

if TYPE_CHECKING:
    import distributed

LOOK_SECONDS = 0.5  # Between two looks whether a worker that has a request is still there.
AHEAD = 2  # Partitions for each worker that are mapped before the session reads them.


def is_dask(frame: object) -> bool:
    """Whether *frame* is a DataFrame of Dask."""
    if type(frame).__module__.partition(".")[0] not in ("dask", "dask_expr"):
        return False
    import dask.dataframe as dd

    return isinstance(frame, dd.DataFrame)


class Cluster:
    """The workers of the Client of distributed that is in use."""

    def __init__(self) -> None:
        if find_spec("distributed") is None:
            raise UsageError(f"a frame of Dask needs distributed: {install_command('dask')}")
        import distributed

        try:
            self._client: distributed.Client = distributed.default_client()
        except ValueError:
            raise UsageError(
                "a frame of Dask is sent by the workers of a cluster: make one first, with "
                "client = distributed.Client(), or pass frame.compute()"
            ) from None
        self._turns = count()

    def slices_of(
        self, frame: Any, action: Action, given: Mapping[str, Any]
    ) -> tuple[FieldMap, Iterator[StreamedSlice]]:
        """Return what fills the fields, and the rows of *frame* as the workers prepare them.

        *given* are the arguments of ``plan_sources``.
        """
        fields = plan_sources(action, without_rows(frame.columns, frame.index.name), **given)
        return fields, self._slices(frame, action, given)

    def _slices(
        self, frame: Any, action: Action, given: Mapping[str, Any]
    ) -> Iterator[StreamedSlice]:
        start = 0
        for partition in self._prepared(frame, action, given):
            for each in partition:
                yield each.moved(start)
            start += sum(each.prepared.rows for each in partition)

    def _prepared(
        self, frame: Any, action: Action, given: Mapping[str, Any]
    ) -> Iterator[list[StreamedSlice]]:
        """Yield the slices of each partition, in order; some partitions are prepared ahead.

        This has no effect outside, so Dask may do it again when a worker is lost.
        """
        client, waiting = self._client, deque[Any]()
        names = column_names(without_rows(frame.columns, None))
        for number, partition in enumerate(frame.to_delayed(), 1):
            rows, place = client.compute(partition), (number, names)
            task = client.submit(prepared_partition, rows, action, given, place, pure=False)
            waiting.append(task)
            if len(waiting) > AHEAD * max(1, len(client.nthreads())):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    async def relay(self, request: RelayedRequest) -> RelayedResponse | None:
        """Have one of the workers make *request*, once; None = there is no worker.

        Raises ConnectionError if its worker was lost meanwhile: it may have been made.
        """
        if self._client.status != "running":
            return None
        loop = self._client.loop.asyncio_loop
        handed = asyncio.run_coroutine_threadsafe(self._handed_over(request), loop)
        try:
            return await asyncio.wrap_future(handed)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise ConnectionError("the cluster was closed while it made the request") from None

    async def _handed_over(self, request: RelayedRequest) -> RelayedResponse | None:
        """Do it on the loop of the client."""
        try:
            workers = sorted(await self._client.nthreads())
        except OSError:
            return None
        if not workers:
            return None
        worker = workers[next(self._turns) % len(workers)]
        # Not as a task: Dask runs one again when its worker dies, and what it had sent would be
        # sent a second time.
        made = asyncio.ensure_future(self._client.run(relayed_response, request, workers=[worker]))
        try:
            # The scheduler tries for half a minute to reach a worker that is gone.
            while not (await asyncio.wait({made}, timeout=LOOK_SECONDS))[0]:
                if worker not in await self._client.nthreads():
                    raise ConnectionError("it left the cluster")
            answer: RelayedResponse = made.result()[worker]
            return answer
        except Exception as error:
            why = f"the worker {worker} was lost while it made the request"
            raise ConnectionError(f"{why}: {type(error).__name__}") from None
        finally:
            made.cancel()


def prepared_partition(
    frame: DataFrame, action: Action, given: Mapping[str, Any], place: tuple[int, Sequence[str]]
) -> list[StreamedSlice]:
    """Return the rows of *frame*, a partition, mapped and checked; on a worker.

    *place* is its number, from 1 on, and the names of the columns that Dask knows. Raises
    FrameError if it has rows and other columns: Dask does not compare them everywhere.
    """
    number, names = place
    if not len(frame):
        return []
    require_columns(frame, names, f"partition {number} has other columns than Dask knows")
    fields = plan_sources(action, frame, **given)
    found = frame_slices([frame], action, fields, names)
    return [replace(each, prepared=each.prepared.without_columns()) for each in found]
