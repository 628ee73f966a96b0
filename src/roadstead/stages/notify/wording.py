"""Messages in words for people, and as the data that programs take: a CloudEvent, alerts of Alertmanager.

Values of Secrets are redacted in events already; credentials in addresses and tokens, which may slip into the text of
an error, are taken out here.
"""

from datetime import datetime, timedelta
from typing import Any

from roadstead.model.events import Event, Level
from roadstead.objects import redact
from roadstead.stages.notify.message import Item, Message, State

_LISTED = 20  # items; of the rest the number is told
_STATES = {State.STILL: "still", State.OVER: "over", State.PASSED: "already over"}
_VERSION = "1.0"


def title(message: Message, fleet: str) -> str:
    """One line: `shop: drift: web, 3 objects on 2 clusters`."""
    items = message.items
    if len(items) == 1:
        what = _place(items[0].event)
    else:
        clusters = {one.event.cluster for one in items if one.event.cluster}
        bundles = {one.event.bundle for one in items if one.event.bundle}
        on = f" on {_counted(len(clusters), 'cluster')}" if clusters else ""
        of = f"{next(iter(bundles))}, " if len(bundles) == 1 else ""
        what = f"{of}{len(items)} {'things' if message.is_digest else 'times'}{on}"
    kind = "many at once" if message.is_digest else message.kind
    return _clean(f"{fleet}: {'over: ' if message.is_over else ''}{kind}: {what}".rstrip(": "))


def text(message: Message) -> str:
    """A line for each thing."""
    lines = [_line(one, told=message.is_digest) for one in message.items[:_LISTED]]
    if message.is_digest:
        lines = [f"held back, and told at once: {_by_kind(message)}", *lines]
    if len(message.items) > _LISTED:
        lines.append(f"and {len(message.items) - _LISTED} more")
    return _clean("\n".join(lines))


def cloud_event(message: Message, fleet: str, now: datetime) -> dict[str, Any]:
    """CloudEvents 1.0, structured."""
    kind = message.kind or "digest"
    return {
        "specversion": _VERSION,
        "id": message.id,
        "source": f"/fleets/{fleet}",
        "type": f"dev.roadstead.alert.{kind}",
        "subject": message.bundle or fleet,
        "time": _moment(now),
        "datacontenttype": "application/json",
        "data": {
            "fleet": fleet,
            "alert": message.alert,
            "kind": kind,
            "bundle": message.bundle,
            "level": str(message.level),
            "over": message.is_over,
            "title": title(message, fleet),
            "text": text(message),
            "count": len(message.items),
            "items": [_item(one) for one in message.items[:_LISTED]],
        },
    }


def alerts(message: Message, fleet: str, now: datetime, lasting: timedelta) -> list[dict[str, Any]]:
    """As Alertmanager's API takes them: one for each thing, that ends by itself after `lasting` unless it is sent
    again, and now where it is over. What merely happened is there for as long."""
    return [
        _alert(one, message.alert, fleet, now if _is_over(one) else now + lasting) for one in message.items
    ]


def _alert(item: Item, alert: str, fleet: str, ends: datetime) -> dict[str, Any]:
    event = item.event
    labels = {
        "alertname": "Roadstead" + "".join(part.capitalize() for part in event.kind.split("-")),
        "alert": alert,
        "fleet": fleet,
        "kind": event.kind,
        "severity": "critical" if event.level is Level.ERROR else str(event.level),
        "cluster": event.cluster,
        "bundle": event.bundle,
        "object": event.object,
    }
    return {
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": {
            "summary": _clean(f"{event.kind}: {_place(event)}".rstrip(": ")),
            "description": _clean(_line(item)),
        },
        "startsAt": _moment(event.time),
        "endsAt": _moment(max(ends, event.time)),
    }


def _is_over(item: Item) -> bool:
    return item.state in (State.OVER, State.PASSED)


def _item(item: Item) -> dict[str, Any]:
    event = item.event
    names = ("cluster", "bundle", "object", "actor", "commit", "reason")
    return {
        "event": event.id,
        "time": _moment(event.time),
        "kind": event.kind,
        "level": str(event.level),
        "state": str(item.state),
        **{name: getattr(event, name) for name in names if getattr(event, name)},
        "message": _clean(event.message),
        "data": _clean_data(dict(event.data)),
    }


def _line(item: Item, *, told: bool = False) -> str:
    event = item.event
    parts = [
        _STATES.get(item.state, ""),
        event.kind if told else "",
        event.cluster,
        event.message
        if event.bundle in event.message or event.object
        else f"{event.bundle}: {event.message}",
    ]
    by = f" (by {event.actor})" if event.actor else ""
    done = event.data.get("done")
    return " ".join(part.strip(": ") for part in parts if part) + by + (f", {done}" if done else "")


def _place(event: Event) -> str:
    what = event.object or event.bundle
    return f"{what} on {event.cluster}" if what and event.cluster else what or event.cluster


def _by_kind(message: Message) -> str:
    counts: dict[str, int] = {}
    for one in message.items:
        word = f"{one.event.kind} (over)" if _is_over(one) else one.event.kind
        counts[word] = counts.get(word, 0) + 1
    return ", ".join(f"{count} {word}" for word, count in counts.items())


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _moment(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _clean(said: str) -> str:
    return redact.text(said)


def _clean_data(value: Any) -> Any:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, dict):
        return {key: _clean_data(each) for key, each in value.items()}
    return [_clean_data(each) for each in value] if isinstance(value, list | tuple) else value
