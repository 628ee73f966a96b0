"""Who asks a process that serves, and what they may do: roles over rectangles of bundles and clusters.

Pure. Who somebody is (tokens, a login) and which grants they have is found by hub/access; whoever answers asks
`may` about one thing, or `scope` where lists must be cut, and tells by `Needed` which role was missing.
Selectors come from language/selectors; here only what is asked of them is known.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from msgspec import Struct

Labels = Mapping[str, str]
NO_LABELS: Labels = MappingProxyType({})


class Role(StrEnum):
    """Each may do what those before it may."""

    VIEWER = "viewer"  # see
    OPERATOR = "operator"  # look again, hold back
    APPROVER = "approver"  # let go on: approve, lift what others hold
    ADMIN = "admin"  # everything: also to let a rewritten history count

    def includes(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


class Selection(Protocol):
    def matches(self, name: str, labels: Labels) -> bool: ...


class Subject(NamedTuple):
    """A bundle or a cluster as selectors see it."""

    name: str
    labels: Labels = NO_LABELS


class Grant(Struct, frozen=True):
    """`role` on what lies in both selections; None selects everything, also what no document names (any more)."""

    role: Role
    bundles: Selection | None = None
    clusters: Selection | None = None

    def covers(self, bundle: Subject | None, cluster: Subject | None) -> bool:
        return _covers(self.bundles, bundle) and _covers(self.clusters, cluster)


def _covers(selection: Selection | None, subject: Subject | None) -> bool:
    return selection is None or (subject is not None and selection.matches(*subject))


class Rectangle(Struct, frozen=True):
    """Each bundle of `bundles` on each cluster of `clusters`, by name; None is all of them."""

    bundles: frozenset[str] | None = None
    clusters: frozenset[str] | None = None

    def holds(self, bundle: str, cluster: str) -> bool:
        return (self.bundles is None or bundle in self.bundles) and (
            self.clusters is None or cluster in self.clusters
        )


class Scope(Struct, frozen=True):
    """What somebody may read: the union of `rectangles`, none of them empty. No rectangle, nothing."""

    rectangles: tuple[Rectangle, ...] = (Rectangle(),)

    @property
    def is_everything(self) -> bool:
        return Rectangle() in self.rectangles

    @property
    def bundles(self) -> frozenset[str] | None:
        """Of which anything may be read, on whichever cluster."""
        return _union([one.bundles for one in self.rectangles])

    @property
    def clusters(self) -> frozenset[str] | None:
        return _union([one.clusters for one in self.rectangles])

    def holds(self, bundle: str, cluster: str) -> bool:
        """Whether what is told of this bundle on this cluster may be read. "" is what concerns no single one: for
        that, all of them are needed."""
        return any(one.holds(bundle, cluster) for one in self.rectangles)


EVERYTHING = Scope()


def _union(sets: list[frozenset[str] | None]) -> frozenset[str] | None:
    known = [one for one in sets if one is not None]
    return frozenset().union(*known) if len(known) == len(sets) else None


class Person(Struct, frozen=True):
    """`name` is what the record calls them: a token's name, or what the provider vouches for."""

    name: str
    grants: tuple[Grant, ...] = ()

    def may(self, role: Role, *, bundle: Subject | None = None, cluster: Subject | None = None) -> bool:
        """Whether `role` is granted on this bundle on this cluster; None stands for all of them, and takes a grant
        over all of them."""
        return any(one.role.includes(role) and one.covers(bundle, cluster) for one in self.grants)

    def may_somewhere(self, role: Role) -> bool:
        return any(one.role.includes(role) for one in self.grants)

    def scope(
        self, *, bundles: Mapping[str, Labels], clusters: Mapping[str, Labels], role: Role = Role.VIEWER
    ) -> Scope:
        """Where `role` is granted among what there is: labels by name."""
        found = dict.fromkeys(
            Rectangle(_names(one.bundles, bundles), _names(one.clusters, clusters))
            for one in self.grants
            if one.role.includes(role)
        )
        if Rectangle() in found:
            return Scope()
        return Scope(tuple(one for one in found if one.bundles != frozenset() != one.clusters))


def _names(selection: Selection | None, among: Mapping[str, Labels]) -> frozenset[str] | None:
    if selection is None:
        return None
    return frozenset(name for name, labels in among.items() if selection.matches(name, labels))
