"""A process that submits to a server and is killed: ``killed_child.py FILE SETTINGS ACTION``.

SETTINGS and the options of ACTION are JSON. It prints a line when the run is at work, and
ends only when its standard input does.
"""

from __future__ import annotations

import json
import sys

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot


def main(path: str, slug: str, settings: str, submission: str) -> None:
    """Submit, say so, and wait to be killed."""
    session = ad.Session(path=path)
    connection = session.connect(slug, requests_per_second=500, **json.loads(settings))
    options = json.loads(submission)
    frame = pd.DataFrame(options.pop("frame"), index=options.pop("index"))
    run = connection.submit(frame, **options, schedule=SquareRoot(minimum=0.05, cost=0.01))
    print(run.id, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
