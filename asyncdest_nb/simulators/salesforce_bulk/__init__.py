"""The simulated Salesforce Bulk API 2.0: jobs of rows in CSV, and the records they change."""

from .knobs import SalesforceBulkKnobs
from .partner import SalesforceBulk

__all__ = ["SalesforceBulk", "SalesforceBulkKnobs"]
