"""What partners have in common that take many rows in one request, and end them later."""

from .job import AcceptedJob, JobPhase
from .knobs import JobKnobs
from .partner import JobPartner, guid, number
from .records import StoredRecords

__all__ = ["AcceptedJob", "JobKnobs", "JobPartner", "JobPhase", "StoredRecords", "guid", "number"]
