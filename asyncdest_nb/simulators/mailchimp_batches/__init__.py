"""The simulated Mailchimp: batches of operations, and the members of lists that they change."""

from .knobs import MailchimpBatchesKnobs
from .partner import MailchimpBatches

__all__ = ["MailchimpBatches", "MailchimpBatchesKnobs"]
