"""Async REST APIs as data: a description becomes an ordinary destination.

model, parts   what an author writes
faults, lint   what is wrong with it, all at once, with paths; names, steps and gaps are parts of it
look_up        values in JSON by dotted paths
filters        what a value may be put through
template       JSON with placeholders
scope          the names in placeholders, and their values
compile        Destination and Action of a description
account        base URL, headers and tokens
plans          what the functions of an action share
exchange       one request, and how its answer is judged
rows           the rows as they are sent
submit         steps, find, cancel
acceptance     what is kept of a submission that was accepted
ended          rows that nobody asks about any more
status, poll   how far an operation is
pages          pages of a list
entries        results in pages of JSON, lines of JSON, CSV, archives
job_results    the sources of a job's results
outcomes       the outcome of each row, reconciled with counts
decided        rows that the answer to a submission decides
results_model  what an author writes of results
yaml_text      files of YAML as version 1.2 has it
openapi, …     a description proposed from an OpenAPI document
"""

from .load import http_destination, shipped
from .model import ApiDescription

__all__ = ["ApiDescription", "http_destination", "shipped"]
