"""In which order objects are applied: levels, lower first; deletes run from the highest down.

Objects of one level may be written at the same time. An object waits for what its turn names as `ready`;
everything else is only written earlier, not waited for: a Deployment may well need a Secret that
a controller makes from a custom resource of a later level.

    definitions | before, by weight | the rest | after, by weight

Inside each, by kind: what others refer to by name, configuration, workloads, custom resources, and last
what stands in the way of writes (webhooks, policies, aggregated APIs). Namespaces go before what lives
in them and definitions before objects of their kind, wherever people put them, and
`config.kubernetes.io/depends-on` goes before the order by kind.
"""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from msgspec import Struct

from roadstead.language import paths
from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.objects import kinds, marks
from roadstead.objects.marks import Marks, Phase

Object = Mapping[str, Any]

_DEFINITIONS, _BEFORE, _MAIN, _AFTER = range(4)
_PHASES = {Phase.BEFORE: _BEFORE, Phase.MAIN: _MAIN, Phase.AFTER: _AFTER}


class _Position(NamedTuple):
    """Positions compare as tuples do; equal ones are one level."""

    phase: int
    weight: int
    tier: int
    step: int = 0


_GROUNDWORK, _CONFIGURATION, _WORKLOADS, _CUSTOM, _GATES = range(1, 6)
_TIERS = {
    _GROUNDWORK: """
        ServiceAccount ResourceQuota LimitRange PersistentVolume networking.k8s.io/NetworkPolicy
        rbac.authorization.k8s.io/Role rbac.authorization.k8s.io/ClusterRole
        """,
    _CONFIGURATION: """
        ConfigMap Secret PersistentVolumeClaim Service Endpoints discovery.k8s.io/EndpointSlice
        rbac.authorization.k8s.io/RoleBinding rbac.authorization.k8s.io/ClusterRoleBinding
        """,
    _GATES: """
        admissionregistration.k8s.io/MutatingAdmissionPolicy
        admissionregistration.k8s.io/MutatingAdmissionPolicyBinding
        admissionregistration.k8s.io/MutatingWebhookConfiguration
        admissionregistration.k8s.io/ValidatingAdmissionPolicy
        admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding
        admissionregistration.k8s.io/ValidatingWebhookConfiguration
        apiregistration.k8s.io/APIService
        """,
}
_TIER_OF = {GroupKind.parse(kind): tier for tier, listed in _TIERS.items() for kind in listed.split()}


def tier(kind: GroupKind) -> int:
    """The place of a kind among others of its phase."""
    if kind in kinds.DEFINITIONS:
        return 0
    return _TIER_OF.get(kind, _WORKLOADS if kinds.is_built_in(kind) else _CUSTOM)


class Turn(Struct, frozen=True):
    """When an object is written: its level, what must have been written before it, and what must be ready (or
    finished, if it runs to an end): what an annotation names, the definition of its kind, all of earlier phases."""

    level: int
    written: frozenset[ObjectId] = frozenset()
    ready: frozenset[ObjectId] = frozenset()


def turns(objects: Mapping[ObjectId, Object]) -> dict[ObjectId, Turn]:
    """Level 0 is first; no level is empty. Raises StalledError(InvalidObject) naming a cycle.

    References to objects that are not among these are passed over: those are somebody else's.
    """
    known = {one: marks.read(obj) for one, obj in objects.items()}
    namespaces = {one: _namespace(one) & known.keys() for one in known}
    named = _named(objects, known)
    positions = _positions(known, {one: sorted(named[one] | namespaces[one]) for one in known})
    level = {position: number for number, position in enumerate(sorted(set(positions.values())))}
    earlier = _earlier(positions)
    return {
        one: Turn(level[at], namespaces[one], earlier[at[:2]] | named[one]) for one, at in positions.items()
    }


def _namespace(one: ObjectId) -> frozenset[ObjectId]:
    return frozenset({ObjectId(*kinds.NAMESPACE, "", one.namespace)})


def _named(
    objects: Mapping[ObjectId, Object], known: Mapping[ObjectId, Marks]
) -> dict[ObjectId, set[ObjectId]]:
    """Which of the others each must find ready: named by annotation, or the definition of its kind."""
    definers = {told[0]: one for one, obj in objects.items() if (told := kinds.defined(obj))}
    found = {}
    for one, wishes in known.items():
        definer = definers.get(one.group_kind)
        found[one] = (known.keys() & wishes.depends_on) | ({definer} if definer else set())
    return found


def _positions(
    known: Mapping[ObjectId, Marks], needs: Mapping[ObjectId, list[ObjectId]]
) -> dict[ObjectId, _Position]:
    """Needs come before what needs them."""
    found: dict[ObjectId, _Position] = {}
    for one in _sorted(needs):
        after = [found[need]._replace(step=found[need].step + 1) for need in needs[one]]
        found[one] = max([_own_position(one, known[one]), *after])
    return found


def _own_position(one: ObjectId, wishes: Marks) -> _Position:
    phase = _PHASES[wishes.phase]
    if phase == _MAIN and one.group_kind in kinds.DEFINITIONS:
        phase = _DEFINITIONS
    weight = wishes.weight if phase in (_BEFORE, _AFTER) else 0
    return _Position(phase, weight, tier(one.group_kind))


def _earlier(positions: Mapping[ObjectId, _Position]) -> dict[tuple[int, ...], frozenset[ObjectId]]:
    """For each phase and weight, all objects of those before it; definitions hold up only what needs them."""
    grouped: dict[tuple[int, ...], set[ObjectId]] = {}
    for one, position in positions.items():
        grouped.setdefault(position[:2], set()).add(one)
    found: dict[tuple[int, ...], frozenset[ObjectId]] = {}
    before: frozenset[ObjectId] = frozenset()
    for at in sorted(grouped):
        found[at] = before
        if at[0] != _DEFINITIONS:
            before |= grouped[at]
    return found


def _sorted(needs: Mapping[ObjectId, Iterable[ObjectId]]) -> list[ObjectId]:
    try:
        return [*TopologicalSorter(needs).static_order()]
    except CycleError as error:
        cycle = [*reversed(error.args[1])]
        told = " needs ".join(str(one) for one in cycle)
        cause = f"objects need each other: {told}"
        place = Place(field=paths.text(("metadata", "annotations", marks.DEPENDS_ON)))
        hint = "remove one of the references"
        problem = Problem(reasons.INVALID_OBJECT, cause, hint=hint, object=cycle[0], place=place)
        raise errors.error(problem) from error
