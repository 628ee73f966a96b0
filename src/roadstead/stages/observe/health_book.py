"""The health of all that is owned in one cluster, kept current by its watches.

Of what is ready nothing is kept. Pods are looked at only where a workload is on its way. Objects are judged as
they come by, whether the inventory names them yet or not: its label tells whose an object is. A Job is ready when
it is done, for whatever waits for its bundle waits for that.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from roadstead.model.assignment import HealthRule
from roadstead.model.health import Health, State
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.objects import kinds, ownership
from roadstead.stages.observe import awaited as judging
from roadstead.stages.observe import pods
from roadstead.stages.observe.awaited import Awaited
from roadstead.stages.observe.streams import Start, Streams
from roadstead.world.kube import client as kube

_UNSEEN = Health(State.PROGRESSING, "waits to see what was written")
_SETTLED = (State.READY, State.SUSPENDED)

Changed = Callable[[ObjectId], None]


class HealthBook:
    """`changed` hears of every change."""

    def __init__(self, client: kube.Client, changed: Changed, start: Start) -> None:
        self._rules: dict[str, Sequence[HealthRule]] = {}
        self._ruled: frozenset[GroupKind] = frozenset()
        self._changed = changed
        # What came before there were rules; None once there are.
        self._early: dict[ObjectId, dict[str, Any]] | None = {}
        self._known: dict[ObjectId, Health] = {}
        self._workloads: dict[ObjectId, dict[str, Any]] = {}  # those on their way, whole
        self._pods = pods.Pods(self._of_pods)
        self._streams = Streams(client, self._pods, start)

    def judge_by(self, rules: Mapping[str, Sequence[HealthRule]]) -> None:
        """Each bundle's own rules, by the part-of label of its objects; others' objects are not looked at."""
        self._rules = dict(rules)
        self._ruled = frozenset(rule.kind for each in rules.values() for rule in each)
        early, self._early = self._early, None
        for obj in (early or {}).values():
            self.seen(obj)

    def of(self, one: ObjectId) -> Health:
        return self._known.get(one, judging.READY)

    def looks_at(self, kind: GroupKind) -> bool:
        """Whether more than the metadata of a kind is needed."""
        return kind in self._ruled or judging.looks_at_status(kind, ())

    def seen(self, obj: dict[str, Any]) -> None:
        one = kinds.identify(obj)
        if self._early is not None:
            self._early[one] = obj
            return
        rules = self._rules.get((obj["metadata"].get("labels") or {}).get(ownership.PART_OF, ""))
        if rules is None or not judging.looks_at_status(one.group_kind, rules):
            return
        told = judging.judge(obj, Awaited(rules, finished=True), self._around(one, obj))
        if one.group_kind in pods.WORKLOADS:
            self._tend(one, obj, settled=told.state in _SETTLED)
        self._learn(one, told)

    def wrote(self, objects: Iterable[ObjectId]) -> None:
        """What was known of these was before our last write."""
        for one in objects:
            if self.looks_at(one.group_kind):
                self._learn(one, _UNSEEN)

    def gone(self, one: ObjectId) -> None:
        if self._early:
            self._early.pop(one, None)
        self._tend(one, {}, settled=True)
        self._known.pop(one, None)
        self._changed(one)

    def stop(self) -> None:
        self._streams.stop()

    def _learn(self, one: ObjectId, told: Health) -> None:
        if told == self.of(one):
            return
        if told == judging.READY:
            del self._known[one]
        else:
            self._known[one] = told
        self._changed(one)

    def _around(self, one: ObjectId, obj: dict[str, Any]) -> Sequence[Mapping[str, Any]]:
        return self._pods.of(obj) if one.group_kind in pods.WORKLOADS else ()

    def _tend(self, one: ObjectId, obj: dict[str, Any], *, settled: bool) -> None:
        was = one in self._workloads
        if settled:
            if was:
                del self._workloads[one]
                self._pods.leave(one)
        else:
            self._workloads[one] = obj
            self._pods.tend(one, obj)
        if was != (not settled):
            self._streams.need(pods.selections(self._pods.busy(self._workloads.__contains__)))

    def _of_pods(self, one: ObjectId) -> None:
        if one in self._workloads:
            self.seen(self._workloads[one])
