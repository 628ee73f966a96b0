"""A verb's flags from a file, one `name: value` a line: what neither a flag nor the environment says.

Every mistake is told with its line, all of them at once.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperOption

from roadstead.cli import running
from roadstead.language import nearest
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem


def defaults(context: typer.Context, path: Path | None) -> Path | None:
    """An eager option's callback: the file's values become the verb's defaults."""
    if path is not None and not context.resilient_parsing:
        with running.told():
            context.default_map = _read(path, context)
    return path


def _read(path: Path, context: typer.Context) -> dict[str, Any]:
    from roadstead.language import yaml

    try:
        documents = yaml.read(path.read_bytes(), file=str(path))
    except OSError as failure:
        problem = Problem(reasons.BAD_ARGUMENT, f"--config: {failure}", "name a file that can be read")
        raise errors.error(problem) from failure
    if not documents:
        return {}
    document, flags = documents[0], _flags(context)
    if not isinstance(document.value, dict):
        cause, hint = "it holds no mapping", "write FLAG: VALUE, one a line"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, hint, place=document.place()))
    wrong = [
        found.at(place=document.place((name,)))
        for name, value in document.value.items()
        if (found := _problem(name, value, flags, context))
    ]
    if wrong:
        raise errors.error(wrong)
    return {str(flags[name].name): value for name, value in document.value.items()}


def _problem(
    name: str, value: Any, flags: Mapping[str, TyperOption], context: typer.Context
) -> Problem | None:
    """Why the flag does not take the value."""
    flag = flags.get(name)
    if flag is None or name == "config":
        hint = (
            nearest.hint(name, list(flags)) or f"it may have {', '.join(sorted(flags.keys() - {'config'}))}"
        )
        return Problem(reasons.BAD_ARGUMENT, f"there is no flag {name}", hint)
    if isinstance(value, list) != flag.multiple or isinstance(value, dict) or value is None:
        kind = "a list, one value an item" if flag.multiple else "one value"
        return Problem(reasons.BAD_ARGUMENT, f"{name} takes {kind}", "write it so")
    try:
        flag.process_value(context, value)
    except typer.BadParameter as cause:
        return Problem(reasons.BAD_ARGUMENT, f"{name}: {cause.message}", "correct the value")
    return None


def _flags(context: typer.Context) -> dict[str, TyperOption]:
    options = [one for one in context.command.params if isinstance(one, TyperOption)]
    return {max(one.opts, key=len).removeprefix("--"): one for one in options}
