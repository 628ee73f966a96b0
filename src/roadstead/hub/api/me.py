"""`/me`: who asks, and what they may do."""

from msgspec import Struct

from roadstead.hub.api.resource import Asked, Nothing, Resource
from roadstead.model.person import Role


class GrantShown(Struct):
    """A role on these bundles on these clusters, as the access file selects them."""

    role: Role
    bundles: str
    clusters: str


class Me(Struct):
    """`name` is what the record calls who asks; `csrf` what a browser's writes carry in X-CSRF-Token."""

    name: str
    grants: list[GrantShown]
    csrf: str | None


async def me(asked: Asked[Nothing]) -> Me:
    grants = [
        GrantShown(one.role, str(one.bundles or "all"), str(one.clusters or "all"))
        for one in asked.person.grants
    ]
    return Me(asked.person.name, grants, asked.request.state.csrf)


RESOURCES = (Resource("/me", "Who asks, and what they may do.", Nothing, Me, me),)
