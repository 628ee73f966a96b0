"""A resource: what may be asked, what is answered, and who answers; as a route of Starlette."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from roadstead.hub.access import scopes
from roadstead.hub.api import answering, parameters
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.person import Person, Scope
from roadstead.operations.serve import Serving

BASE = "/api/v1"
Query = TypeVar("Query", bound=Struct)


class Nothing(Struct, kw_only=True, forbid_unknown_fields=True):
    """No parameter is taken."""


class Asked(Struct, Generic[Query], frozen=True):
    """One request. `name` is what stands in the path, "" for resources without."""

    serving: Serving
    request: Request
    query: Query
    name: str = ""

    @property
    def person(self) -> Person:
        person: Person = self.request.state.person
        return person

    @property
    def scope(self) -> Scope:
        """Where who asks may read."""
        return scopes.asked(self.request)


class Resource(Struct, frozen=True):
    """`path` is below BASE, `{name}` in it is the only thing that varies. `query` and `answer` are structs; an
    answer that is no struct is a stream of `media_type`, which `read` makes whole."""

    path: str
    about: str
    query: type[Struct]
    answer: Any
    read: Callable[[Asked[Any]], Awaitable[Any]]
    media_type: str = "application/json"


def route(resource: Resource, serving: Serving) -> Route:
    async def answered(request: Request) -> Response:
        name = request.path_params.get("name", "")
        query = parameters.read(resource.query, request.query_params)
        found = await resource.read(Asked(serving, request, query, name))
        return found if isinstance(found, Response) else answering.json(found, request)

    return Route(BASE + resource.path.replace("{name}", "{name:path}"), answered)


def unknown(kind: str, name: str) -> RoadsteadError:
    """There is none, or none that may be seen: who asks is not told which."""
    return errors.error(Problem(reasons.UNKNOWN_REFERENCE, f"there is no {kind} {name[:100]}", "list them"))
