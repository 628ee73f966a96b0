"""Model types as rows of the tables, and back."""

from typing import Any

import msgspec
import orjson
from sqlalchemy import Row

from roadstead.language import canonical, chain
from roadstead.model.decision import Decision
from roadstead.model.events import Delivery, Event, Level
from roadstead.model.ids import Key
from roadstead.model.record import Linked, Segment
from roadstead.model.status import ClusterStatus, Commit, Deviation, Reach, Standing, Status, Trouble
from roadstead.world.store import moments

Values = dict[str, Any]
_STANDINGS = tuple(Standing)  # by rank
_RANKS = {standing: rank for rank, standing in enumerate(_STANDINGS)}


def of_cluster(one: ClusterStatus) -> Values:
    return {
        **{name: getattr(one, name) for name in ("name", "state", "reason", "message", "version", "facts")},
        "labels": orjson.dumps(dict(one.labels), option=orjson.OPT_SORT_KEYS).decode(),
        "reach": str(one.reach),
        "since": moments.write(one.since),
        "seen": moments.write(one.seen),
    }


def cluster(row: Row[Any]) -> ClusterStatus:
    kept = _without_moments(row, "since", "seen")
    return ClusterStatus(**kept | {"labels": orjson.loads(row.labels), "reach": Reach(row.reach)})


def of_status(one: Status) -> Values:
    names = ("staged", "released", "applied", "ready", "commit", "reason", "message")
    counts = ("objects", "unready", "drifted", "added")
    return {
        **{name: getattr(one, name) for name in (*names, *counts)},
        "cluster": one.key.cluster,
        "bundle": one.key.bundle,
        "standing": str(one.standing),
        "rank": _RANKS[one.standing],
        "since": moments.write(one.since),
        "seen": moments.write(one.seen),
    }


def status(row: Row[Any]) -> Status:
    kept = _without_moments(row, "since", "seen")
    key = Key(kept.pop("bundle"), kept.pop("cluster"))
    return Status(key, **kept | {"standing": _STANDINGS[kept.pop("rank")]})


def of_deviation(one: Deviation) -> Values:
    return {
        **{name: getattr(one, name) for name in ("object", "field", "manager", "before", "after", "message")},
        "cluster": one.key.cluster,
        "bundle": one.key.bundle,
        "trouble": str(one.trouble),
        "since": moments.write(one.since),
        "time": moments.write(one.time),
    }


def deviation(row: Row[Any]) -> Deviation:
    kept = _without_moments(row, "since", "time")
    key = Key(kept.pop("bundle"), kept.pop("cluster"))
    del kept["round"]
    return Deviation(key, **kept | {"trouble": Trouble(row.trouble)})


_EVENT = ("kind", "cluster", "bundle", "object", "actor", "commit", "reason", "message")


def of_event(one: Event, id: int) -> Values:
    return {
        **{name: getattr(one, name) for name in _EVENT},
        "id": id,
        "time": moments.write(one.time),
        "level": str(one.level),
        "data": canonical.dumps(dict(one.data)).decode() if one.data else "",
    }


def event(row: Values) -> Event:
    return Event(
        **{name: row[name] for name in _EVENT},
        id=row["id"],
        time=moments.read(row["time"]),
        level=Level(row["level"]),
        data=orjson.loads(row["data"]) if row["data"] else {},
    )


def of_delivery(one: Delivery) -> Values:
    return {
        "event": one.event,
        "receiver": one.receiver,
        "due": moments.write(one.due),
        "tries": one.tries,
        "error": one.error,
        "told": moments.write(one.told),
    }


def delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        row.event, row.receiver, moments.read(row.due), row.tries, row.error, moments.read(row.told)
    )


def of_record(one: Linked) -> Values:
    record = one.record
    return {
        "writer": one.id.writer,
        "sequence": one.id.sequence,
        "hash": one.hash,
        "body": one.body,
        "time": moments.write(record.time),
        "kind": str(record.kind),
        "actor": record.actor,
        "cluster": record.cluster,
        "bundle": record.bundle,
    }


def of_touched(one: Linked) -> list[Values]:
    names = dict.fromkeys(touched.object for touched in one.record.objects)
    return [{"object": name, "writer": one.id.writer, "sequence": one.id.sequence} for name in names]


def record(row: Row[Any]) -> Linked:
    """Raises ValueError for a body that cannot be read."""
    return chain.read(row.body, row.hash)


def of_segment(one: Segment) -> Values:
    return {
        **{name: getattr(one, name) for name in ("writer", "number", "first", "last", "head", "anchored")},
        "sealed": moments.write(one.sealed),
        "kept": one.kept,
    }


def segment(row: Row[Any]) -> Segment:
    return Segment(**_without_moments(row, "sealed"))


def of_decision(one: Decision, *, pushed: bool) -> Values:
    return {
        "id": one.id,
        "made": moments.write(one.made),
        "until": moments.write(one.until),
        "lifted": moments.write(one.lifted),
        "body": canonical.dumps(msgspec.to_builtins(one)),
        "pushed": pushed,
    }


def decision(row: Row[Any]) -> Decision:
    return msgspec.convert(orjson.loads(row.body), Decision)


def of_commit(one: Commit) -> Values:
    names = ("source", "commit", "ref", "author", "subject", "verified", "result", "message")
    return {**{name: getattr(one, name) for name in names}, "seen": moments.write(one.seen)}


def commit(row: Row[Any]) -> Commit:
    return Commit(**_without_moments(row, "seen"))


def _without_moments(row: Row[Any], *names: str) -> Values:
    kept = dict(row._mapping)
    return kept | {name: moments.read(kept[name]) for name in names}
