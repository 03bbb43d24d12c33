"""The description of an API: what it can say, key by key.

A description is a dict, or a file of JSON or YAML. `ad.http_destination(…)` makes an ordinary
destination of it; `ad.http_destination.from_openapi(…)` proposes one. There is no code in it.

# An example

An API takes people in jobs, and lists those that it refused. The description says so:

>>> import asyncdest_nb as ad
>>> people = {
...     "name": "People", "base_url": "{{ settings.url }}",
...     "settings": {"url": {"label": "URL", "type": "string", "required": True},
...                  "token": {"label": "Token", "type": "password"}},
...     "auth": {"bearer": "{{ settings.token }}"},
...     "actions": {"import": {
...         "fields": {
...             "email": {"label": "Email", "type": "string", "required": True},
...             "plan": {"label": "Plan", "type": "string", "choices": ["free", "pro"]}},
...         "limits": {"rows": 500, "bytes": 5_000_000},
...         "handle": "job_id",
...         "submit": [{"url": "/jobs", "json": {"people": "{{ rows }}"},
...                     "expect": 202, "extract": {"job_id": "$.id"}}],
...         "poll": {"url": "/jobs/{{ job_id }}",
...                  "status": {"path": "$.state", "words": {
...                      "pending": ["queued", "running"],
...                      "completed": "done", "failed": "error"}},
...                  "counts": {"failed": "$.failed_count"}},
...         "results": {"unlisted": "completed", "sources": [{
...             "url": "/jobs/{{ job_id }}/errors", "items": "$.errors",
...             "match": {"by": "index", "path": "$.index"},
...             "outcome": "failed", "error": "$.message"}]}}}}
>>> ad.http_destination(people)
<Destination people:  (import)>

A mistake is shown with its path, and with what would be right; several are shown at once:

>>> action = people["actions"]["import"]
>>> action["poll"]["url"] = "/jobs/{{ jobid }}"
>>> action["limits"] = {"row": 500}
>>> ad.http_destination(people)
Traceback (most recent call last):
...
asyncdest_nb.errors.UsageError: the description has 2 mistakes:
  actions.import.limits.row: unknown key; did you mean 'rows'? Known: rows, bytes, ...
  actions.import.poll.url: no name 'jobid'; did you mean 'job_id'? Known: ...

# Paths and placeholders

A *path* leads into JSON: `$.data.id`, `items[0].id`, `['Import Failure Reason']`; `$` is all of
it, and `operations[*].id` a list with the id of each. `$.` may be left out.

A *placeholder* in a text is a name: `{{ row.email }}`. A text that is one placeholder becomes
its value, of whatever type. In a longer text, a value stands as JSON has it. In a URL, values
are quoted; `{{ +name }}` leaves the slashes of a name such as `operations/7`. An entry of an
object without a value is left out; one whose name ends in `?` is left out if any of its
placeholders has none.

Filters may follow a path or a name: `{{ row.email | trim | lower | sha256 }}`. They are `json`,
`lower`, `trim`, `sha256`, `md5`, and `join`, which writes a list as "a, b".

| name | what it is | where |
|---|---|---|
| `settings.…` | a setting | everywhere |
| `token.…` | what `oauth2.keep` kept | everywhere |
| `batch.key` | a UUID of the batch; the same whenever it is sent again | in an action |
| `batch.size` | how many rows the batch has | in an action |
| `batch.…` | a field of `batch_by` | in an action |
| `rows` | the rows, each as `row` makes it | in `submit` |
| `row`, `row.…` | the fields of a row, a field of it | `row`, files, `match.row`, `submit_row` |
| `row_index`, `row_number` | the place of a row in the batch, from 0 and from 1 | the same |
| the handle | the id of the operation | after `submit` |
| names of `extract` | what was extracted | in later requests |
| `state.…` | what a step put into the `state` | in later requests |
| `ids` | the ids of a poll for many | in `poll` |

# The description

| key | what it says |
|---|---|
| `schema` | the version: `asyncdest/1` |
| `name`, `slug`, `description` | what the destination is called; the slug is made of the name |
| `base_url` | where the API is: paths of requests are appended |
| `settings` | fields: label, type (`password` is a secret), required, default |
| `auth` | how requests are authorized, by a setting of type `password` |
| `headers` | headers of all requests |
| `requests_per_second` | the rate that the API allows; 20 if left out |
| `answers` | `require`, `error`, `retry_codes` and `auth_codes` of all requests |
| `test` | a request that the credentials are tested with |
| `actions` | the actions, by slug |

# Authorization

| key | what it says |
|---|---|
| `bearer` | a token for the header Authorization |
| `headers` | headers by name |
| `basic` | `username` and `password` |
| `query` | parameters of the query |
| `oauth2` | the client credentials flow, with the keys of the next table |

# OAuth 2

| key | what it says |
|---|---|
| `token_url` | where tokens are got; a new one is fetched before the old one expires |
| `client_id`, `client_secret`, `scope` | the credentials |
| `params` | further fields |
| `send` | how: as a `form`, as `json`, by `basic` authentication, or in the `query` |
| `keep` | values of the reply by name, with their paths: `{{ token.name }}` |

# An action

| key | what it says |
|---|---|
| `title`, `description` | what it is called |
| `fields` | the fields of a row, by key: label, type, required, choices, default, … |
| `limits` | the most that a request may have |
| `batch_by` | rows with different values in these fields go in different batches |
| `unique` | fields whose value must be there, and in one row of a job only; with filters, as the |
| | API compares it. In a list in the list, a row needs one of the fields |
| `nulls` | how a null is sent, in objects too: `omit`, `null`, `empty`, `error`, `{sentinel: …}` |
| `row` | the template of a row; `{{ row }}` if left out |
| `submit` | the steps that send a batch |
| `submit_row` | the steps that send one row, if the API has another request for it |
| `handle` | the id of the operation: its name, or the table below |
| `recovery` | after a lost reply: `none` (held), `natural` (sent again: perhaps a second job), |
| | `key`, or with `find` |
| `held_note` | what the user reads who decides about rows that are held |
| `key_seconds` | how long the API remembers `batch.key` as an idempotency key |
| `settle_seconds` | how long a submission may be missing from `find` |
| `poll` | the request that asks how far an operation is |
| `results` | what became of each row |
| `result_columns` | names in `result` that become columns of the results |
| `cancel` | the request that ends an operation |
| `find` | finds a submission by `batch.key`, or by its rows, so that none is made twice; the last |
| | step makes it |

# Limits

| key | what it says |
|---|---|
| `rows`, `bytes` | of a batch |
| `row_bytes` | of a row; a larger one is `invalid`, and is not sent |
| `isolation_requests` | how many more requests may find the rows that a batch is refused for |

# A handle

| key | what it says |
|---|---|
| `name` | its name |
| `per` | `batch` (a job) or `row` |
| `value` | a template, if the id is chosen here |

An action may have no handle and no poll. Then a good answer is the end, but after a 202, which
says that something is still to be done, its rows are unknown.

# A request

| key | what it says |
|---|---|
| `name` | what it is called in errors |
| `method`, `url`, `query`, `headers` | a step of `submit` is a POST, others a GET |
| `json`, `form`, `text` | the body, as a template |
| `csv`, `jsonl` | the body is the rows: `{columns, header, gzip}` |
| `multipart` | parts by name: a text, or `{csv or jsonl, value, filename, content_type}` |
| `timeout_seconds` | how long the answer may take |
| `expect` | the good statuses; if left out, 2xx |
| `require` | what must be at paths of a good answer: `{success: true}` |
| `not_found` | words at paths that say what a 404 says: `{error.code: [NotFound]}` |
| `error` | where an answer has its `message` and `code` |
| `retry_codes`, `auth_codes` | codes after which it is sent again, and with a new token |

# A step of submit

| key | what it says, beside a request |
|---|---|
| `extract` | values by name: of the answer (`path`, or several, or `header`), or of what was sent |
| | (`value`, a template); `many`: one for each row; `optional` |
| `status` | for an API that may be done at once, see below: only `pending` rows are polled |
| `rows` | rows that the answer decides at once: an entry, and `refusals` |
| `message` | a template of what is said of the operations |
| `state` | values kept by name for later requests: a template, or `{value, hours}` |
| `checkpoint` | the id is known here; the steps after it may be repeated |
| `chunk_rows` | the step is repeated for so many rows each |

# Poll

| key | what it says, beside a request |
|---|---|
| `id` | the path of the operation's id: an answer about another operation is not read |
| `status` | how the status is stated, see below |
| `extract` | values for the requests of the results |
| `progress` | the path of a percentage (`percent`, and `missing` without one), or `done`, `total` |
| `counts` | paths of numbers of rows: `total`, `completed`, `failed`, `done` (failed or not) |
| `message` | paths of a text to show |
| `texts` | templates, by state, of what is said: `{{ status }}` is the word of the API |
| `result` | the path of the result, with a handle per row; `{}` if a completed row has none |
| `ended_at` | the path of the time when it ended |
| `many` | one request asks about many: `limit`, `items`, `id`, and the `separator` of `ids` |
| `repeat_last_step` | words of a job that was not started: the last step is sent again |

# Status

Words may differ in case. One that no list has is shown, and polled on; in an answer to `submit`,
if there is an id. Of an answer that has ended the rows are done, or failed, as it says. The states
are `pending`, `completed`, `partial` (some rows failed), `failed` and `canceled`.

| key | what it says |
|---|---|
| `path` | where a word is; of several (`[*]`), the job ends when all have ended |
| `words` | the words of each state |
| `missing` | what it means that there is none |
| `http` | the HTTP statuses of each state, instead of words |
| `done`, `error` | whether it is done, and its error, instead of words |

# Results

| key | what it says |
|---|---|
| `sources` | where entries are, see below |
| `unlisted` | what a row without an entry is, or that by state; `completed` only if counts agree |
| `keep_seconds` | how long the API has them; they are read once, at the end, and kept |

# A source of results

| key | what it says, beside a request and an entry |
|---|---|
| `url` | if left out, entries are in the last answer to the poll |
| `format`, `archive` | `json`, `jsonl` or `csv`, perhaps in a `gzip` or `tar.gz` |
| `delimiter` | what is between the cells of CSV, such as `;`; a comma if it is left out |
| `when` | a name of `extract`: the source is read if it has a value |
| `ends` | the states of a job for which it is read |
| `pages` | further pages, see below |
| `send_auth` | false for a URL of another host |

# An entry

| key | what it says |
|---|---|
| `items` | the path of the list |
| `match` | which row it is of, see below |
| `outcome` | `completed`, `failed`, …; or `{path, words, other}` |
| `result` | what is kept of it: paths by name, or one path; all of it if left out |
| `error` | where it has its `message` and `code` |
| `retryable`, `retryable_texts` | codes, and texts in messages, of rows that may be sent again |

# Match

| key | what it says |
|---|---|
| `by` | `index`, `line` (in the file), `order`, `pointer` (JSON pointer), `id` or `field` |
| `path` | where an entry names its row |
| `first` | the number of the first row: 0 for an index, 2 for a line (after the header) |
| `under` | what stands before the index in a pointer |
| `row` | what is at the path, as a template of the row |

# Pages

| key | what it says |
|---|---|
| `next_url` | the path of the next URL |
| `cursor` | the path of a cursor, which goes into `param` |
| `number` | `page` or `offset` goes into `param` |
| `param` | a parameter of the query |
| `first` | the number of the first page |
| `total` | the path of the number of all entries |
| `echo` | the path of a page's own number: the same page is not read twice |

# Find

| key | what it says, beside a request |
|---|---|
| `items`, `pages` | the list; if left out, the answer is the one that is looked for |
| `match` | paths, and what they have in the one that is looked for |
| `extract` | the handle, and what else the poll needs |
| `created_at` | where an entry has its time: one made before the submission is another |
| `open` | words at paths of an entry that has not ended: what it holds shows then |
| `listed_hours` | how long an entry is listed; later, "not there" says nothing |
| `contents` | if no entry has `batch.key`: requests that show what a job holds, see below |

# Contents of a job

They are read of each job that may be the one. With `batch.key` in `rows`, one entry that has it
is enough; without it, all entries must be of rows of ours, all rows must be there, and
`created_at` must say that the job was not there before. What is not certain is held, and named.

| key | what it says, beside a request |
|---|---|
| `items`, `pages`, `format`, `archive`, `delimiter`, `send_auth` | as in a source of results |
| `extract` | values by name for the next of these requests |
| `when` | a name of `extract`: it is read if it has a value, else the job shows nothing yet |
| `rows` | paths in an entry, and what is there for a row: `{$.email: "{{ row.email }}"}` |
"""
