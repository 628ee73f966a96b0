"""Where somebody may read, as sets of names that the store can search by: made once for each state of Git.

`asked(request)` is what routes that read call; `require(request, role, …)` what those call that concern one thing.
"""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.requests import Request

from roadstead.engine.revision_loop import Desired
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.person import NO_LABELS, Labels, Person, Role, Scope, Subject
from roadstead.operations.serve import Serving
from roadstead.stages.fleet import selection

_NOTHING: Mapping[str, Labels] = MappingProxyType({})
_KEPT = 1000


class Scopes:
    """One for a process, in `request.app.state.scopes`."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._desired: Desired | None = None
        self._clusters = self._bundles = _NOTHING
        self._found: dict[Person, Scope] = {}

    def of(self, person: Person) -> Scope:
        self._renew()
        found = self._found.get(person)
        if found is None:
            while len(self._found) >= _KEPT:
                del self._found[next(iter(self._found))]
            found = person.scope(bundles=self._bundles, clusters=self._clusters)
            self._found[person] = found
        return found

    def cluster(self, name: str) -> Subject:
        self._renew()
        return Subject(name, self._clusters.get(name, NO_LABELS))

    def bundle(self, name: str) -> Subject:
        self._renew()
        return Subject(name, self._bundles.get(name, NO_LABELS))

    @property
    def desired(self) -> Desired | None:
        """The state of Git by which names are found."""
        return self._serving.reconciling.following.desired

    @property
    def names(self) -> tuple[frozenset[str], frozenset[str]]:
        """Bundles and clusters that Git knows of."""
        self._renew()
        return frozenset(self._bundles), frozenset(self._clusters)

    def _renew(self) -> None:
        desired = self.desired
        if desired is self._desired or desired is None:
            return
        resolution = desired.resolution
        assigned = (*resolution.assignments, *resolution.blocked)
        self._clusters = {name: one.labels for name, one in resolution.clusters.items()}
        labels = selection.bundle_labels(desired.documents)
        self._bundles = {key.bundle: labels.get(key.bundle, NO_LABELS) for key in assigned}
        self._desired, self._found = desired, {}


def asked(request: Request) -> Scope:
    """Where who asks may read."""
    scopes: Scopes = request.app.state.scopes
    return scopes.of(request.state.person)


def require(request: Request, role: Role, *, bundle: str = "", cluster: str = "") -> Person:
    """Who asks, if they have the role there; "" stands for all of them. Raises RoleMissing, which says what is
    missing."""
    scopes: Scopes = request.app.state.scopes
    person: Person = request.state.person
    allowed = person.may(
        role,
        bundle=scopes.bundle(bundle) if bundle else None,
        cluster=scopes.cluster(cluster) if cluster else None,
    )
    if not allowed:
        where = f"{bundle or 'all bundles'} on {cluster or 'all clusters'}"
        raise missing(person, role, where)
    return person


def require_somewhere(request: Request, role: Role) -> Person:
    """Likewise, for what concerns no bundle and no cluster."""
    person: Person = request.state.person
    if not person.may_somewhere(role):
        raise missing(person, role, "anything")
    return person


def missing(person: Person, role: Role, where: str) -> errors.RoadsteadError:
    return errors.error(Problem(reasons.ROLE_MISSING, f"{person.name} is no {role} of {where}"))
