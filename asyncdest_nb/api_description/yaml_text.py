"""YAML as version 1.2 has it, which JSON and OpenAPI are read by: `no` and `12:30` are texts.

PyYAML follows version 1.1, where `yes`, `no`, `on` and `off` are booleans, `010` is 8, and dates
are no texts. A description names the words of an API, which are often such.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

_TAG = "tag:yaml.org,2002:"
# Version 1.2, section 10.3.2, and 1_000, as files of version 1.1 may have it.
_SCALARS = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(?:0|[1-9][0-9_]*)", "-+0123456789"),
    "float": (
        r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?",
        "-+.0123456789",
    ),
    "timestamp": (None, ""),
}


def read_yaml(text: str) -> Any:
    """Return the value of *text*; raises ImportError without PyYAML, and its YAMLError."""
    import yaml

    return yaml.load(text, Loader=_loader())


@cache
def _loader() -> type[yaml.SafeLoader]:
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        first: [each for each in found if each[0].removeprefix(_TAG) not in _SCALARS]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for name, (pattern, firsts) in _SCALARS.items():
        if pattern is not None:
            whole = re.compile(rf"(?:{pattern})\Z")
            Loader.add_implicit_resolver(_TAG + name, whole, list(firsts))
    return Loader
