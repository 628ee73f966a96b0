"""Lists by page: what every list takes and answers. A page costs the same wherever it begins."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, Protocol, TypeVar

import msgspec
from msgspec import Meta, Struct

from roadstead.world.store import reading

Item = TypeVar("Item")
LARGEST = 1_000

Text = Annotated[str, Meta(max_length=500)]
Name = Annotated[str, Meta(min_length=1, max_length=300)]


Limit = Annotated[int, Meta(ge=1, le=LARGEST, description="Items of a page, at most.")]
After = Annotated[str, Meta(max_length=4000, description="Where to begin: `after` of the page before.")]


class Asking(Protocol):
    limit: int
    after: str | None


class Paging(Struct, kw_only=True, forbid_unknown_fields=True):
    limit: Limit = 100
    after: After | None = None


class Places(Struct, kw_only=True, forbid_unknown_fields=True):
    """What many questions are narrowed by."""

    cluster: Annotated[tuple[Name, ...], Meta(description="On these clusters.")] = ()
    bundle: Annotated[tuple[Name, ...], Meta(description="Of these bundles.")] = ()
    selector: Annotated[Text, Meta(description="On clusters with these labels, as kubectl's -l.")] | None = (
        None
    )
    bundle_selector: (
        Annotated[Text, Meta(description="Of bundles with these labels, as kubectl's -l.")] | None
    ) = msgspec.field(default=None, name="bundleSelector")


class Page(Struct, Generic[Item]):
    """`after` is for the next page; null: this was the last."""

    items: list[Item]
    after: str | None = None


def of(found: Sequence[Item], name: Callable[[Item], str], asked: Asking) -> Page[Item]:
    """A page of what is in memory, in the order of its names."""
    begin = reading.place(asked.after, str)[0] if asked.after is not None else ""
    rest = sorted((one for one in found if name(one) > begin), key=name)
    page = reading.page(rest, asked.limit, lambda one: reading.cursor(name(one)))
    return Page(list(page.items), page.after)


def chosen(names: tuple[str, ...]) -> frozenset[str] | None:
    """Of a parameter that may be given again; None, where it was not given, is all."""
    return frozenset(names) if names else None
