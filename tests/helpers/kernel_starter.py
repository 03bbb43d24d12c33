"""Ask the process of ``forked_kernels`` for a kernel, and stand for it: what a server starts.

It imports little, since it is started for each kernel.
"""

import json
import os
import signal
import socket
import sys
import time


def main(where: str, connection_file: str) -> None:
    """Ask for a kernel, hand interrupts on, and wait for its end."""
    with _connected(where) as asked:
        request = {
            "connection_file": connection_file,
            "folder": os.getcwd(),
            "environment": dict(os.environ),
        }
        asked.sendall(json.dumps(request).encode() + b"\n")
        answers = asked.makefile("rb")
        kernel = int(answers.readline())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda got, _: os.killpg(kernel, got))
        answers.read()  # Until the kernel is gone.


def _connected(where: str) -> socket.socket:
    """Connect to the process, which imports for some seconds first."""
    give_up = time.monotonic() + 60
    while True:
        asked = socket.socket(socket.AF_UNIX)
        try:
            asked.connect(where)
            return asked
        except OSError:
            asked.close()
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)


main(*sys.argv[1:])
