"""What clusters are, as a table and as data."""

from collections.abc import Iterator, Sequence
from typing import Any

from roadstead.model.facts import Facts
from roadstead.report import tables
from roadstead.report.lines import Line, Style


def lines(found: Sequence[Facts]) -> Iterator[Line]:
    rows = [
        (
            (
                one.cluster,
                one.version,
                str(len({item.group_kind for item in one.resources})),
                one.identity,
                one.recorded,
            ),
            Style.PLAIN,
        )
        for one in found
    ]
    return tables.lines(("CLUSTER", "VERSION", "KINDS", "IDENTITY", "RECORDED"), rows)


def data(found: Sequence[Facts]) -> list[dict[str, Any]]:
    return [
        {
            "cluster": one.cluster,
            "version": one.version,
            "identity": one.identity,
            "recorded": one.recorded,
            "labels": dict(one.labels),
            "digest": one.digest,
            "resources": [
                {"apiVersion": item.api_version, "kind": item.kind, "namespaced": item.namespaced}
                for item in one.resources
            ],
        }
        for one in found
    ]
