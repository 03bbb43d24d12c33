"""Simulators start, stop and end with the interpreter."""

import json
import subprocess
import sys
from contextlib import closing

import pytest
from IPython.core.formatters import HTMLFormatter

from asyncdest_nb.errors import UsageError
from asyncdest_nb.simulators import simulate
from example_partner import ANNA, ask, connected

# Starting and stopping


def test_many_start_in_one_process_and_stop_alone(simulated_example):
    simulators = [simulated_example() for _ in range(5)]
    assert len({simulator.endpoint for simulator in simulators}) == 5
    simulators[0].stop()
    simulators[0].stop()
    with pytest.raises(ConnectionRefusedError):
        ask(simulators[0], "GET", "/")
    assert all(ask(simulator, "GET", "/")[0] == 404 for simulator in simulators[1:])


def test_it_stops_in_the_middle_of_an_answer(simulated_example):
    simulator = simulated_example(latency_seconds=1e6)
    with closing(connected(simulator)) as connection:
        connection.request("POST", "/operations", json.dumps(ANNA))
        while not simulator.operations:
            pass
        simulator.stop()


def test_it_says_what_it_is_and_stays_readable_when_stopped(simulated_example):
    simulator = simulated_example()
    ask(simulator, "POST", "/operations", ANNA)
    assert repr(simulator) == (
        f"<Simulator example-async at {simulator.endpoint}, 1 operation, 1 request>"
    )
    simulator.stop()
    assert repr(simulator) == "<Simulator example-async stopped, 1 operation, 1 request>"
    assert "stopped, 1 operation" in HTMLFormatter()(simulator)


def test_it_writes_nothing_to_the_screen(simulated_example, capfd):
    simulator = simulated_example()
    ask(simulator, "POST", "/operations", ANNA)
    with closing(connected(simulator)) as connection:
        connection.connect()
        connection.sock.sendall(b"what is HTTP\r\n\r\n")
        connection.sock.recv(1000)
    simulator.stop()
    assert capfd.readouterr() == ("", "")


def run(code):
    """Run *code* in an interpreter of its own, where every warning is an error."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.slow
def test_it_ends_silently_with_the_interpreter():
    ended = run(
        "import http.client, logging\n"
        "from asyncdest_nb.simulators import simulate\n"
        # On a busy machine the development mode finds a step of the loop slow, and logs it.
        "logging.getLogger('asyncio').setLevel('ERROR')\n"
        "simulators = [simulate('example-async', latency_seconds=s) for s in (0, 60)]\n"
        "connections = [http.client.HTTPConnection(s.endpoint[7:]) for s in simulators]\n"
        "for connection in connections: connection.request('GET', '/')\n"
        "assert connections[0].getresponse().read()\n"
        "for connection in connections: connection.close()\n"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.slow
def test_it_leaves_nothing_open_when_it_is_stopped_in_the_middle_of_answers():
    ended = run(
        "import gc, http.client, logging\n"
        "from asyncdest_nb.simulators import simulate\n"
        # On a busy machine the development mode finds a step of the loop slow, and says so.
        "logging.getLogger('asyncio').setLevel('ERROR')\n"
        "with simulate('example-async', latency_seconds=60) as simulator:\n"
        "    where = simulator.endpoint[7:]\n"
        "    connections = [http.client.HTTPConnection(where) for _ in range(10)]\n"
        '    body = b\'{"user_id": "c-1", "operation_type": "sync_profile"}\'\n'
        "    for each in connections: each.request('POST', '/operations', body)\n"
        "    while len(simulator.operations) < 10: pass\n"
        "gc.collect()\n"
        "for each in connections: each.close()\n"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.slow
def test_it_leaves_nothing_open_when_it_is_stopped_while_it_accepts():
    ended = run(
        "import logging, socket\n"
        "from asyncdest_nb.simulators import simulate\n"
        "logging.getLogger('asyncio').setLevel('ERROR')\n"
        "for _ in range(20):\n"
        "    with simulate('example-async') as simulator:\n"
        "        where = ('127.0.0.1', int(simulator.endpoint.rsplit(':', 1)[1]))\n"
        "        connections = [socket.create_connection(where) for _ in range(3)]\n"
        "    for each in connections: each.close()\n"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.slow
def test_it_leaves_nothing_open_where_nest_asyncio_has_replaced_asyncio_run():
    ended = run(
        "import gc, nest_asyncio2\n"
        "nest_asyncio2.apply()\n"
        "from urllib.request import urlopen\n"
        "from asyncdest_nb.simulators import simulate\n"
        "with simulate('example-async', synchronous=True) as simulator:\n"
        '    body = b\'{"user_id": "c-1", "operation_type": "sync_profile"}\'\n'
        "    assert urlopen(simulator.endpoint + '/operations', body).read()\n"
        "gc.collect()\n"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.slow
def test_the_server_and_the_partners_are_imported_only_to_start_one():
    ended = run(
        "import sys\n"
        "from asyncdest_nb.simulators import SIMULATORS, simulate\n"
        "def partners():\n"
        "    names = {slug: slug.replace('-', '_') for slug in SIMULATORS}\n"
        "    loaded = {name.removeprefix('asyncdest_nb.simulators.') for name in sys.modules}\n"
        "    return [slug for slug, name in names.items() if name in loaded]\n"
        "assert not {'uvicorn', 'starlette'} & set(sys.modules)\n"
        "assert partners() == [], partners()\n"
        "simulate('example-async').stop()\n"
        "assert partners() == ['example-async'], partners()\n"
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "asyncdest_nb.simulators.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(UsageError, match=r'uvicorn.*pip install .+\[demo\]"'):
        simulate("example-async")
