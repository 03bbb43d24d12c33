"""asyncdest-nb send FILE DESTINATION ACTION: a command for every action of every destination.

FILE is an argument of the group ``send``, a destination is a group in it, and an action a
command in that, so that each has a help of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..api_description import http_destination
from ..destination import Action, Destination, input_fields
from ..destinations import DESTINATIONS
from ..errors import UnknownName
from ..session import variable
from . import options
from .order import Order
from .sender import send_order

_ROW_NUMBERS = (
    "Rows have the numbers that a spreadsheet shows: of a CSV the column names are row 1. A row of "
    "JSON lines has the number of its line, and the first row of a Parquet file is row 1."
)
_DESCRIPTIONS = (".json", ".yaml", ".yml")
_GENERAL: list[click.Parameter] = [
    click.Option(
        ["--column"],
        multiple=True,
        metavar="FIELD=COLUMN",
        help="The column that fills a field; without it, the column of the field's own name.",
    ),
    click.Option(
        ["--mapping"],
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="A JSON file with an object of fields: constants and directives, such as "
        '{"email": {"@path": "$.mail"}}.',
    ),
    click.Option(
        ["--subscribe"],
        metavar="FQL",
        help="Send only the rows that match, as events of Segment: "
        """'type = "track" and properties.plan = "pro"'. In a CSV all values are texts.""",
    ),
    click.Option(
        ["--key"],
        multiple=True,
        metavar="COLUMN",
        help="What tells rows apart at the destination; may be repeated.",
    ),
    click.Option(
        ["--changed-only"],
        is_flag=True,
        help="Send only rows that differ from what was completed last under their --key in "
        "this --session.",
    ),
    click.Option(
        ["--session"],
        metavar="NAME",
        help="Keep the run in the session of that name. The same command again, after a crash "
        "or Ctrl-C too, continues it and sends nothing twice.",
    ),
    click.Option(
        ["--env-file"],
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="A .env file with settings that are left out here, secrets too.",
    ),
    click.Option(["--dry-run"], is_flag=True, help="Show what would be sent, and send nothing."),
    click.Option(
        ["--output"],
        type=click.Path(dir_okay=False, allow_dash=True),
        metavar="FILE",
        help="Where the results are written: .csv, .parquet, .jsonl, or - for standard output. "
        "Default: beside the input, customers.results.csv, unless a file that is no results "
        "has that name; of standard input, standard output.",
    ),
    click.Option(
        ["--again"], is_flag=True, help="Send the rows although this --session has sent the same."
    ),
    click.Option(
        ["--retry"],
        is_flag=True,
        help="Of rows that this --session has sent, send those again that may be sent again; "
        "with --batch-size in requests of so many rows.",
    ),
    click.Option(
        ["--resolve"],
        type=click.Choice(("applied", "not-applied")),
        help="Decide about rows in doubt, whose answer was lost, after a look at the "
        "destination: applied rows stay unknown, the others may then be sent by --retry.",
    ),
    click.Option(
        ["--format"],
        type=click.Choice(("csv", "parquet", "jsonl")),
        help="Default: by the name of the file; csv for standard input.",
    ),
    click.Option(["--encoding"], default="utf-8", help="Of a CSV. Default: utf-8."),
    click.Option(["--delimiter"], metavar="CHARACTER", help="Of a CSV: a character, or tab."),
    click.Option(
        ["--batch-size"], type=click.IntRange(min=1), metavar="N", help="Rows in one request."
    ),
    click.Option(
        ["--requests-per-second"],
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        help="Default: as many as the destination allows.",
    ),
    click.Option(
        ["--simulate"],
        is_flag=True,
        help="Send to a simulated destination on this computer, which needs no settings.",
    ),
    click.Option(
        ["--knob"],
        multiple=True,
        metavar="NAME=VALUE",
        help="With --simulate: how it behaves, such as failing=0 or duration_seconds=0.2; the "
        "knobs of asyncdest_nb.simulate, in JSON.",
    ),
]
_TAKEN = frozenset(name for each in _GENERAL for name in each.opts) | {"--help"}


class Sectioned(click.Command):
    """A command whose help has the options under the headings of their groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those of a group under its heading."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if (record := param.get_help_record(ctx)) is not None:
                groups.setdefault(getattr(param, "group", "Options"), []).append(record)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records)


class Destinations(click.Group):
    """The destinations that rows can be sent to."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* name; after FILE, too, ``--help`` is no destination."""
        if args[0] in ctx.help_option_names:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their slugs."""
        return list(DESTINATIONS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command:
        """Return the group of the actions of one, or of the description in a file.

        A usage error names the known ones.
        """
        if Path(name).suffix.lower() in _DESCRIPTIONS:
            return _actions(http_destination(name))
        return _actions(_found("destination", name, DESTINATIONS, ctx))


class Actions(click.Group):
    """The actions of one destination."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command:
        """Return the command of one; a usage error names the known ones."""
        command: click.Command = _found("action", name, self.commands, ctx)
        return command


def _found(kind: str, name: str, known: Mapping[str, Any], ctx: click.Context) -> Any:
    if name not in known:
        raise click.UsageError(str(UnknownName.of(kind, name, known)), ctx)
    return known[name]


@click.group(
    cls=Destinations,
    short_help="Send the rows of a file.",
    subcommand_metavar="DESTINATION ACTION [OPTIONS]",
)
@click.argument("file")
@click.pass_context
def send(ctx: click.Context, file: str) -> None:
    """Send the rows of FILE: a CSV, Parquet or JSON lines; - is standard input.

    DESTINATION is one of those below, or the JSON or YAML file of a description of your own.

    \b
    asyncdest-nb send customers.csv salesforce-bulk upsert --help
    shows the fields and settings of that action, and how rows are numbered.

    \b
    Exit codes: 0 = all rows completed or are unchanged, 1 = some did not, 2 = nothing was sent,
    3 = the run waits for your decision, 130 = interrupted.
    """
    ctx.obj = file


def _actions(destination: Destination) -> Actions:
    commands = [_command(destination, slug, each) for slug, each in destination.actions.items()]
    return Actions(
        destination.slug,
        commands={str(each.name): each for each in commands},
        help=f"{destination.name}: {destination.description}.",
        subcommand_metavar="ACTION [OPTIONS]",
    )


def _command(destination: Destination, slug: str, action: Action) -> click.Command:
    def callback(**values: Any) -> int:
        file = click.get_current_context().obj
        return send_order(Order.of(file, destination, slug, values))

    return Sectioned(
        slug,
        callback=callback,
        params=[*_field_options(action), *_setting_options(destination), *_GENERAL],
        help=f"{destination.name}: {action.description or action.title}.",
        epilog=f"{_ROW_NUMBERS}{_secrets_help(destination)}",
    )


def _field_options(action: Action) -> list[click.Parameter]:
    group = "Fields, one value for all rows"
    fields = action.inputs.values()
    return [options.field_option(each, group=group, taken=_TAKEN) for each in fields]


def _setting_options(destination: Destination) -> list[click.Parameter]:
    names = {
        f"--{key.replace('_', '-')}" for each in destination.actions.values() for key in each.inputs
    }
    group, taken = f"Settings of {destination.name}", _TAKEN | names
    found: list[click.Parameter] = []
    for field in input_fields(destination.settings).values():
        if field.holds_secret:
            name = variable(destination.slug, field.key)
            found.append(options.secret_option(field, group=group, variable=name, taken=taken))
        else:
            found.append(options.setting_option(field, group=group, taken=taken))
    return found


def _secrets_help(destination: Destination) -> str:
    fields = input_fields(destination.settings)
    names = [variable(destination.slug, key) for key, each in fields.items() if each.holds_secret]
    kept = "the environment, a file of variables (--env-file) or the keyring"
    return f" Secrets are read from {kept}: {', '.join(names)}." if names else ""
