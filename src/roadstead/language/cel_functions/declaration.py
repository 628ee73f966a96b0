"""How a function is declared, and the values of types that CEL does not know.

The CEL library takes no types of ours at run time, so a quantity, an address or a version is a map with one
entry, its type's name: `{"kubernetes.Quantity": "1500"}`. Its text is canonical, so equal things are equal.
A function raises ValueError for what CEL calls an error; its text is what a person reads, and never holds the value:
an expression may look at a Secret.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

OPAQUE = "map<string,dyn>"


class Function(Struct, frozen=True):
    """`takes` and `gives` are CEL type names; of a member, the first of `takes` is what it is called on."""

    name: str
    takes: tuple[str, ...]
    gives: str
    call: Callable[..., Any]
    member: bool = True


def wrap(kind: str, text: Any) -> dict[str, Any]:
    return {kind: text}


def unwrap(value: Mapping[str, Any], kind: str) -> Any:
    if list(value) != [kind]:
        raise ValueError(f"not a {kind}")
    return value[kind]


def accepts(parse: Callable[[str], Any]) -> Callable[[str], bool]:
    """The test for a text that `parse` takes."""

    def accepted(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return accepted
