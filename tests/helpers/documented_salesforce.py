"""Requests to a simulated organisation, as Salesforce's developer guides describe them.

"Bulk API 2.0 and Bulk API Developer Guide" for jobs, "REST API Developer Guide" for
versions and limits, the help pages of OAuth flows for tokens.
"""

from __future__ import annotations

import time

import requests

DATA = "/services/data/v59.0"
JOBS = f"{DATA}/jobs/ingest"
KEY = "Ext__c"


class Org:
    """A session of requests with one played organisation."""

    def __init__(self, simulator, session):
        self.simulator, self.session = simulator, session
        self.session.headers["Authorization"] = "Bearer x"

    def ask(self, method, path, **options):
        return self.session.request(method, self.simulator.endpoint + path, timeout=30, **options)

    def open(self, operation="insert", object="Contact", **more):
        answer = self.ask("POST", JOBS, json={"operation": operation, "object": object, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def change(self, job_id, state):
        return self.ask("PATCH", f"{JOBS}/{job_id}", json={"state": state})

    def upload(self, job_id, text, kind="text/csv"):
        path = f"{JOBS}/{job_id}/batches"
        return self.ask("PUT", path, data=text.encode(), headers={"Content-Type": kind})

    def run(self, text, operation="insert", object="Contact", **more):
        """Do a job to its end and return what is said of it."""
        job_id = self.open(operation, object, **more)["id"]
        assert self.upload(job_id, text).status_code == 201
        assert self.change(job_id, "UploadComplete").status_code == 200
        return self.ended(job_id)

    def ended(self, job_id):
        while True:
            job = self.ask("GET", f"{JOBS}/{job_id}").json()
            if job["state"] not in ("UploadComplete", "InProgress"):
                return job
            time.sleep(0.01)

    def errors(self, job):
        lines = self.ask("GET", f"{JOBS}/{job['id']}/failedResults").text.splitlines()
        return [line.split('","')[1] for line in lines[1:]]

    def token(self, auth=None, **form):
        path = f"{self.simulator.endpoint}/services/oauth2/token"
        return requests.post(path, data=form, auth=auth, timeout=30)


def refusal(answer):
    (error,) = answer.json()
    assert set(error) == {"errorCode", "message"}
    return answer.status_code, error["errorCode"]
