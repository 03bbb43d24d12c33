"""The shell that runs the cells, if there is one, and whether a person looks at it.

Only an import of IPython makes a shell, so a script has none and need not load it.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def get_shell() -> Any:
    """Return the shell of IPython that runs this code; None = it runs without one."""
    loaded: Any = sys.modules.get("IPython")
    return None if loaded is None else loaded.get_ipython()


def is_live(shell: Any) -> bool:
    """Whether a person looks at what *shell* displays.

    nbconvert, papermill and nbclient run cells without standard input; a notebook
    in a browser always offers it. Voila does not, and yet somebody looks at it. A
    message that is no cell, such as a click on a button, comes from a page.
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    parent = kernel.get_parent()
    return in_voila() or bool(parent and parent.get("content", {}).get("allow_stdin", True))


def in_voila() -> bool:
    """Whether the page is Voila's, which saves nothing."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila")
