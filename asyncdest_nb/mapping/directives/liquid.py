"""The directive for templates in the language Liquid: ``@liquid``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import MappingError, install_command
from ..checks import text
from ..path import nest, rooted, split
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
    roots = _roots(template.names, template.paths, compiled)
    # A row has only the columns that are read.
    names = {
        pieces: column
        for pieces, column in compiled.split_names.items()
        if column in roots or (template.reads_all and pieces[:1] in compiled.nests)
    }

    def run(row: Any) -> str:
        return template.render(row | nest(row, names) if names else row)

    return Resolver(run, roots, template.reads_all, clean=run)


def _roots(names: Iterable[str], paths: Iterable[str], compiled: Compile) -> frozenset[str]:
    """Return the columns behind the keys *names* of a row: themselves, or those of an object."""
    read = {pieces[0] for each in paths if (pieces := rooted(split(each), compiled.split_names))}
    whole = {name for name in read.intersection(names) if (name,) not in compiled.nests}
    parts: dict[str, list[str]] = {name: [] for name in names if name not in whole}
    for pieces, column in compiled.split_names.items():
        if pieces[0] in parts:
            parts[pieces[0]].append(column)
    return frozenset(whole).union(*(found or [name] for name, found in parts.items()))
