"""The simulated Example Async, with and without its HTTP server."""

import http.client
import json
from contextlib import closing

from asyncdest_nb.simulators.example_async import ExampleAsync, ExampleAsyncKnobs
from asyncdest_nb.simulators.exchange import IncomingRequest
from asyncdest_nb.simulators.faulty_server import FaultyServer

ANNA = {"user_id": "c-1", "operation_type": "sync_profile", "data": {"email": "anna@example.com"}}
BERT = {"user_id": "c-2", "operation_type": "process_data", "data": {"email": "bert"}}
CARL = {"user_id": "", "operation_type": "sync_profile"}


class Clock:
    """A clock that only a test moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def connected(simulator):
    return http.client.HTTPConnection(simulator.endpoint.removeprefix("http://"), timeout=10)


def ask(simulator, method, path, document=None, **headers):
    body = None if document is None else json.dumps(document)
    with closing(connected(simulator)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()), answer.headers


def faulty_server(clock, **knobs):
    settings = ExampleAsyncKnobs.of(knobs)
    return FaultyServer(ExampleAsync(settings), settings, clock)


def posted(document, path="/operations"):
    return IncomingRequest("POST", path, json.dumps(document).encode())


def answered(server, method, path, document=None):
    body = b"" if document is None else json.dumps(document).encode()
    reply = server.answer(IncomingRequest(method, path, body)).reply
    return reply.status, reply.document


def payloads(count):
    return [{**ANNA, "user_id": f"c-{number}"} for number in range(count)]
