"""A small partner with jobs: it stores letters, by name, and streams their results."""

from __future__ import annotations

from asyncdest_nb.simulators.exchange import IncomingRequest, Reply, canonical
from asyncdest_nb.simulators.faulty_server import FaultyServer
from asyncdest_nb.simulators.jobs import JobKnobs, JobPartner

FAILURES = ("TORN", "WET")


class LetterPartner(JobPartner):
    """A partner with three routes."""

    Knobs = JobKnobs

    def __init__(self, knobs):
        super().__init__(knobs)
        self.routes = {
            "/jobs": {"POST": self.create},
            "/jobs/{id}": {"GET": self.poll, "DELETE": self.cancel},
            "/jobs/{id}/results": {"GET": self.results},
        }

    def settings(self, endpoint):
        return {"endpoint": endpoint}

    def error_reply(self, status, message, **headers):
        return Reply(status, {"error": message}, headers)

    def unauthorized(self, request, now):
        return None

    def rows_sent(self, request):
        return request.document if isinstance(request.document, list) else []

    def shown(self, job, now):
        return {"id": job.job_id, "phase": job.phase(now), "done": job.processed(now)}

    def applied(self, job, index):
        row = job.rows[index]
        failure = self.failure_drawn(canonical(row), FAILURES)
        if failure is None:
            self.stored.upsert("letter", row["name"], row)
        return failure

    def create(self, request, now):
        job = self.accept(request.document, now, content=request.body, form="job_{}")
        return Reply(202, self.shown(job, now))

    def poll(self, request, now, job_id):
        return Reply(200, self.shown(self.find(job_id, now), now))

    def cancel(self, request, now, job_id):
        return Reply(204 if self.find(job_id, now).cancel(now, takes_seconds=1) else 409)

    def results(self, request, now, job_id):
        job = self.find(job_id, now)
        if self.has_expired_results(job, now):
            return Reply(410)
        indexes = self.given(job, range(len(job.outcomes)))
        return Reply(200, chunks=(f"{index} {job.outcomes[index]}\n".encode() for index in indexes))


def letters(count):
    return [{"name": f"n-{number}"} for number in range(count)]


def letter_server(clock, **knobs):
    settings = JobKnobs.of({"duration_seconds": 10, **knobs})
    return FaultyServer(LetterPartner(settings), settings, clock)


def asked(server, method, path, document=None):
    body = b"" if document is None else canonical(document).encode()
    return server.answer(IncomingRequest(method, path, body)).reply


def job_of(server, rows):
    return asked(server, "POST", "/jobs", rows).document["id"]


def result_lines(server, job_id):
    return b"".join(asked(server, "GET", f"/jobs/{job_id}/results").chunks).decode().splitlines()
