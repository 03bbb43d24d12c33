"""Options of the command line for what a destination declares: fields of an action, settings."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping
from typing import Any

import click

from ..destination import InputField


def _from_json(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    """Return what the text *value* of an option is in JSON; None = it was not given."""
    try:
        return None if value is None else json.loads(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not JSON: {error}", ctx, param) from None


class DeclaredOption(click.Option):
    """The option of a declared field; *group* is the heading it is shown under in a help."""

    def __init__(self, names: list[str], *, group: str, **attributes: Any) -> None:
        super().__init__(names, **attributes)
        self.group = group


def field_option(field: InputField, *, group: str, taken: Container[str]) -> DeclaredOption:
    """Return the option that gives *field* one value for all rows."""
    return DeclaredOption(
        [_free(field, "field", taken), f"field_{field.key}"],
        group=group,
        help=_about(field),
        **_form(field),
    )


def setting_option(field: InputField, *, group: str, taken: Container[str]) -> DeclaredOption:
    """Return the option of a setting."""
    return DeclaredOption(
        [_free(field, "setting", taken), f"setting_{field.key}"],
        group=group,
        help=_about(field),
        **_form(field),
    )


def setting_options(params: Iterable[click.Parameter]) -> tuple[str, ...]:
    """Return how the options of *params* that are settings are written: --endpoint TEXT."""
    return tuple(
        f"{each.opts[0]} {each.make_metavar(click.get_current_context())}"
        for each in params
        if each.name is not None and each.name.startswith("setting_")
    )


def secret_option(
    field: InputField, *, group: str, variable: str, taken: Container[str]
) -> DeclaredOption:
    """Return the option of a secret, which refuses every value."""

    def refuse(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        if value is not None:
            name = _free(field, "setting", taken)
            raise click.UsageError(
                f"{name}: a secret in a command is kept in the shell's history and seen by "
                f"other users; set the environment variable {variable}, or give --env-file",
                ctx,
            )

    return DeclaredOption(
        [_free(field, "setting", taken)],
        group=group,
        hidden=True,
        expose_value=False,
        is_eager=True,
        callback=refuse,
    )


def flag(field: InputField) -> str:
    """Return the name of the option of *field*."""
    return f"--{field.key.replace('_', '-').lower()}"


def _free(field: InputField, kind: str, taken: Container[str]) -> str:
    """Return the name of the option of *field*: with its *kind*, if another has the name."""
    name = flag(field)
    return f"--{kind}-{name[2:]}" if name in taken else name


def given(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return the values of the options of one kind, by key, without those not given."""
    return {
        name.removeprefix(prefix): value
        for name, value in values.items()
        if name.startswith(prefix) and value is not None
    }


def _form(field: InputField) -> dict[str, Any]:
    """Return how the value of *field* is written, as arguments of an option."""
    if field.multiple or field.type == "object":
        return {"metavar": "JSON", "callback": _from_json}
    if field.choices:
        return {"type": click.Choice(field.choices)}
    return {"metavar": "TEXT" if field.type == "string" else field.type.upper()}


def _about(field: InputField) -> str:
    default = f"Default: {_shown(field.default)}." if field.default is not None else ""
    need = "Required." if field.required and not default else ""
    about = f"{field.description or field.label}."
    return " ".join(filter(None, (about, need, default)))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
