"""The mapping language: what fills the fields of an action.

A *field* of an action gets its value, for each row, from the first of these that there is:

1. its entry in `mapping=`, or the keyword of its name;
2. the column that `columns=` names for it;
3. the column of its own name;
4. its default.

`crm.preview(…)` shows what fills each field, and the payloads. An entry of `mapping=` is a
*constant* or a *directive*, or an object or list with directives in it. The same is written
in the JSON file of `asyncdest-nb send --mapping FILE`.

The examples use these rows:

>>> import pandas as pd
>>> import asyncdest_nb as ad
>>> demo = ad.simulate("example-async")
>>> crm = ad.connect(demo)
>>> df = pd.DataFrame({
...     "id": ["007"], "first": ["Ada"], "last": ["King"], "plan": ["pro"],
...     "address": [{"city": "London", "lines": ["1 High St", "Flat 2"]}],
... })
>>> def data_of(mapping):
...     preview = crm.preview(df, "asyncOperation", columns={"user_id": "id"},
...                           operation_type="sync_profile", mapping={"data": mapping})
...     return preview.payloads[0]["data"]

# Constants

Text, numbers, true, false, null, and lists and objects of them are sent as they are, the same
for every row.

>>> data_of({"source": "notebook", "level": 3})
{'source': 'notebook', 'level': 3}

# `@path`: a value of the row

`{"@path": "$.plan"}` is the value in the column `plan`. A dot leads into an object, brackets to
an item of a list; `$.` alone is the whole row.

>>> data_of({"plan": {"@path": "$.plan"}, "city": {"@path": "$.address.city"}})
{'plan': 'pro', 'city': 'London'}
>>> data_of({"line": {"@path": "$.address.lines[1]"}})
{'line': 'Flat 2'}

A path begins with the whole name of a column, also of one with dots in it, as
`pd.json_normalize` makes them:

>>> flat = pd.DataFrame({"user_id": ["8"], "address.city": ["Paris"]})
>>> preview = crm.preview(flat, "asyncOperation", operation_type="sync_profile",
...                       mapping={"data": {"city": {"@path": "$.address.city"}}})
>>> preview.payloads[0]["data"]
{'city': 'Paris'}

A column that does not exist is a mistake, and nothing is sent:

>>> data_of({"plan": {"@path": "$.plam"}})
Traceback (most recent call last):
...
asyncdest_nb.errors.UnknownName: no column 'plam'; did you mean 'plan'? Known: ...

A value inside a column may be missing in some rows; then the key is left out.

>>> data_of({"country": {"@path": "$.address.country"}, "id": {"@path": "$.id"}})
{'id': '007'}

# `@template`: a text with values in it

Each `{{placeholder}}` is a path; a missing value is an empty text.

>>> data_of({"name": {"@template": "{{first}} {{last}}"}})
{'name': 'Ada King'}

# `@literal`: a value as it is

Of use where a constant would be read as something else, as in a tool that writes mappings.

>>> data_of({"name": {"@literal": "{{first}}"}})
{'name': '{{first}}'}

# Objects and lists

Directives may be at any depth. An item of a list without a value is null.

>>> data_of({"person": {"names": [{"@path": "$.first"}, {"@path": "$.address.middle"}]}})
{'person': {'names': ['Ada', None]}}

# Mistakes

An object with a directive has no other key, and an unknown directive is refused:

>>> data_of({"plan": {"@pth": "$.plan"}})
Traceback (most recent call last):
...
asyncdest_nb.errors.MappingError: ...
>>> demo.stop()

The language is that of Segment's action-destinations framework.
"""

from __future__ import annotations
