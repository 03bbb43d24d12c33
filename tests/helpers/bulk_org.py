"""A simulated Salesforce behind its faults, with a clock that only a test moves."""

import csv
import io
import json

from asyncdest_nb.simulators.exchange import IncomingRequest
from asyncdest_nb.simulators.faulty_server import FaultyServer
from asyncdest_nb.simulators.salesforce_bulk import SalesforceBulk, SalesforceBulkKnobs

DATA = "/services/data/v59.0"
KEY = "Customer_Id__c"
GONE = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]


def contacts(count, **more):
    return [{KEY: f"c-{n}", "LastName": f"Name {n}", **more} for n in range(count)]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def csv_of(rows, **options):
    text = io.StringIO()
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n", **options)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


class Org:
    """A simulated Salesforce behind its faults, and a clock to move."""

    def __init__(self, **knobs):
        self.now = 1000.0
        settings = SalesforceBulkKnobs.of({"duration_seconds": 10, "failing": 0, **knobs})
        self.server = FaultyServer(SalesforceBulk(settings), settings, lambda: self.now)

    def ask(self, method, path, document=None, *, token="x"):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        body = b"" if document is None else body
        reply = self.server.answer(IncomingRequest(method, path, body, f"Bearer {token}")).reply
        return reply.status, reply.document

    def on_job(self, method, job_id, document=None, part=""):
        return self.ask(method, f"{DATA}/jobs/ingest/{job_id}{part}", document)

    def opened(self, operation="upsert", object="Contact", key=KEY, **more):
        wanted = {"operation": operation, "object": object, **more}
        if operation == "upsert":
            wanted["externalIdFieldName"] = key
        status, job = self.ask("POST", f"{DATA}/jobs/ingest", wanted)
        assert status == 200, job
        return job["id"]

    def started(self, rows, operation="upsert", **more):
        """Open a job, upload *rows* (a list, or CSV), close it, and return its id."""
        job_id = self.opened(operation, **more)
        text = rows if isinstance(rows, str) else csv_of(rows)
        assert self.on_job("PUT", job_id, text.encode(), "/batches") == (201, None)
        assert self.on_job("PATCH", job_id, {"state": "UploadComplete"})[0] == 200
        return job_id

    def finished(self, rows, operation="upsert", **more):
        """Do the same and let the job end."""
        job_id = self.started(rows, operation, **more)
        self.now += 10
        return job_id

    def job(self, job_id):
        return self.on_job("GET", job_id)[1]

    def results(self, job_id, kind):
        status, text = self.on_job("GET", job_id, part=f"/{kind}")
        assert status == 200
        return rows_of(text)

    def errors(self, job_id):
        return [row["sf__Error"] for row in self.results(job_id, "failedResults")]

    def contacts(self):
        return self.server.records.get("Contact", [])

    def only(self, row, operation="upsert", **more):
        """Send one row and return its error, None if it was applied."""
        errors = self.errors(self.finished([row], operation, **more))
        return errors[0] if errors else None
