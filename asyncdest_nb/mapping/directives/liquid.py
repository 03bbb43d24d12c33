"""The directive for templates in the language Liquid: ``@liquid``."""

from __future__ import annotations

from typing import Any

from ...errors import MappingError, install_command
from ..checks import text
from ..path import nested
from ..registry import Compile, Resolver, directive
from ..values import code_units

LONGEST = 1000  # In UTF-16 code units.


@directive("@liquid", check=text)
def liquid(argument: Any, compiled: Compile) -> Resolver:
    """Return the text of a Liquid template, which reads the keys of the row.

    Without the tags that loop or load other templates, and without costly filters.
    """
    if not isinstance(argument, str):
        return Resolver.failing("liquid template value must be a string")
    if not argument:
        return compiled("")
    if len(code_units(argument)) > LONGEST:
        return Resolver.failing(f"liquid template values are limited to {LONGEST} characters")
    try:
        from ..liquid.engine import Template
    except ModuleNotFoundError:
        raise MappingError(
            f"@liquid needs the library python-liquid: {install_command('liquid')}"
        ) from None
    try:
        template = Template(argument)
    except MappingError as error:
        return Resolver.failing(str(error))
    names = compiled.split_names

    def run(row: Any) -> str:
        return template.render(nested(row, names) if names else row)

    roots = frozenset(
        column
        for name in template.names
        for column in [each for pieces, each in names.items() if pieces[0] == name] or [name]
    )
    return Resolver(run, roots, template.reads_all, clean=run)
