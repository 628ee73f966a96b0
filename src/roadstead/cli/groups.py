"""Flags that come together: a verb takes them as one value, `chosen: options.Chosen`, and has them all.

    @app.command()
    @groups.spread
    def plan(chosen: options.Chosen, output: options.PlanOutputOption = …) -> None: ...

A group is a Struct whose fields are annotated as a verb's parameters are.
"""

import inspect
from collections.abc import Callable
from inspect import Parameter
from typing import Any, get_type_hints

from msgspec import Struct
from msgspec.structs import fields


def spread(verb: Callable[..., None]) -> Callable[..., None]:
    """The verb with each group in the place of its parameter, as typer reads it."""
    hints = get_type_hints(verb, include_extras=True)
    groups = {
        name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, Struct)
    }
    parameters: list[Parameter] = []
    for name, one in inspect.signature(verb).parameters.items():
        if name in groups:
            parameters += _of(groups[name])
        else:
            parameters.append(one.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name]))

    def run(**given: Any) -> None:
        made = {
            name: group(**{each.name: given.pop(each.name) for each in fields(group)})
            for name, group in groups.items()
        }
        verb(**made, **given)

    run.__name__, run.__doc__, run.__module__ = verb.__name__, verb.__doc__, verb.__module__
    run.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _of(group: type[Struct]) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        Parameter(one.name, Parameter.KEYWORD_ONLY, default=one.default, annotation=hints[one.name])
        for one in fields(group)
    ]
