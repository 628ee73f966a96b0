"""What tests of the store write."""

from datetime import UTC, datetime, timedelta

from roadstead.model.events import Event
from roadstead.model.ids import Key
from roadstead.model.record import Record, RecordKind, Touched
from roadstead.model.status import Standing, Status

NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def event(number: int = 0, **values) -> Event:
    return Event(at(number), values.pop("kind", "drift"), values.pop("message", f"number {number}"), **values)


def status(bundle: str, cluster: str, standing: Standing = Standing.READY, **values) -> Status:
    return Status(Key(bundle, cluster), standing, since=NOON, seen=NOON, **values)


def intent(number: int = 0, **values) -> Record:
    told = {"cluster": "prod-eu-1", "bundle": "storefront", "commit": "4be1c0de"} | values
    objects = (Touched("Deployment/shop/web", "update", "v1:aa", "v1:bb", ("spec.replicas",)),)
    return Record(RecordKind.INTENT, at(number), "hub", objects=objects, **told)


def outcome(number: int = 0, **values) -> Record:
    told = {"cluster": "prod-eu-1", "bundle": "storefront", "result": "done"} | values
    objects = (Touched("Deployment/shop/web", "updated"), Touched("Service/shop/web", "unchanged"))
    return Record(RecordKind.OUTCOME, at(number), "hub", objects=objects, **told)
