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
...     "cart": ['[{"sku": "A-1", "qty": 2}, {"sku": "B-2"}]'], "coupon": [None],
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

# `@if`: one value or another

`exists` asks whether a value is there at all; `blank` is true for a value that is *not* blank,
in spite of its name. `else` may be left out.

>>> coupon = {"@path": "$.coupon"}
>>> data_of({"coupon": {"@if": {"exists": coupon, "then": coupon, "else": "none"}}})
{'coupon': 'none'}

# `@case` and `@replace`: another text

>>> data_of({"plan": {"@case": {"operator": "upper", "value": {"@path": "$.plan"}}}})
{'plan': 'PRO'}
>>> data_of({"id": {"@replace": {"value": {"@path": "$.id"}, "pattern": "0", "replacement": "-"}}})
{'id': '--7'}

A pattern is plain text of at most 10 characters; `ignorecase` and `global` are true or false, and
`pattern2` with `replacement2` replaces a second one.

# `@json`: a text with JSON in it

`decode` opens a text, `encode` makes one. What is no JSON is left as it is.

>>> cart = {"@json": {"mode": "decode", "value": {"@path": "$.cart"}}}
>>> data_of({"cart": cart})
{'cart': [{'sku': 'A-1', 'qty': 2}, {'sku': 'B-2'}]}
>>> data_of({"text": {"@json": {"mode": "encode", "value": {"@path": "$.address"}}}})
{'text': '{"city":"London","lines":["1 High St","Flat 2"]}'}

# `@arrayPath`: a list with items of another shape

The first part is a path or a directive, the second a mapping that reads one item.

>>> data_of({"cart": {"@arrayPath": [cart, {"id": {"@path": "$.sku"}, "n": {"@path": "$.qty"}}]}})
{'cart': [{'id': 'A-1', 'n': 2}, {'id': 'B-2'}]}

# `@flatten` and `@merge`: objects of another shape

>>> data_of({"@flatten": {"separator": ".", "value": {"@path": "$.address"}}})
{'city': 'London', 'lines.0': '1 High St', 'lines.1': 'Flat 2'}
>>> moved = [{"@path": "$.address"}, {"city": "York"}]
>>> data_of({"@merge": {"direction": "right", "objects": moved}})
{'city': 'York', 'lines': ['1 High St', 'Flat 2']}

By `"right"` the last object wins, by `"left"` the first; `"omitArrays": true` keeps lists whole.

# `@excludeWhenNull`: leave out what is null

>>> data_of({"code": {"@excludeWhenNull": {"@path": "$.coupon"}}, "plan": {"@path": "$.plan"}})
{'plan': 'pro'}

# `@transform`: a mapping of what another mapping makes

>>> named = {"name": {"@template": "{{first}} {{last}}"}}
>>> data_of({"@transform": {"apply": named, "mapping": {"who": {"@path": "$.name"}}}})
{'who': 'Ada King'}

# `@liquid`: a template with filters

It needs the extra `liquid`. The tags that loop or load other templates, and the costly filters,
are refused as in Segment; a template has at most 1,000 characters.

>>> data_of({"name": {"@liquid": "{{ last | upcase }}{% if plan == 'pro' %} (paying){% endif %}"}})
{'name': 'KING (paying)'}

# Objects and lists

Directives may be at any depth. An item of a list without a value is null.

>>> data_of({"person": {"names": [{"@path": "$.first"}, {"@path": "$.address.middle"}]}})
{'person': {'names': ['Ada', None]}}

# Only some rows

`subscribe=` of `submit` and `preview` is a condition in FQL, the language of Segment's
subscriptions: only the rows that match are sent. It asks about the columns `type`, `event`, `name`
and `userId`, and about `properties.…`, `traits.…` and `context.…`. In a terminal it is
`--subscribe`, in the explorer "Only rows that match".

>>> events = pd.DataFrame({"user_id": ["7", "8"], "type": ["track", "page"],
...                        "properties.plan": ["pro", "pro"]})
>>> crm.preview(events, "asyncOperation", operation_type="sync_profile",
...             subscribe='type = "track" and properties.plan = "pro"')
1 row in 1 batch, 0 invalid; nothing has been sent
  1 of 2 rows match type = "track" and properties.plan = "pro"
  ...

| condition | is true for |
|---|---|
| `event = "Order Completed"`, `event != "x"` | this text; any other value, also none |
| `properties.total >= 5`, `= 5`, `!= 5` | numbers only, never a text such as `"5"` |
| `traits.paid = true`, `= false` | this boolean only |
| `userId = null`, `userId != null` | no value; any value |
| `contains(event, "Order")`, `!contains(…)` | texts with, and without it |
| `match(event, "Order*")`, `match(event, "*ed")`, `!match(…)` | texts that begin, or end so |

Conditions are joined by `and` or by `or`; to mix them, put one kind in parentheses, once. Texts
have double quotes. What Segment would read as something else is refused, with the reason.

# Mistakes

An object with a directive has no other key, and an unknown directive is refused:

>>> data_of({"plan": {"@pth": "$.plan"}})
Traceback (most recent call last):
...
asyncdest_nb.errors.MappingError: ...
>>> demo.stop()

# As in Segment

The language is that of Segment's action-destinations framework. A mapping, a subscription and
fields from there give the same here, also where that may surprise. Fields that are given as a dict
are checked as there, and those of a class of `ad.Payload` as they are declared. A subscription that
you type is refused where Segment would misread it; an `ad.StoredSubscription` is read as there.

| in Segment | here | for something else |
|---|---|---|
| a path through `null`, `0`, `""` or `false` gives that value | the same | `@if` with `blank` |
| `{{$.plan}}` is empty: a placeholder has no `$.` | the same | `{{plan}}` |
| `{{{text}}}` fills the placeholders in that text too | the same | `{{text}}` |
| an `else` of `0`, `false`, `""` or `null` counts as none | the same | `{"@literal": 0}` |
| `blank` is true for a value that is not blank; `0` and `[]` are blank | the same | `exists` |
| `exists` wins where `blank` is there too | the same | one of them |
| `@replace` reads `$&`, `` $` `` and `$'` in a replacement | the same | `$$` for a dollar sign |
| `@replace` makes `""` of null, lists and objects | the same | `@if` around it |
| `"mode": "Encode"` passes the check and gives nothing | the same | `"encode"` |
| `"direction": "LEFT"` passes the check and means `"right"` | the same | `"left"` |
| a dot in a path separates keys, also in quotes | the same | the name of a column may have dots |
| `@flatten` names a value `""` if it is no object or list | the same | `@if` around it |
| a row for which a directive fails loses its batch | only the row is `invalid` | |
| `type = 'track'` has the quotes in the text, and matches nothing | refused | `type = "track"` |
| the last of `and` and `or` joins all conditions | refused | parentheses, once |
| `!(…)` and `not` are passed over | refused | `!=`, `!contains(…)`, `!match(…)` |
| `!= 5` is false where there is no value, and `!= "5"` is true | the same | `or … = null` |
| `match(event, "exact")` asks for the end `xact` | refused | `event = "exact"` |
| `""` is no value in a single event, and one in a batch | the same | a class: no value |
| a bound of 0, and those of integers and of lists, are not checked | the same | a class |
| the format of a field with several values is not checked | the same | a class |
| `null` in an object of a list becomes `0` or `""` | the same | a class: `invalid` |
| an object with a conditional key may lack its required ones | the same | a class |
| a condition is asked before conversion: `"5"` is not `5` | the same | a class with a validator |
| `2024-99-99` is a date | the same | a class, with `datetime` |
| `"Infinity"` is a number, which is sent as `null` | the row is `invalid` | |
| actions of the same title have the fields of the first | each has its own | |
| an object that `performBatch` returns completes all rows | the same | a multi-status |
| a row without an entry in a multi-status is a wrong payload | it is `unknown` | |
| an error in `performBatch` loses the outcomes of its rows | each row has one | |
| a job without a multi-status is lost | all rows belong to it | |
| a 401 for one row sends all rows again | only this row | |

There are three more differences. A whole number keeps all its digits where JavaScript rounds it. An
unknown directive inside a list is refused before the first row. And `@liquid` formats dates in UTC
where no zone is stated, reads dates in the usual formats only, and is limited by what it makes (100
million characters) and not by a clock.
"""

from __future__ import annotations
