"""`/history`: the commits that were seen, the newest first, and what became of them."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from roadstead.hub.api.pages import Page, Paging, Text
from roadstead.hub.api.resource import Asked, Resource


class Wanted(Paging, kw_only=True):
    source: Annotated[Text, Meta(description="Of this Source; default: the fleet repository.")] = ""


class CommitShown(Struct, kw_only=True):
    """`verified` is null where no signature is asked for; `result` is empty while it is under way."""

    commit: str
    ref: str
    source: str
    seen: datetime
    author: str
    subject: str
    verified: bool | None
    result: str
    message: str


async def page(asked: Asked[Wanted]) -> Page[CommitShown]:
    query = asked.query
    found = await asked.serving.store.revisions.page(query.source, after=query.after, limit=query.limit)
    shown = [msgspec.convert(one, CommitShown, from_attributes=True) for one in found.items]
    return Page(shown, found.after)


RESOURCES = (
    Resource("/history", "The commits that were seen, the newest first.", Wanted, Page[CommitShown], page),
)
