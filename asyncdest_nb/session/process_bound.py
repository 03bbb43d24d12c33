"""What lives in one process: a copy is the same object, and another process gets an error."""

from __future__ import annotations

from typing import Any, NoReturn, Self

from ..errors import UsageError


class ProcessBound:
    """An object with threads, connections and secrets, which cannot be sent to a process."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Raise UsageError: pickle, joblib and multiprocessing call it."""
        raise UsageError(
            f"a {type(self).__name__} cannot be pickled: it belongs to this process. Give another "
            "process what it needs of it, such as run.results(), or a file of run.export(path)"
        )
