"""What the batch APIs of language models have in common: rows as requests, answers as rows.

fields     the fields of a row that is sent to a model
images     pictures, by URL or as files
schemas    JSON schemas in the strict form that the vendors need
keys       the ids by which rows are found again
key_marks  with which API key a job was sent
lines      JSON, and lines of it
answers    the outcome of each row, matched by its id
columns    what becomes columns of the results
result_files  files of results, which may be gone
rows       the rows of a job on their way
job_files  the file of them, uploaded before the batch is created
job_list   pages of the list of batches
preflight  faults that are found before anything is sent
tokens     how many tokens a request probably has
"""

from .answers import (
    JobAnswers,
    copies_note,
    read_again,
    refused,
    sent_places,
    sent_rows,
    still_running,
)
from .columns import EMBEDDING_COLUMNS, TEXT_COLUMNS, completed, whole_number
from .fields import IMAGE_FIELDS, ModelRequest, TextRequest, with_parameters
from .images import ImageFile, ImageLimits, WebImage, image_bytes, images_of
from .job_files import KeptFile, outcomes_left_out, uploaded
from .job_list import JobsPage, jobs_page
from .key_marks import batch_at, note_key, require_same_key
from .keys import SUBMISSION, batch_key, custom_id
from .lines import read_lines, to_json
from .preflight import choice_fault, common_faults, row_faults
from .result_files import result_file
from .rows import JobRows, is_parsed, parsed_rows
from .schemas import StrictForm, strict_schema
from .tokens import counted_tokens, guessed, prompt_tokens, queued_tokens

__all__ = [
    "EMBEDDING_COLUMNS",
    "IMAGE_FIELDS",
    "SUBMISSION",
    "TEXT_COLUMNS",
    "ImageFile",
    "ImageLimits",
    "JobAnswers",
    "JobRows",
    "JobsPage",
    "KeptFile",
    "ModelRequest",
    "StrictForm",
    "TextRequest",
    "WebImage",
    "batch_at",
    "batch_key",
    "choice_fault",
    "common_faults",
    "completed",
    "copies_note",
    "counted_tokens",
    "custom_id",
    "guessed",
    "image_bytes",
    "images_of",
    "is_parsed",
    "jobs_page",
    "note_key",
    "outcomes_left_out",
    "parsed_rows",
    "prompt_tokens",
    "queued_tokens",
    "read_again",
    "read_lines",
    "refused",
    "require_same_key",
    "result_file",
    "row_faults",
    "sent_places",
    "sent_rows",
    "still_running",
    "strict_schema",
    "to_json",
    "uploaded",
    "whole_number",
    "with_parameters",
]
