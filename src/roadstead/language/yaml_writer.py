"""Write YAML that every reader of the field reads back as the same values.

Strings that Go's yaml.v2, yaml.v3 or YAML 1.1 would take for something else (`y`, `0o644`, `1e3`, `1:30`,
dates) are quoted, texts of several lines are blocks, nothing is aliased or folded, keys keep their order.
"""

from collections.abc import Iterable
from typing import Any

import yaml as pyyaml
from yaml.cyaml import CSafeDumper
from yaml.nodes import ScalarNode

from roadstead.language import numbers, scalars

_STR = "tag:yaml.org,2002:str"
_WIDTH = 1_000_000


class _Dumper(CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: _Dumper, text: str) -> ScalarNode:
    return dumper.represent_scalar(_STR, str(text), style=_style(text))


def _style(text: str) -> str | None:
    if "\n" in text:
        # Go refuses a block that starts with a tab, and readers differ on leading blanks.
        return '"' if text[0] in " \t\n" else "|"
    if text and text[0] in scalars.TYPED_START and not isinstance(_read(text), str):
        return "'"
    return None


def _read(text: str) -> scalars.Scalar:
    try:
        return scalars.plain(text)
    except ValueError:  # .inf and .nan
        return None


def _number(dumper: _Dumper, number: float) -> ScalarNode:
    settled = numbers.settle(number)
    if isinstance(settled, int):
        return dumper.represent_int(settled)
    return dumper.represent_float(settled)


_Dumper.add_representer(str, _string)
_Dumper.add_multi_representer(str, _string)
_Dumper.add_representer(float, _number)


def dump_all(values: Iterable[Any], *, separated: bool) -> str:
    written: str = pyyaml.dump_all(
        values,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=_WIDTH,
        explicit_start=separated,
    )
    return written
