"""The values that placeholders of an assignment stand for, by name."""

from typing import Any

from roadstead.language import substitution
from roadstead.model.assignment import Assignment


def of(assignment: Assignment) -> dict[str, Any]:
    """Declared parameters that have a value, and what Roadstead itself tells of cluster and fleet."""
    known = assignment.variables()
    labels = {f"{substitution.LABELS}{name}": value for name, value in assignment.cluster_labels.items()}
    return {
        **{name: known[name] for name in assignment.parameters if name in known},
        **labels,
        "cluster.name": assignment.cluster,
        "fleet.name": assignment.fleet,
    }
