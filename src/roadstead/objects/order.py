"""In which order objects are applied: levels, lower first; deletes run from the highest down.

Objects of one level may be written at the same time. A level waits for what `awaited` names in lower
ones; everything else is only written earlier, not waited for: a Deployment may well need a Secret that
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

from roadstead.language import paths
from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.objects import kinds, marks
from roadstead.objects.marks import Phase

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
# What other objects cannot even be created without.
_ESTABLISHED = (kinds.NAMESPACE, kinds.CUSTOM_RESOURCE_DEFINITION)
_TIER_OF = {GroupKind.parse(kind): tier for tier, listed in _TIERS.items() for kind in listed.split()}


def tier(kind: GroupKind) -> int:
    """The place of a kind among others of its phase."""
    if kind in kinds.DEFINITIONS:
        return 0
    return _TIER_OF.get(kind, _WORKLOADS if kinds.is_built_in(kind) else _CUSTOM)


def levels(objects: Iterable[Object]) -> dict[ObjectId, int]:
    """Level 0 is first; no level is empty. Raises StalledError(InvalidObject) naming a cycle.

    References to objects that are not among these are passed over: `problems` tells of them.
    """
    found = _positions({kinds.identify(obj): obj for obj in objects})
    index = {position: level for level, position in enumerate(sorted(set(found.values())))}
    return {one: index[position] for one, position in found.items()}


def awaited(objects: Iterable[Object]) -> frozenset[ObjectId]:
    """What must be ready, or finished if it runs to an end, before the next level is written."""
    known = {kinds.identify(obj): obj for obj in objects}
    found = _positions(known)
    last = max((position[:2] for position in found.values()), default=(_MAIN, 0))
    earlier = {
        one for one, position in found.items() if position.phase > _DEFINITIONS and position[:2] < last
    }
    named = {need for obj in known.values() for need in marks.read(obj).depends_on if need in known}
    return frozenset(earlier | named | {one for one in known if one.group_kind in _ESTABLISHED})


def problems(objects: Iterable[Object]) -> list[Problem]:
    """What cannot be ordered: references that lead nowhere, cycles, phases that references contradict."""
    known = {kinds.identify(obj): obj for obj in objects}
    found = [_nowhere(one, need) for one, obj in known.items() for need in _absent(obj, known)]
    try:
        positions = _positions(known)
    except errors.StalledError as cycle:
        return [*found, *cycle.problems]
    late = [one for one, position in positions.items() if position.phase > _phase(known[one])]
    return found + [_contradiction(one) for one in late if _phase(known[one]) == _BEFORE]


def _positions(known: Mapping[ObjectId, Object]) -> dict[ObjectId, _Position]:
    """Needs come before what needs them."""
    needs = _needs(known)
    found: dict[ObjectId, _Position] = {}
    for one in _sorted(needs):
        after = [found[need]._replace(step=found[need].step + 1) for need in needs[one]]
        found[one] = max([_own_position(one, known[one]), *after])
    return found


def _own_position(one: ObjectId, obj: Object) -> _Position:
    phase = _phase(obj)
    weight = marks.read(obj).weight if phase in (_BEFORE, _AFTER) else 0
    return _Position(phase, weight, tier(one.group_kind))


def _phase(obj: Object) -> int:
    phase = _PHASES[marks.read(obj).phase]
    return _DEFINITIONS if phase == _MAIN and kinds.of(obj) in kinds.DEFINITIONS else phase


def _needs(known: Mapping[ObjectId, Object]) -> dict[ObjectId, list[ObjectId]]:
    """Which of the others an object needs: named by annotation, its namespace, the definition of its kind."""
    definers = {told[0]: one for one, obj in known.items() if (told := kinds.defined(obj))}
    found: dict[ObjectId, list[ObjectId]] = {}
    for one, obj in known.items():
        wanted = [*marks.read(obj).depends_on, ObjectId(*kinds.NAMESPACE, "", one.namespace)]
        definer = definers.get(one.group_kind)
        found[one] = sorted({need for need in wanted if need in known} | ({definer} if definer else set()))
    return found


def _sorted(needs: Mapping[ObjectId, Iterable[ObjectId]]) -> list[ObjectId]:
    try:
        return [*TopologicalSorter(needs).static_order()]
    except CycleError as cause:
        cycle = [*reversed(cause.args[1])]
        told = " needs ".join(str(one) for one in cycle)
        problem = _problem(cycle[0], f"objects need each other: {told}", "remove one of the references")
        raise errors.error(problem) from cause


def _absent(obj: Object, known: Mapping[ObjectId, Object]) -> list[ObjectId]:
    return [need for need in marks.read(obj).depends_on if need not in known]


def _nowhere(one: ObjectId, need: ObjectId) -> Problem:
    hint = "name an object of the same bundle; between bundles, use dependsOn"
    return _problem(one, f"no such object in this bundle: {need}", hint)


def _contradiction(one: ObjectId) -> Problem:
    return _problem(one, "it has phase before, but needs an object of a later phase", "give both one phase")


def _problem(one: ObjectId, cause: str, hint: str) -> Problem:
    field = paths.text(("metadata", "annotations", marks.DEPENDS_ON))
    return Problem(reasons.INVALID_OBJECT, cause, hint=hint, object=one, place=Place(field=field))
